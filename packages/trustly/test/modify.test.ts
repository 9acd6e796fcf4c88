import { assert, describe, it } from "@effect/vitest"
import { type Cause, Data, DateTime, Deferred, Effect, Exit, Fiber, Redacted, Ref, Schema, TestClock } from "effect"
import { type CustomerChange, type CustomerService, type TrustlyError, TrustlyRetry } from "effect-trustly"
import { json, least, scriptedService } from "./support.ts"

const stored = {
  ...least,
  address: { country: "US", city: "Reno", zip: "89" },
  customerId: "1",
  taxId: "#####6790",
  externalTier: "Gold",
  driverLicense: { number: "#####", state: "CA" }
}

const parse = Schema.decodeSync(Schema.parseJson(Schema.Object))

interface Server {
  readonly customers: CustomerService.Service
  readonly requests: Effect.Effect<ReadonlyArray<string>>
  readonly bodies: Effect.Effect<ReadonlyArray<object>>
}

/** A server that holds this record, whoever is asked for, and answers a write with it. */
const holding = (record: object): Effect.Effect<Server> =>
  Effect.gen(function*() {
    const seen = yield* Ref.make<ReadonlyArray<readonly [request: string, body: string]>>([])
    const customers = yield* scriptedService(({ body, method, url }) =>
      Ref.update(seen, (all) => [...all, [`${method} ${url.slice(-1)}`, body] as const]).pipe(
        Effect.zipRight(Effect.yieldNow()),
        Effect.zipRight(json({ customer: method === "GET" ? record : { ...record, ...least } }))
      )
    )
    return {
      customers,
      requests: Effect.map(Ref.get(seen), (all) => all.map(([request]) => request)),
      bodies: Effect.map(Ref.get(seen), (all) => all.flatMap(([, body]) => body === "" ? [] : [parse(body)]))
    }
  })

describe("what modify sends", () => {
  it.effect("is the required fields as read and the changed ones, and no mask", () =>
    Effect.gen(function*() {
      const { bodies, customers, requests } = yield* holding(stored)
      yield* customers.modify("1", ({ externalTier }) => ({ vip: 2, currency: `${externalTier}` }))
      yield* customers.modify("1", () => ({}))
      const required = { name: least.name, email: least.email, phone: least.phone, address: stored.address }
      assert.deepStrictEqual(yield* bodies, [{ ...required, vip: 2, currency: "Gold" }])
      assert.deepStrictEqual(yield* requests, ["GET 1", "POST 1", "GET 1"])
    }))

  it.effect("is an address laid over the stored one, and a license in its place", () =>
    Effect.gen(function*() {
      const { bodies, customers } = yield* holding(stored)
      yield* customers.modify("1", () => ({
        address: { city: "Sparks", address2: null },
        driverLicense: { number: Redacted.make("A1"), state: "NV" },
        externalTier: null
      }))
      const [body] = yield* bodies
      assert.deepInclude(body, {
        // what is carried over is not held to the minima of a write
        address: { country: "US", city: "Sparks", zip: "89", address2: null },
        driverLicense: { number: "A1", state: "NV" },
        externalTier: null
      })
    }))

  it.effect("is nothing where a required field is nowhere, which is named", () =>
    Effect.gen(function*() {
      const { bodies, customers } = yield* holding({ customerId: "1", email: "jo@example.test" })
      const error = yield* Effect.flip(customers.modify("1", () => ({ name: "Jo", address: { city: "Reno" } })))
      assert.strictEqual(error._tag, "TrustlyValidationError")
      assert.deepInclude(error, {
        operation: "modify",
        outcome: "NotSent",
        issues: [{ path: "phone", problem: "missing" }, { path: "address.country", problem: "missing" }]
      })
      assert.deepStrictEqual(yield* bodies, [])
      yield* customers.modify("1", () => ({ name: "Jo", phone: "+1", address: { country: "US" } }))
      assert.strictEqual((yield* bodies).length, 1)
    }))

  it.effect("is nothing where the change is refused", () =>
    Effect.gen(function*() {
      const { bodies, customers } = yield* holding(stored)
      const error = yield* Effect.flip(customers.modify("1", () => ({ address: { zip: "1" }, customerId: "2" })))
      assert.propertyVal(error, "_tag", "TrustlyValidationError")
      assert.deepStrictEqual(yield* bodies, [])
    }))
})

