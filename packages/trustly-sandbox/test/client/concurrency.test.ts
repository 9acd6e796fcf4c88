import { assert, describe, it } from "@effect/vitest"
import { Array, Context, type Duration, Effect, Exit, Fiber, Layer, Random, type Scope, TestClock } from "effect"
import { CustomerService, TrustlyRetry } from "effect-trustly"
import { type FaultRule, type RequestLog, TrustlySandbox } from "effect-trustly-sandbox"
import { type ClientLayer, clientLayers } from "../../../trustly/test/faults/layers.ts"
import { soak } from "../../../trustly/test/soak.ts"
import { eventLoopTurns, waitFor } from "../../../trustly/test/waiting.ts"

type Fault = FaultRule["fault"]

const faults: ReadonlyArray<readonly [fault: Fault, applied: boolean]> = [
  [{ _tag: "Status", status: 503, retryAfter: 0 }, false],
  [{ _tag: "Status", status: 429 }, false],
  [{ _tag: "Status", status: 500 }, true],
  [{ _tag: "Status", status: 200, body: { errors: [{ code: 378 }] } }, true],
  [{ _tag: "Status", status: 400, body: { errors: [{ code: 200 }] } }, false],
  [{ _tag: "Delay", millis: 100 }, true],
  [{ _tag: "Silence" }, false],
  [{ _tag: "Silence" }, true],
  [{ _tag: "Reset" }, false],
  [{ _tag: "Reset" }, true],
  [{ _tag: "Reset", where: "body" }, true],
  [{ _tag: "Malformed" }, true]
]

// together they meet a fifth of the requests
const share = 1 - (1 - 0.2) ** (1 / faults.length)

const customerOf = (serial: number) => ({
  name: "Joe User",
  email: "joe.user@mail.com",
  phone: "+16505551212",
  address: { country: "US" },
  externalTier: `serial ${serial}`
})

const idOf = (n: number): string => `20000000${String(n).padStart(2, "0")}`

const calls = Array.makeBy(soak({ quick: 250, whole: 1000 }), (serial) => ({ serial, customerId: idOf(serial % 100) }))

const open = (): ReadonlyArray<string> =>
  process.getActiveResourcesInfo().filter((name) =>
    name === "TCPSocketWrap" || name === "TLSWrap" || name === "Timeout"
  )

/** Waits until no more sockets and timers are open than there were. It has no timer of its own while it looks. */
const closed = (before: number, turns = 300): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (open().length <= before) return Effect.void
    if (turns === 0) return Effect.die(new Error(`Left open: ${open().join(", ")}`))
    return Effect.zipRight(eventLoopTurns(1), closed(before, turns - 1))
  })

/** Runs an effect in a scope of its own, and checks that it leaves no socket and no timer behind. */
const leavingNothingOpen = <A, E>(effect: Effect.Effect<A, E, Scope.Scope>): Effect.Effect<void, E> =>
  Effect.gen(function*() {
    const before = open().length
    yield* Effect.scoped(effect)
    yield* closed(before)
  })

interface Connection {
  readonly client: ClientLayer
  readonly sandbox: TrustlySandbox.Service
  readonly timeout: Duration.DurationInput
}

const customersOf = ({ client, sandbox: { accessId, accessKey, url }, timeout }: Connection) =>
  CustomerService.layer({ accessId, accessKey, baseUrl: url, timeout }).pipe(
    CustomerService.withRetry(TrustlyRetry.policy({ baseDelay: "20 millis" })),
    Layer.provide(client.layer)
  )

const makeCustomers = (connection: Connection) =>
  Effect.map(Layer.build(customersOf(connection)), (context) => Context.get(context, CustomerService))

const startSandbox = Effect.map(Layer.build(TrustlySandbox.layer()), (context) => Context.get(context, TrustlySandbox))

const serialOf = ({ applied }: RequestLog): number => Number(applied?.externalTier?.slice("serial ".length))

/** Moves the test clock whenever no request begins or ends for some turns of the event loop: what is left waits for time. */
const passTime = ({ requests }: TrustlySandbox.Service): Effect.Effect<never> => {
  const activity = Effect.map(
    requests,
    (all) => all.reduce((count, { millis }) => count + (millis === undefined ? 1 : 2), 0)
  )
  const step = Effect.gen(function*() {
    const before = yield* activity
    yield* eventLoopTurns(5)
    if ((yield* activity) === before) yield* TestClock.adjust("1 second")
  })
  return Effect.forever(step)
}

