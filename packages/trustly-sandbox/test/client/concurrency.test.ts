import { assert, describe, it } from "@effect/vitest"
import { Array, Context, Effect, Exit, Fiber, Layer, Random, Scope } from "effect"
import { CustomerService, TrustlyRetry } from "effect-trustly"
import { type FaultRule, type RequestLog, TrustlySandbox } from "effect-trustly-sandbox"
import { type ClientLayer, clientLayers } from "../../../trustly/test/faults/layers.ts"

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

const calls = Array.makeBy(1000, (serial) => ({ serial, customerId: idOf(serial % 100) }))

const open = (): ReadonlyArray<string> =>
  process.getActiveResourcesInfo().filter((name) =>
    name === "TCPSocketWrap" || name === "TLSWrap" || name === "Timeout"
  )

/** Ends when no more sockets and timers are open than there were. */
const closed = (before: number): Effect.Effect<void> =>
  Effect.suspend(() => open().length <= before ? Effect.void : Effect.delay(closed(before), "20 millis"))

const customersOf = (client: ClientLayer, { accessId, accessKey, url }: TrustlySandbox.Service) =>
  CustomerService.layer({ accessId, accessKey, baseUrl: url, timeout: "3 seconds" }).pipe(
    CustomerService.withRetry(TrustlyRetry.policy({ baseDelay: "20 millis" })),
    Layer.provide(client.layer)
  )

const makeCustomers = (client: ClientLayer, sandbox: TrustlySandbox.Service) =>
  Effect.map(Layer.build(customersOf(client, sandbox)), (context) => Context.get(context, CustomerService))

const startSandbox = Effect.map(Layer.build(TrustlySandbox.layer()), (context) => Context.get(context, TrustlySandbox))

const serialOf = ({ applied }: RequestLog): number => Number(applied?.externalTier?.slice("serial ".length))

const storm = (client: ClientLayer) =>
  Effect.gen(function*() {
    const sandbox = yield* startSandbox
    const customers = yield* makeCustomers(client, sandbox)
    const ids = Array.makeBy(100, idOf)
    for (const externalId of ids) yield* customers.createOrUpdate({ ...customerOf(-1), externalId })
    const byExternalId = new Map((yield* sandbox.customers).map((made) => [made.externalId, made.customerId] as const))
    const trustlyId = (externalId: string): string => byExternalId.get(externalId) ?? ""
    for (const [fault, applied] of faults) yield* sandbox.fail({ fault, applied, share })

    const exits = yield* Effect.forEach(calls, ({ customerId, serial }) =>
      Effect.exit(customers.update(trustlyId(customerId), customerOf(serial))), { concurrency: "unbounded" })

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

const additions = (client: ClientLayer) =>
  Effect.gen(function*() {
    const sandbox = yield* startSandbox
    const customers = yield* makeCustomers(client, sandbox)
    const add = customers.modify("1001165729", ({ vip = "0" }) => ({ vip: Number(vip) + 1 }))
    const fibers = yield* Effect.replicateEffect(Effect.fork(add), 100)
    yield* Fiber.joinAll(fibers)
    assert.strictEqual((yield* customers.get("1001165729")).vip, "100")
    assert.strictEqual((yield* sandbox.requests).length, 201)
  })

describe("several at once", () => {
  for (const client of clientLayers) {
    it.live(
      `1,000 updates of 100 customers, a fifth of the requests fail (${client.name})`,
      () =>
        Effect.gen(function*() {
          const before = open().length
          const scope = yield* Scope.make()
          yield* Scope.extend(storm(client), scope)
          yield* Scope.close(scope, Exit.void)
          yield* closed(before).pipe(
            Effect.timeoutFail({ duration: "3 seconds", onTimeout: () => `left open: ${open().join(", ")}` })
          )
        }),
      60_000
    )

    it.scopedLive(`100 additions to one field, none is lost (${client.name})`, () => additions(client), 30_000)
  }
})