describe("what modify keeps", () => {
  it.effect("sends no timestamps, and the required fields as changed", () =>
    Effect.gen(function*() {
      const { bodies, customers } = yield* holding(stored)
      const now = DateTime.unsafeMake(1)
      const changed = { name: "Ann", email: "ann@example.test", phone: "+2" }
      yield* customers.modify("1", () => ({ ...changed, createdAt: now, updatedAt: now }))
      assert.deepStrictEqual(yield* bodies, [{ ...changed, address: stored.address }])
    }))

  it.effect("refuses another customer's id, and sends nothing", () =>
    Effect.gen(function*() {
      const { bodies, customers } = yield* holding(stored)
      const error = yield* Effect.flip(customers.modify("1", () => ({ customerId: "2" })))
      assert.deepInclude(error, {
        _tag: "TrustlyValidationError",
        issues: [{ path: "customerId", problem: "invalid", expected: "the customerId of the call" }]
      })
      assert.deepStrictEqual(yield* bodies, [])
    }))

  it.effect("says that nothing was sent where the read failed", () =>
    Effect.gen(function*() {
      const customers = yield* scriptedService(() => json({}, { status: 503 }))
      const error = yield* Effect.flip(customers.modify("1", () => ({})))
      assert.deepInclude(error, { _tag: "TrustlyServerError", operation: "modify", outcome: "NotSent" })
    }))
})

class Refused extends Data.TaggedError("Refused") {}

describe("the change", () => {
  it.effect("may be an effect with an error and needs of its own", () =>
    Effect.gen(function*() {
      const { bodies, customers } = yield* holding(stored)
      yield* customers.modify("1", () => Effect.as(TestClock.currentTimeMillis, { vip: 1 }))
      const error = yield* Effect.flip(customers.modify("1", () => new Refused()))
      assert.strictEqual(error._tag, "Refused")
      assert.strictEqual((yield* bodies).length, 1)
    }))

  it.effect("is asked for again with what a retry reads", () =>
    Effect.gen(function*() {
      const vips = yield* Ref.make(0)
      const customers = yield* scriptedService(({ method }) =>
        method === "POST"
          ? json({}, { status: 503 })
          : Effect.flatMap(Ref.updateAndGet(vips, (n) => n + 1), (vip) => json({ customer: { ...stored, vip } }))
      )
      const read = yield* Ref.make<ReadonlyArray<string | undefined>>([])
      const modify = customers.modify("1", ({ vip }) => Effect.as(Ref.update(read, (all) => [...all, vip]), { vip: 9 }))
      const policy = TrustlyRetry.policy({ times: 2 })
      const fiber = yield* Effect.fork(Effect.flip(Effect.retry(modify, policy)))
      yield* TestClock.adjust("1 minute")
      assert.propertyVal(yield* Fiber.join(fiber), "outcome", "Unknown")
      assert.deepStrictEqual(yield* Ref.get(read), ["1", "2", "3"])
    }))
})

describe("several at once", () => {
  it.effect("of one customer run one after the other, of different ones side by side", () =>
    Effect.gen(function*() {
      const { customers, requests } = yield* holding(stored)
      const gate = yield* Deferred.make<void>()
      const slow = customers.modify("1", () => Effect.as(Deferred.await(gate), { vip: 1 }))
      const fibers = yield* Effect.forEach([slow, customers.modify("1", () => ({ vip: 2 }))], Effect.fork)
      yield* Effect.repeatN(Effect.yieldNow(), 50)
      yield* customers.modify("2", () => ({ vip: 3 }))
      assert.deepStrictEqual(yield* requests, ["GET 1", "GET 2", "POST 2"])
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.joinAll(fibers)
      assert.deepStrictEqual(yield* requests, ["GET 1", "GET 2", "POST 2", "POST 1", "GET 1", "POST 1"])
    }))

  it.effect("inside of its own change is an error, not a deadlock", () =>
    Effect.gen(function*() {
      const { customers } = yield* holding(stored)
      const inner = customers.modify("1", () => ({ vip: 1 }))
      const error = yield* Effect.flip(customers.modify("1", () => Effect.as(inner, { vip: 2 })))
      assert.propertyVal(error, "_tag", "TrustlyValidationError")
      assert.propertyVal(error, "operation", "modify")
      const across = customers.modify("1", () => Effect.as(customers.modify("2", () => Effect.as(inner, {})), {}))
      assert.propertyVal(yield* Effect.flip(across), "_tag", "TrustlyValidationError")
      // of another customer it is fine, and all locks are free again
      yield* customers.modify("1", () => Effect.as(customers.modify("2", () => ({})), {}))
    }))

  it.effect("two that want each other's customer do not wait for ever", () =>
    Effect.gen(function*() {
      const { customers } = yield* holding(stored)
      const both = yield* Effect.all([Deferred.make<void>(), Deferred.make<void>()])
      const crossing = (mine: string, other: string, [here, there]: typeof both) =>
        customers.modify(mine, () =>
          Deferred.succeed(here, undefined).pipe(
            Effect.zipRight(Deferred.await(there)),
            Effect.zipRight(customers.modify(other, () => ({}))),
            Effect.as({})
          ))
      const [one, two] = both
      const exits = yield* Effect.all([
        Effect.exit(crossing("1", "2", [one, two])),
        Effect.exit(crossing("2", "1", [two, one]))
      ], { concurrency: 2 })
      assert.isAbove(exits.filter(Exit.isFailure).length, 0)
    }))

  it.effect("an interrupted one lets the next one in", () =>
    Effect.gen(function*() {
      const { customers, requests } = yield* holding(stored)
      const held = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(
        customers.modify("1", () => Effect.zipRight(Deferred.succeed(held, undefined), Effect.never))
      )
      yield* Deferred.await(held)
      const waiting = yield* Effect.fork(customers.modify("1", () => ({ vip: 1 })))
      const given = yield* Effect.fork(customers.modify("1", () => ({ vip: 2 })))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(given)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual((yield* Fiber.join(waiting)).name, least.name)
      assert.deepStrictEqual(yield* requests, ["GET 1", "GET 1", "POST 1"])
    }))
})

