import { assert, describe, it } from "@effect/vitest"
import {
  Array as Arr,
  Cause,
  Context,
  Effect,
  Exit,
  Fiber,
  Layer,
  Option,
  Order,
  Random,
  Redacted,
  Stream
} from "effect"
import { CustomerBatch, CustomerService, TrustlyRetry } from "effect-trustly"
import { type FaultRule, type RequestLog, TrustlySandbox } from "effect-trustly-sandbox"
import { collect, customers, positions, updatesOf } from "../../../trustly/test/batch.ts"
import { type ClientLayer, clientLayers } from "../../../trustly/test/faults/layers.ts"
import { minimalCustomer } from "../../../trustly/test/support.ts"
import { eventLoopTurns, waitFor } from "../../../trustly/test/waiting.ts"

// of Trustly's document: the second one has an externalId
const john = "1001165729"
const joe = { customerId: "1002580963", externalId: "4567890" }

/** A sandbox that meets every request with these faults, and a service on it. */
const start = (client: ClientLayer, rules: ReadonlyArray<FaultRule> = [], accessKey?: Redacted.Redacted) =>
  Effect.gen(function*() {
    const sandbox = Context.get(yield* Layer.build(TrustlySandbox.layer()), TrustlySandbox)
    for (const rule of rules) yield* sandbox.fail(rule)
    const options = {
      accessId: sandbox.accessId,
      accessKey: accessKey ?? sandbox.accessKey,
      baseUrl: sandbox.url,
      // never met, however busy the machine is
      timeout: "1 hour"
    } as const
    const layer = CustomerService.layer(options).pipe(Layer.provide(client.layer))
    return { sandbox, context: yield* Layer.build(layer) }
  })

/** Waits until the sandbox's log of requests is like this. */
const logged = (
  what: string,
  { requests }: TrustlySandbox.Service,
  isExpected: (log: ReadonlyArray<RequestLog>) => boolean
): Effect.Effect<void> => {
  const next = Effect.zipRight(eventLoopTurns(1), requests)
  return Effect.repeat(next, { until: (log) => isExpected(log) }).pipe(waitFor(what), Effect.asVoid)
}

const arrived = (sandbox: TrustlySandbox.Service, count: number): Effect.Effect<void> =>
  logged(`${count} requests to arrive`, sandbox, ({ length }) => length >= count)

const closed = (sandbox: TrustlySandbox.Service): Effect.Effect<void> =>
  logged(
    "the sandbox to see the end of every request",
    sandbox,
    (log) => log.every(({ millis }) => millis !== undefined)
  )

const failureOf = <A, E>(exit: Exit.Exit<A, E>): Option.Option<E> =>
  Exit.isFailure(exit) ? Cause.failureOption(exit.cause) : Option.none()

