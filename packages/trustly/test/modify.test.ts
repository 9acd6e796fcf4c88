import { assert, describe, it } from "@effect/vitest"
import {
  type Cause,
  Data,
  DateTime,
  Deferred,
  Effect,
  Exit,
  Fiber,
  Queue,
  Redacted,
  Ref,
  Schema,
  TestClock
} from "effect"
import { type CustomerChange, type CustomerService, type TrustlyError, TrustlyRetry } from "effect-trustly"
import { json, minimalCustomer, scriptedService } from "./support.ts"
import { eventLoopTurns, soon } from "./waiting.ts"

const stored = {
  ...minimalCustomer,
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

/** A server that responds with this record for every customer, and merges the required fields into it after a write. */
const serverWith = (record: object): Effect.Effect<Server> =>
  Effect.gen(function*() {
    const seen = yield* Ref.make<ReadonlyArray<readonly [request: string, body: string]>>([])
    const customers = yield* scriptedService(({ body, method, url }) =>
      Ref.update(seen, (all) => [...all, [`${method} ${url.slice(-1)}`, body] as const]).pipe(
        Effect.zipRight(Effect.yieldNow()),
        Effect.zipRight(json({ customer: method === "GET" ? record : { ...record, ...minimalCustomer } }))
      )
    )
    return {
      customers,
      requests: Effect.map(Ref.get(seen), (all) => all.map(([request]) => request)),
      bodies: Effect.map(Ref.get(seen), (all) => all.flatMap(([, body]) => body === "" ? [] : [parse(body)]))
    }
  })

describe("the request body of modify", () => {
  it.effect("contains the required fields as read and the changed fields, but no mask", () =>
    Effect.gen(function*() {
      const { bodies, customers, requests } = yield* serverWith(stored)
      yield* customers.modify("1", ({ externalTier }) => ({ vip: 2, currency: `${externalTier}` }))
      yield* customers.modify("1", () => ({}))
      const required = {
        name: minimalCustomer.name,
        email: minimalCustomer.email,
        phone: minimalCustomer.phone,
        address: stored.address
      }
      assert.deepStrictEqual(yield* bodies, [{ ...required, vip: 2, currency: "Gold" }])
      assert.deepStrictEqual(yield* requests, ["GET 1", "POST 1", "GET 1"])
    }))

  it.effect("merges the address into the stored one and replaces the license", () =>
    Effect.gen(function*() {
      const { bodies, customers } = yield* serverWith(stored)
      yield* customers.modify("1", () => ({
        address: { city: "Sparks", address2: null },
        driverLicense: { number: Redacted.make("A1"), state: "NV" },
        externalTier: null
      }))
      const [body] = yield* bodies
      assert.deepInclude(body, {
        // fields that are carried over skip the length checks of a write
        address: { country: "US", city: "Sparks", zip: "89", address2: null },
        driverLicense: { number: "A1", state: "NV" },
        externalTier: null
      })
    }))

  it.effect("is not sent when a required field is missing from the record and the change, and the error names the field", () =>
    Effect.gen(function*() {
      const { bodies, customers } = yield* serverWith({ customerId: "1", email: "jo@example.test" })
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

  it.effect("is not sent when the change is invalid", () =>
    Effect.gen(function*() {
      const { bodies, customers } = yield* serverWith(stored)
      const error = yield* Effect.flip(customers.modify("1", () => ({ address: { zip: "1" }, customerId: "2" })))
      assert.propertyVal(error, "_tag", "TrustlyValidationError")
      assert.deepStrictEqual(yield* bodies, [])
    }))
})

describe("modify", () => {
  it.effect("sends changed required fields but no timestamps", () =>
    Effect.gen(function*() {
      const { bodies, customers } = yield* serverWith(stored)
      const now = DateTime.unsafeMake(1)
      const changed = { name: "Ann", email: "ann@example.test", phone: "+2" }
      yield* customers.modify("1", () => ({ ...changed, createdAt: now, updatedAt: now }))
      assert.deepStrictEqual(yield* bodies, [{ ...changed, address: stored.address }])
    }))

  it.effect("rejects another customer's ID and sends nothing", () =>
    Effect.gen(function*() {
      const { bodies, customers } = yield* serverWith(stored)
      const error = yield* Effect.flip(customers.modify("1", () => ({ customerId: "2" })))
      assert.deepInclude(error, {
        _tag: "TrustlyValidationError",
        issues: [{ path: "customerId", problem: "invalid", expected: "the customerId of the call" }]
      })
      assert.deepStrictEqual(yield* bodies, [])
    }))

  it.effect("reports NotSent when the read fails", () =>
    Effect.gen(function*() {
      const customers = yield* scriptedService(() => json({}, { status: 503 }))
      const error = yield* Effect.flip(customers.modify("1", () => ({})))
      assert.deepInclude(error, { _tag: "TrustlyServerError", operation: "modify", outcome: "NotSent" })
    }))
})

class NotAllowed extends Data.TaggedError("NotAllowed") {}

describe("the change", () => {
  it.effect("can be an effect with its own error and requirements", () =>
    Effect.gen(function*() {
      const { bodies, customers } = yield* serverWith(stored)
      yield* customers.modify("1", () => Effect.as(TestClock.currentTimeMillis, { vip: 1 }))
      const error = yield* Effect.flip(customers.modify("1", () => new NotAllowed()))
      assert.strictEqual(error._tag, "NotAllowed")
      assert.strictEqual((yield* bodies).length, 1)
    }))

  it.effect("runs again with the record that a retry reads", () =>
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

describe("concurrent modify calls", () => {
  it.effect("run one at a time for the same customer and concurrently for different customers", () =>
    Effect.gen(function*() {
      const { customers, requests } = yield* serverWith(stored)
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

  it.effect("fail instead of deadlocking when nested in their own change", () =>
    Effect.gen(function*() {
      const { customers } = yield* serverWith(stored)
      const inner = customers.modify("1", () => ({ vip: 1 }))
      const error = yield* Effect.flip(customers.modify("1", () => Effect.as(inner, { vip: 2 })))
      assert.propertyVal(error, "_tag", "TrustlyValidationError")
      assert.propertyVal(error, "operation", "modify")
      const across = customers.modify("1", () => Effect.as(customers.modify("2", () => Effect.as(inner, {})), {}))
      assert.propertyVal(yield* Effect.flip(across), "_tag", "TrustlyValidationError")
      // nesting for another customer succeeds, and all locks are free again
      yield* customers.modify("1", () => Effect.as(customers.modify("2", () => ({})), {}))
    }))

  it.effect("do not deadlock when two of them nest each other's customer", () =>
    Effect.gen(function*() {
      const { customers } = yield* serverWith(stored)
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

  it.effect("release the lock when interrupted", () =>
    Effect.gen(function*() {
      const { customers, requests } = yield* serverWith(stored)
      const isLocked = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(
        customers.modify("1", () => Effect.zipRight(Deferred.succeed(isLocked, undefined), Effect.never))
      )
      yield* Deferred.await(isLocked)
      const waiting = yield* Effect.fork(customers.modify("1", () => ({ vip: 1 })))
      const canceled = yield* Effect.fork(customers.modify("1", () => ({ vip: 2 })))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(canceled)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual((yield* Fiber.join(waiting)).name, minimalCustomer.name)
      assert.deepStrictEqual(yield* requests, ["GET 1", "GET 1", "POST 1"])
    }))
})

describe("a no-op change", () => {
  for (
    const [what, change] of Object.entries<CustomerChange>({
      "an empty change": {},
      "fields that are undefined": { vip: undefined, address: undefined },
      "an address with undefined fields": { address: { city: undefined } },
      "unchanged masks": { taxId: "#####6790", driverLicense: { number: "#####", state: "CA" } },
      "the same customerId": { customerId: "1" }
    })
  ) {
    it.effect(`${what} sends no write and returns the customer as read`, () =>
      Effect.gen(function*() {
        const { customers, requests } = yield* serverWith({
          ...stored,
          driverLicense: { number: "#####", state: "CA" }
        })
        const customer = yield* customers.modify("1", () => change)
        assert.strictEqual(customer.name, minimalCustomer.name)
        assert.strictEqual(customer.externalTier, "Gold")
        assert.deepStrictEqual(yield* requests, ["GET 1"])
      }))
  }

  it.effect("is rejected for a record without a required field", () =>
    Effect.gen(function*() {
      const { customers } = yield* serverWith({ name: "Jo", address: { country: "US" } })
      const error = yield* Effect.flip(customers.modify("1", () => ({})))
      assert.deepInclude(error, {
        _tag: "TrustlyValidationError",
        issues: [{ path: "email", problem: "missing" }, { path: "phone", problem: "missing" }]
      })
    }))
})

describe("several layers in one process", () => {
  it.effect("share the lock of a customer, so no change is lost", () =>
    Effect.gen(function*() {
      const tier = yield* Ref.make(0)
      // each iteration builds its own service, like a handler that provides its own layer
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

  it.effect("do not share locks across merchants or environments", () =>
    Effect.gen(function*() {
      const isLocked = yield* Deferred.make<void>()
      const release = yield* Deferred.make<void>()
      const one = yield* scriptedService(() => json({ customer: stored }))
      const another = yield* scriptedService(() => json({ customer: stored }), { accessId: "another" })
      const elsewhere = yield* scriptedService(() => json({ customer: stored }), { baseUrl: "http://127.0.0.2/api/v1" })
      const fiber = yield* Effect.fork(
        one.modify("1", () =>
          Effect.zipRight(Deferred.succeed(isLocked, undefined), Effect.as(Deferred.await(release), { vip: 1 })))
      )
      yield* Deferred.await(isLocked)
      yield* soon("the modify of another merchant")(another.modify("1", () => ({ vip: 2 })))
      yield* soon("the modify of another environment")(elsewhere.modify("1", () => ({ vip: 3 })))
      assert.strictEqual((yield* Fiber.poll(fiber))._tag, "None")
      yield* Deferred.succeed(release, undefined)
      yield* Fiber.join(fiber)
    }))
})

describe("a nested modify", () => {
  const nestings: Readonly<
    Record<string, (inner: Effect.Effect<unknown, TrustlyError>) => Effect.Effect<unknown, TrustlyError>>
  > = {
    "directly": (inner) => inner,
    "in a joined fiber": (inner) => Effect.flatMap(Effect.fork(inner), Fiber.join),
    "concurrently with another effect": (inner) => Effect.all([inner, Effect.void], { concurrency: 2 }),
    "twice concurrently": (inner) => Effect.all([inner, inner], { concurrency: "unbounded" }),
    "with a timeout": (inner) => Effect.timeoutOption(inner, "1 day"),
    "in a race": (inner) => Effect.raceFirst(inner, Effect.never),
    "in an uninterruptible region": Effect.uninterruptible
  }
  for (const [how, nest] of Object.entries(nestings)) {
    it.effect(`for the same customer fails ${how}`, () =>
      Effect.gen(function*() {
        const { customers } = yield* serverWith(stored)
        const inner = customers.modify("1", () => ({ vip: 1 }))
        const error = yield* Effect.flip(customers.modify("1", () => Effect.as(nest(inner), { vip: 2 })))
        assert.propertyVal(error, "_tag", "TrustlyValidationError")
        // the lock is free again
        yield* customers.modify("1", () => ({ vip: 3 }))
      }))
  }

  for (const [how, fork] of Object.entries({ fork: Effect.fork, forkDaemon: Effect.forkDaemon })) {
    it.effect(`for the same customer runs afterwards when forked and not awaited (${how})`, () =>
      Effect.gen(function*() {
        const { bodies, customers } = yield* serverWith(stored)
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

  const sleep = Effect.sleep("500 millis")
  const atLast = <A>(effect: Effect.Effect<A>) => Effect.forkDaemon(Effect.zipRight(sleep, effect))
  type Outer = (fork: Effect.Effect<unknown>) => Effect.Effect<unknown, Cause.TimeoutException>
  const outers: Readonly<Record<string, Outer>> = {
    "awaits a sleep with a timeout": (fork) => Effect.zipRight(fork, Effect.timeout(sleep, "5 seconds")),
    "forks it under the timeout of a sleep": (fork) => Effect.timeout(Effect.zipRight(fork, sleep), "5 seconds"),
    "awaits two concurrent sleeps": (fork) => Effect.zipRight(fork, Effect.all([sleep, sleep], { concurrency: 2 })),
    "forks it in one of two concurrent effects": (fork) =>
      Effect.all([Effect.zipRight(fork, sleep), sleep], { concurrency: 2 }),
    "awaits a fiber that it forked before": (fork) =>
      Effect.flatMap(Effect.fork(sleep), (fiber) => Effect.zipRight(fork, Fiber.join(fiber))),
    "awaits a Deferred that it made": (fork) =>
      Deferred.make<void>().pipe(
        Effect.tap((deferred) => atLast(Deferred.succeed(deferred, undefined))),
        Effect.tap(fork),
        Effect.flatMap(Deferred.await)
      ),
    "takes from a queue": (fork) =>
      Queue.unbounded<number>().pipe(
        Effect.tap((queue) => atLast(Queue.offer(queue, 1))),
        Effect.tap(fork),
        Effect.flatMap(Queue.take)
      )
  }
  for (const [what, outer] of Object.entries(outers)) {
    it.effect(`for the same customer runs afterwards when it is not awaited and the outer one ${what}`, () =>
      Effect.gen(function*() {
        const { bodies, customers } = yield* serverWith(stored)
        const forked = yield* Deferred.make<Fiber.Fiber<unknown, TrustlyError>>()
        const fork = Effect.forkDaemon(customers.modify("1", () => ({ vip: 1 }))).pipe(
          Effect.flatMap((fiber) => Deferred.succeed(forked, fiber))
        )
        const fiber = yield* Effect.fork(customers.modify("1", () => Effect.as(outer(fork), { vip: 2 })))
        // the look for a deadlock is in real time
        yield* eventLoopTurns(15)
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(fiber)
        yield* Effect.flatMap(Deferred.await(forked), Fiber.join)
        assert.deepStrictEqual((yield* bodies).map((body) => Reflect.get(body, "vip")), [2, 1])
      }))
  }

  type Join = (
    fiber: Fiber.Fiber<unknown, TrustlyError>
  ) => Effect.Effect<unknown, TrustlyError | Cause.TimeoutException>
  const joins: Readonly<Record<string, Join>> = {
    "later": (fiber) => Effect.zipRight(eventLoopTurns(15), Fiber.join(fiber)),
    "under a timeout": (fiber) => Effect.timeout(Fiber.join(fiber), "1 hour"),
    "in one of two concurrent effects": (fiber) => Effect.all([Fiber.join(fiber), Effect.void], { concurrency: 2 }),
    "by a fiber that is joined": (fiber) => Effect.flatMap(Effect.fork(Fiber.join(fiber)), Fiber.join),
    "in a race": (fiber) => Effect.raceFirst(Fiber.join(fiber), Effect.never)
  }
  for (const [how, join] of Object.entries(joins)) {
    it.effect(`for the same customer fails when it is forked and joined ${how}`, () =>
      Effect.gen(function*() {
        const { customers } = yield* serverWith(stored)
        const outer = customers.modify("1", () =>
          Effect.fork(customers.modify("1", () => ({ vip: 1 }))).pipe(Effect.flatMap(join), Effect.as({ vip: 2 })))
        assert.propertyVal(yield* soon("the error")(Effect.flip(outer)), "_tag", "TrustlyValidationError")
      }))
  }

  it.effect("in an uninterruptible region waits for a customer that another fiber holds", () =>
    Effect.gen(function*() {
      const { bodies, customers } = yield* serverWith(stored)
      const isHeld = yield* Effect.makeLatch()
      const gate = yield* Effect.makeLatch()
      const holder = yield* Effect.fork(
        customers.modify("2", () => isHeld.open.pipe(Effect.zipRight(gate.await), Effect.as({ vip: 1 })))
      )
      yield* isHeld.await
      const inner = Effect.uninterruptible(customers.modify("2", () => ({ vip: 2 })))
      const outer = yield* Effect.fork(customers.modify("1", () => Effect.as(inner, { vip: 3 })))
      yield* eventLoopTurns(2)
      yield* gate.open
      yield* soon("the end of the outer call")(Fiber.join(outer))
      yield* Fiber.join(holder)
      assert.deepStrictEqual((yield* bodies).map((body) => Reflect.get(body, "vip")), [1, 2, 3])
    }))

  it.effect("fails when two concurrent nested calls meet a fiber that nests in the opposite order", () =>
    Effect.gen(function*() {
      const { customers } = yield* serverWith(stored)
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