describe("a change that changes nothing", () => {
  for (
    const [what, change] of Object.entries<CustomerChange>({
      "an empty change": {},
      "fields that are undefined": { vip: undefined, address: undefined },
      "an address without a line": { address: { city: undefined } },
      "masks as they were read": { taxId: "#####6790", driverLicense: { number: "#####", state: "CA" } },
      "its own ID": { customerId: "1" }
    })
  ) {
    it.effect(`${what} sends no write, and returns the customer as read`, () =>
      Effect.gen(function*() {
        const { customers, requests } = yield* holding({ ...stored, driverLicense: { number: "#####", state: "CA" } })
        const customer = yield* customers.modify("1", () => change)
        assert.strictEqual(customer.name, least.name)
        assert.strictEqual(customer.externalTier, "Gold")
        assert.deepStrictEqual(yield* requests, ["GET 1"])
      }))
  }

  it.effect("of a record that lacks a required field is refused", () =>
    Effect.gen(function*() {
      const { customers } = yield* holding({ name: "Jo", address: { country: "US" } })
      const error = yield* Effect.flip(customers.modify("1", () => ({})))
      assert.deepInclude(error, {
        _tag: "TrustlyValidationError",
        issues: [{ path: "email", problem: "missing" }, { path: "phone", problem: "missing" }]
      })
    }))
})

describe("several layers in one process", () => {
  it.effect("share the locks of a customer, so no change is lost", () =>
    Effect.gen(function*() {
      const tier = yield* Ref.make(0)
      // every handler builds its own service, as a layer that is provided in each of them does
      const increment = Effect.gen(function*() {
        const customers = yield* scriptedService(({ body, method }) =>
          Effect.zipRight(
            Effect.yieldNow(),
            method === "GET"
              ? Effect.flatMap(Ref.get(tier), (vip) => json({ customer: { ...stored, vip } }))
              : Effect.zipRight(Ref.set(tier, Number(Reflect.get(parse(body), "vip"))), json({ customer: stored }))
          )
        )
        yield* customers.modify("1", ({ vip }) => ({ vip: Number(vip) + 1 }))
      })
      yield* Effect.all(Array.from({ length: 20 }, () => increment), { concurrency: "unbounded", discard: true })
      assert.strictEqual(yield* Ref.get(tier), 20)
    }))

  it.effect("do not wait for each other where the merchant or the environment differs", () =>
    Effect.gen(function*() {
      const held = yield* Deferred.make<void>()
      const one = yield* scriptedService(() => json({ customer: stored }))
      const another = yield* scriptedService(() => json({ customer: stored }), { accessId: "another" })
      const fiber = yield* Effect.fork(one.modify("1", () => Effect.as(Deferred.await(held), { vip: 1 })))
      yield* another.modify("1", () => ({ vip: 2 }))
      assert.strictEqual((yield* Fiber.poll(fiber))._tag, "None")
      yield* Deferred.succeed(held, undefined)
      yield* Fiber.join(fiber)
    }))
})