describe("on a socket", () => {
  for (const client of clientLayers) {
    it.scopedLive(`each kind of command is what it says it is (${client.name})`, () =>
      Effect.gen(function*() {
        const { context, sandbox } = yield* start(client)
        const commands: ReadonlyArray<CustomerBatch.Command> = [
          { customerId: john, update: { ...minimalCustomer, vip: 1 } },
          { customerId: john, change: { externalTier: "Gold" } },
          { externalId: joe.externalId, change: { vip: 3 } },
          { externalId: "nobody", change: { vip: 4 } }
        ]
        const run = CustomerBatch.run(Stream.fromIterable(commands), { concurrency: 1 })
        const { end, results } = yield* collect(run).pipe(Effect.provide(context))
        assert.deepStrictEqual(end, Exit.void)
        assert.deepStrictEqual(results.map(({ exit }) => exit._tag), ["Success", "Success", "Success", "Failure"])
        const requests = yield* sandbox.requests
        assert.deepStrictEqual(
          requests.map(({ operation }) => operation),
          ["update", "get", "update", "find", "get", "update", "find"]
        )
        assert.deepStrictEqual(requests.map(({ applied }) => applied?.customerId).filter((id) => id !== undefined), [
          john,
          john,
          joe.customerId
        ])
        const stored = new Map((yield* sandbox.customers).map((held) => [held.customerId, held] as const))
        assert.strictEqual(stored.size, 2)
        assert.deepInclude(stored.get(john), { vip: 1, externalTier: "Gold", name: minimalCustomer.name })
        assert.deepInclude(stored.get(joe.customerId), { vip: 3 })
      }))

    it.scopedLive(`refused credentials of 1,000 commands are sent 16 times at the most (${client.name})`, () =>
      Effect.gen(function*() {
        const { context, sandbox } = yield* start(client, [], Redacted.make("another"))
        const run = CustomerBatch.run(Stream.rechunk(updatesOf(customers(1000)), 100))
        const { end, results } = yield* collect(run).pipe(Effect.provide(context))
        const requests = yield* sandbox.requests
        assert.isAtMost(requests.length, 16)
        assert.deepStrictEqual(Arr.dedupe(requests.map(({ status }) => status)), [401])
        assert.strictEqual(results.length, requests.length)
        assert.propertyVal(Option.getOrUndefined(failureOf(end)), "_tag", "TrustlyAuthError")
      }))

    it.scopedLive(`what is under way when it is interrupted is interrupted on the server too (${client.name})`, () =>
      Effect.gen(function*() {
        const { context, sandbox } = yield* start(client, [{ fault: { _tag: "Silence" }, every: 1 }])
        const run = CustomerBatch.run(updatesOf(customers(100)), { concurrency: 8 })
        const fiber = yield* Effect.fork(collect(run).pipe(Effect.provide(context)))
        yield* arrived(sandbox, 8)
        yield* Fiber.interrupt(fiber)
        yield* closed(sandbox)
        assert.strictEqual((yield* sandbox.requests).length, 8)
      }))

    it.scopedLive(`each attempt arrives, and its outcome is not forgotten (${client.name})`, () =>
      Effect.gen(function*() {
        const { context, sandbox } = yield* start(client, [
          { fault: { _tag: "Reset" }, customerId: john, applied: true },
          { fault: { _tag: "Status", status: 503 }, customerId: joe.customerId, operation: "update", times: 9 }
        ])
        const commands = Stream.make(
          { customerId: john, update: minimalCustomer },
          { externalId: joe.externalId, change: { vip: 1 } }
        )
        const retry = TrustlyRetry.policy({ times: 2, baseDelay: "1 millis" })
        const run = CustomerBatch.run(commands, { concurrency: 1, retry })
        const { results: [first, second] } = yield* collect(run).pipe(Effect.provide(context))
        assert.strictEqual(first?.exit._tag, "Success")
        assert.propertyVal(second && Option.getOrUndefined(failureOf(second.exit)), "outcome", "Unknown")
        const operations = (yield* sandbox.requests).map(({ operation }) => operation)
        const tries = Arr.flatten(Arr.replicate(["get", "update"] as const, 3))
        assert.deepStrictEqual(operations, ["update", "update", "find", ...tries])
      }))
  }

  it.scopedLive("a run that has enough lets go of the rest", () =>
    Effect.gen(function*() {
      const [client] = clientLayers
      assert(client !== undefined)
      const { context, sandbox } = yield* start(client, [{ fault: { _tag: "Silence" }, customerId: joe.customerId }])
      const commands = updatesOf([joe.customerId, john])
      const taken = yield* CustomerBatch.run(commands).pipe(Stream.take(1), Stream.runCollect, Effect.provide(context))
      assert.deepStrictEqual(positions(Arr.fromIterable(taken)), [1])
      yield* closed(sandbox)
    }))

  it.scopedLive("a third of the requests fail, and what each customer holds is what came last", () =>
    Effect.gen(function*() {
      const [, , client] = clientLayers
      assert(client !== undefined)
      const { context, sandbox } = yield* start(client, [
        { fault: { _tag: "Status", status: 503 }, share: 0.12 },
        { fault: { _tag: "Reset" }, share: 0.12, applied: true },
        { fault: { _tag: "Malformed" }, share: 0.1, applied: true }
      ])
      const ids = [john, joe.customerId]
      const changes = Arr.makeBy(60, (n) => ({ customerId: ids[n % 2] ?? "", change: { externalTier: `${n}` } }))
      const run = CustomerBatch.run(Stream.fromIterable(changes), {
        retry: TrustlyRetry.policy({ times: 9, baseDelay: "1 millis", maxDelay: "2 millis" })
      })
      const { end, results } = yield* collect(run).pipe(Effect.provide(context))
      assert.deepStrictEqual(end, Exit.void)
      assert.strictEqual(results.length, 60)
      for (const id of ids) {
        const serials = (yield* sandbox.requests).flatMap(({ applied }) =>
          applied?.customerId === id ? [Number(applied.externalTier)] : []
        )
        assert.deepStrictEqual(serials, Arr.sort(serials, Order.number))
        const done = results.filter(({ command, exit }) => command.customerId === id && Exit.isSuccess(exit))
        for (const { command } of done) assert.include(serials, Number(command.change.externalTier))
      }
    }).pipe(Effect.withRandom(Random.make("batch"))))
})