const storm = (client: ClientLayer) =>
  Effect.gen(function*() {
    const sandbox = yield* startSandbox
    const customers = yield* makeCustomers({ client, sandbox, timeout: "3 seconds" })
    const ids = Array.makeBy(100, idOf)
    for (const externalId of ids) yield* customers.createOrUpdate({ ...customerOf(-1), externalId })
    const byExternalId = new Map((yield* sandbox.customers).map((made) => [made.externalId, made.customerId] as const))
    const trustlyId = (externalId: string): string => byExternalId.get(externalId) ?? ""
    for (const [fault, applied] of faults) yield* sandbox.fail({ fault, applied, share })

    const exits = yield* Effect.forEach(calls, ({ customerId, serial }) =>
      Effect.exit(customers.update(trustlyId(customerId), customerOf(serial))), { concurrency: "unbounded" }).pipe(
        Effect.raceFirst(passTime(sandbox)),
        waitFor(`the end of ${calls.length} updates`)
      )

    const requests = (yield* sandbox.requests).filter(({ operation }) =>
      operation === "update"
    )
    const applied = requests.filter((request) => request.applied !== undefined)
    assert.isAtLeast(requests.length, calls.length, "the log holds every request")
    assert.isAtLeast(requests.filter(({ fault }) => fault !== undefined).length, calls.length / 10, "faults")
    assert.isAtLeast(exits.filter(Exit.isSuccess).length, calls.length * 0.9, "successes")

    const appliedSerials = new Set(applied.map(serialOf))
    for (const [serial, exit] of exits.entries()) {
      assert.isFalse(Exit.isInterrupted(exit) || (Exit.isFailure(exit) && exit.cause._tag === "Die"), String(exit))
      if (Exit.isSuccess(exit)) assert.isTrue(appliedSerials.has(serial), `${serial} was reported and not applied`)
    }
    for (const request of applied) {
      const { customerId, ...fields } = { ...request.applied }
      const call = calls[serialOf(request)]
      assert.strictEqual(customerId, trustlyId(call?.customerId ?? ""), "applied to a customer of no call")
      assert.deepStrictEqual(fields, customerOf(call?.serial ?? -2), "applied and not sent")
    }
    const stored = new Map((yield* sandbox.customers).map((held) => [held.customerId, held] as const))
    for (
      const [customerId, entries] of Object.entries(Array.groupBy(applied, (entry) => entry.applied?.customerId ?? ""))
    ) {
      assert.strictEqual(stored.get(customerId)?.externalTier, entries.at(-1)?.applied?.externalTier)
    }
  }).pipe(Effect.withRandom(Random.make("storm")))

const logged = (
  what: string,
  { requests }: TrustlySandbox.Service,
  isExpected: (log: ReadonlyArray<RequestLog>) => boolean
): Effect.Effect<void> => {
  const next = Effect.zipRight(eventLoopTurns(1), requests)
  return Effect.repeat(next, { until: (log) => isExpected(log) }).pipe(waitFor(what), Effect.asVoid)
}

/** Calls that end in every way. Their deadline is an hour away, so a timer that a call leaves behind is seen. */
const everyEnd = (client: ClientLayer) =>
  Effect.gen(function*() {
    const sandbox = yield* startSandbox
    const customers = yield* makeCustomers({ client, sandbox, timeout: "1 hour" })
    const update = customers.update("1001165729", customerOf(0))
    yield* sandbox.fail({ fault: { _tag: "Reset" }, share: 0.2 })
    yield* sandbox.fail({ fault: { _tag: "Status", status: 503 }, share: 0.2 })
    yield* Effect.replicateEffect(Effect.exit(update), 20, { concurrency: 10 })
    yield* sandbox.reset
    yield* sandbox.fail({ fault: { _tag: "Silence" }, every: 1 })
    const fibers = yield* Effect.replicateEffect(Effect.fork(update), 10)
    yield* logged("10 requests in silence", sandbox, ({ length }) => length >= 10)
    yield* Fiber.interruptAll(fibers)
    yield* logged("the end of every request", sandbox, (log) => log.every(({ millis }) => millis !== undefined))
  })

const additions = (client: ClientLayer) =>
  Effect.gen(function*() {
    const sandbox = yield* startSandbox
    const customers = yield* makeCustomers({ client, sandbox, timeout: "1 hour" })
    const add = customers.modify("1001165729", ({ vip = "0" }) => ({ vip: Number(vip) + 1 }))
    const fibers = yield* Effect.replicateEffect(Effect.fork(add), 100)
    yield* Fiber.joinAll(fibers)
    assert.strictEqual((yield* customers.get("1001165729")).vip, "100")
    assert.strictEqual((yield* sandbox.requests).length, 201)
  })

describe("several at once", () => {
  for (const client of clientLayers) {
    it.effect(
      `${calls.length} updates of 100 customers, a fifth of the requests fail (${client.name})`,
      () => leavingNothingOpen(storm(client))
    )

    it.live(
      `successes, failures and interruptions leave no socket and no timer behind (${client.name})`,
      () =>
        Effect.zipRight(
          Effect.scoped(everyEnd(client)),
          // several services, so that what each of them leaves behind is more than what the process opens by itself
          leavingNothingOpen(Effect.replicateEffect(everyEnd(client), 5, { concurrency: 5 }))
        )
    )

    it.scopedLive(`100 additions to one field, none is lost (${client.name})`, () => additions(client))
  }
})