describe("a nested modify", () => {
  const nestings: Readonly<
    Record<string, (inner: Effect.Effect<unknown, TrustlyError>) => Effect.Effect<unknown, TrustlyError>>
  > = {
    "directly": (inner) => inner,
    "in a fiber that is joined": (inner) => Effect.flatMap(Effect.fork(inner), Fiber.join),
    "concurrently with something else": (inner) => Effect.all([inner, Effect.void], { concurrency: 2 }),
    "twice at once": (inner) => Effect.all([inner, inner], { concurrency: "unbounded" }),
    "with a timeout": (inner) => Effect.timeoutOption(inner, "1 day"),
    "in a race": (inner) => Effect.raceFirst(inner, Effect.never)
  }
  for (const [how, nest] of Object.entries(nestings)) {
    it.effect(`of the same customer fails ${how}`, () =>
      Effect.gen(function*() {
        const { customers } = yield* holding(stored)
        const inner = customers.modify("1", () => ({ vip: 1 }))
        const error = yield* Effect.flip(customers.modify("1", () => Effect.as(nest(inner), { vip: 2 })))
        assert.propertyVal(error, "_tag", "TrustlyValidationError")
        // the lock is free again
        yield* customers.modify("1", () => ({ vip: 3 }))
      }))
  }

  for (const [how, fork] of Object.entries({ fork: Effect.fork, forkDaemon: Effect.forkDaemon })) {
    it.effect(`of the same customer runs afterwards when it is forked and not awaited (${how})`, () =>
      Effect.gen(function*() {
        const { bodies, customers } = yield* holding(stored)
        const forked = yield* Deferred.make<Fiber.Fiber<unknown, TrustlyError>>()
        const inner = customers.modify("1", () => ({ vip: 1 }))
        yield* customers.modify("1", () =>
          fork(inner).pipe(
            Effect.flatMap((fiber) => Deferred.succeed(forked, fiber)),
            Effect.zipLeft(Effect.repeatN(Effect.yieldNow(), 20)),
            Effect.as({ vip: 2 })
          ))
        yield* Effect.flatMap(Deferred.await(forked), Fiber.join)
        assert.deepStrictEqual((yield* bodies).map((body) => Reflect.get(body, "vip")), [2, 1])
      }))
  }

  const waits: Readonly<Record<string, Effect.Effect<unknown, Cause.TimeoutException>>> = {
    "a sleep with a timeout": Effect.timeout(Effect.sleep("500 millis"), "5 seconds"),
    "two sleeps at once": Effect.all([Effect.sleep("500 millis"), Effect.sleep("500 millis")], { concurrency: 2 })
  }
  for (const [what, wait] of Object.entries(waits)) {
    it.effect(`of the same customer runs afterwards when it is forked, and the outer one awaits ${what}`, () =>
      Effect.gen(function*() {
        const { bodies, customers } = yield* holding(stored)
        const forked = yield* Deferred.make<Fiber.Fiber<unknown, TrustlyError>>()
        const outer = customers.modify("1", () =>
          Effect.forkDaemon(customers.modify("1", () => ({ vip: 1 }))).pipe(
            Effect.flatMap((fiber) => Deferred.succeed(forked, fiber)),
            Effect.zipRight(wait),
            Effect.as({ vip: 2 })
          ))
        const fiber = yield* Effect.fork(outer)
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(fiber)
        yield* Effect.flatMap(Deferred.await(forked), Fiber.join)
        assert.deepStrictEqual((yield* bodies).map((body) => Reflect.get(body, "vip")), [2, 1])
      }))
  }

  it.effect("fails where two of one customer at once meet a fiber that nests the other way round", () =>
    Effect.gen(function*() {
      const { customers } = yield* holding(stored)
      const hasB = yield* Deferred.make<void>()
      const hasA = yield* Deferred.make<void>()
      const nothing = { vip: 1 }
      const b = customers.modify("2", () => nothing)
      const first = customers.modify("1", () =>
        Deferred.succeed(hasA, undefined).pipe(
          Effect.zipRight(Deferred.await(hasB)),
          Effect.zipRight(Effect.all([b, b], { concurrency: 2 })),
          Effect.as(nothing)
        ))
      const second = customers.modify("2", () =>
        Deferred.succeed(hasB, undefined).pipe(
          Effect.zipRight(Deferred.await(hasA)),
          Effect.zipRight(Effect.repeatN(Effect.yieldNow(), 20)),
          Effect.zipRight(customers.modify("1", () => nothing)),
          Effect.as(nothing)
        ))
      const exits = yield* Effect.all([Effect.exit(first), Effect.exit(second)], { concurrency: 2 })
      assert.strictEqual(exits.filter(Exit.isFailure).length, 1)
      yield* customers.modify("1", () => nothing)
      yield* customers.modify("2", () => nothing)
    }))
})
