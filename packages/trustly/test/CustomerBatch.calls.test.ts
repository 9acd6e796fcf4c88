import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Effect, Exit, Fiber, Option, Ref, Schedule, Stream, TestClock } from "effect"
import {
  CustomerBatch,
  type CustomerRecord,
  CustomerService,
  TrustlyDecodeError,
  type TrustlyError,
  TrustlyNotFoundError,
  TrustlyRateLimitError,
  TrustlyRejectedError,
  TrustlyRetry,
  TrustlyServerError,
  TrustlyValidationError
} from "effect-trustly"
import { CustomersMemory } from "effect-trustly/testing"
import { collect, customers, journal, updatesOf } from "./batch.ts"
import { clockOfPlatform, clockThatGoesBack, minimalCustomer } from "./support.ts"

/** A call that fails with these errors in order, then succeeds with this value, and the count of its calls. */
const scripted = <A>(failures: ReadonlyArray<TrustlyError>, value: A) =>
  Effect.map(Ref.make(0), (count) => ({
    count: Ref.get(count),
    call: Effect.flatMap(Ref.getAndUpdate(count, (n) => n + 1), (n): Effect.Effect<A, TrustlyError> => {
      const failure = failures[n]
      return failure === undefined ? Effect.succeed(value) : Effect.fail(failure)
    })
  }))

const unknown = new TrustlyServerError({ operation: "modify" })
const rejected = new TrustlyRejectedError({ operation: "modify" })
const twice = Schedule.recurs(2)

const change = { vip: 1 }
const byExternalId = Stream.make({ externalId: "jo", change })

const errorOf = ({ exit }: CustomerBatch.Result): TrustlyError | undefined =>
  Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined

describe("retry", () => {
  const cases = [
    { retry: undefined, failures: [unknown], calls: 1, outcome: "Unknown" },
    { retry: twice, failures: [unknown, rejected], calls: 3, outcome: undefined },
    { retry: twice, failures: [rejected, rejected, rejected], calls: 3, outcome: "Rejected" },
    { retry: twice, failures: [rejected, unknown, rejected], calls: 3, outcome: "Unknown" },
    { retry: TrustlyRetry.policy(), failures: [rejected], calls: 1, outcome: "Rejected" }
  ] as const
  for (const { calls, failures, outcome, retry } of cases) {
    it.effect(`${calls} calls, outcome ${outcome}, of ${failures.map((error) => error.outcome).join(", ")}`, () =>
      Effect.gen(function*() {
        const { call, count } = yield* scripted(failures, minimalCustomer)
        const layer = CustomerService.layerTest({ update: () => call, modify: () => call })
        const run = CustomerBatch.run(updatesOf(["1"]), { retry })
        const { results: [result] } = yield* collect(run).pipe(Effect.provide(layer))
        assert(result !== undefined)
        assert.strictEqual(errorOf(result)?.outcome, outcome)
        assert.strictEqual(yield* count, calls)
      }))
  }

  it.effect("retries find and modify independently", () =>
    Effect.gen(function*() {
      const outage = new TrustlyServerError({ operation: "find" })
      const find = yield* scripted([outage, outage], [{ externalId: "jo", customerId: "1" }])
      const modify = yield* scripted([unknown, rejected], minimalCustomer)
      const layer = CustomerService.layerTest({ find: () => find.call, modify: () => modify.call })
      const { results: [result] } = yield* CustomerBatch.run(byExternalId, { retry: twice }).pipe(
        collect,
        Effect.provide(layer)
      )
      assert.deepStrictEqual(result?.exit, Exit.succeed(minimalCustomer))
      assert.strictEqual(yield* find.count, 3)
      assert.strictEqual(yield* modify.count, 3)
    }))

  it.effect("does not call modify when find has failed", () =>
    Effect.gen(function*() {
      const outage = new TrustlyServerError({ operation: "find" })
      const find = yield* scripted([outage, outage], [])
      const layer = CustomerService.layerTest({ find: () => find.call })
      const { results: [result] } = yield* CustomerBatch.run(byExternalId, { retry: Schedule.recurs(1) }).pipe(
        collect,
        Effect.provide(layer)
      )
      assert.deepStrictEqual(result?.exit, Exit.fail(outage))
    }))
})

/** The start times of all calls, in milliseconds. The first calls fail with `failures`. */
const startTimes = (
  rate: NonNullable<CustomerBatch.Options["rate"]>,
  { commands = updatesOf(customers(5)), concurrency, failures = [] }: {
    readonly commands?: Stream.Stream<CustomerBatch.Command>
    readonly concurrency?: number
    readonly failures?: ReadonlyArray<TrustlyError>
  } = {}
) =>
  Effect.gen(function*() {
    const started = yield* journal<number>()
    const now = Effect.flatMap(Clock.currentTimeMillis, started.write)
    const { call } = yield* scripted(failures, minimalCustomer)
    const layer = CustomerService.layerTest({
      update: () => Effect.zipRight(now, call),
      modify: () => Effect.zipRight(now, call),
      find: ({ ...by }) => Effect.as(now, [{ ...by, customerId: "1" }])
    })
    const options = { rate, concurrency, retry: Schedule.recurs(3) }
    const run = CustomerBatch.run(commands, options).pipe(Stream.runDrain, Effect.provide(layer))
    const fiber = yield* Effect.fork(run)
    yield* TestClock.adjust("1 minute")
    yield* Fiber.join(fiber)
    return yield* started.entries
  })

describe("rate", () => {
  const second = "1 second"

  it.effect("spreads calls evenly at any concurrency", () =>
    Effect.gen(function*() {
      for (const concurrency of [1, 2, 16]) {
        const times = yield* startTimes({ limit: 4, interval: second }, { concurrency })
        assert.deepStrictEqual(times, [0, 250, 500, 750, 1000])
        yield* TestClock.setTime(0)
      }
    }))

  it.effect("neither stalls nor bursts when the system clock changes", () =>
    Effect.gen(function*() {
      const test = yield* Effect.clock
      const clock = clockThatGoesBack(test)
      const started = yield* journal<number>()
      const layer = CustomerService.layerTest({
        update: () => Effect.as(Effect.flatMap(test.currentTimeMillis, started.write), minimalCustomer)
      })
      const run = CustomerBatch.run(updatesOf(customers(4)), { rate: { limit: 4, interval: second } })
      const fiber = yield* Effect.fork(Effect.withClock(Effect.provide(Stream.runDrain(run), layer), clock))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* started.entries, [0, 250, 500, 750])
    }))

  it.effect("starts a call after a wait that is longer than a platform timer can hold", () =>
    Effect.gen(function*() {
      const started = yield* journal<number>()
      const layer = CustomerService.layerTest({
        update: () => Effect.as(Effect.flatMap(Clock.currentTimeMillis, started.write), minimalCustomer)
      })
      const run = CustomerBatch.run(updatesOf(customers(3)), { rate: { limit: 1, interval: "30 days" } })
      const clock = clockOfPlatform(yield* Effect.clock)
      const fiber = yield* Effect.fork(Effect.withClock(Effect.provide(Stream.runDrain(run), layer), clock))
      yield* TestClock.adjust("61 days")
      yield* Fiber.join(fiber)
      const days = 24 * 60 * 60 * 1000
      assert.deepStrictEqual(yield* started.entries, [0, 30 * days, 60 * days])
    }))

  it.effect("counts each retry", () =>
    Effect.gen(function*() {
      const failures = [unknown, new TrustlyRateLimitError({ operation: "update" }), unknown]
      const started = yield* startTimes({ limit: 4, interval: second }, { commands: updatesOf(["1", "2"]), failures })
      assert.deepStrictEqual(started, [0, 250, 500, 750, 1000])
    }))

  it.effect("counts a change by externalId as two calls", () =>
    Effect.gen(function*() {
      const commands = Stream.make({ externalId: "jo", change }, { customerId: "2", change }, {
        externalId: "al",
        change
      })
      const started = yield* startTimes({ limit: 2, interval: second }, { commands })
      assert.deepStrictEqual(started, [0, 500, 1000, 1500, 2000])
    }))

  it.effect("does not catch up after an idle time", () =>
    Effect.gen(function*() {
      const late = Stream.fromEffect(Effect.sleep("10 seconds")).pipe(Stream.flatMap(() => updatesOf(["2", "3"])))
      const started = yield* startTimes({ limit: 4, interval: second }, {
        commands: Stream.concat(updatesOf(["1"]), late)
      })
      assert.deepStrictEqual(started, [0, 10_000, 10_250])
    }))

  const limits = [[0, 1000], [-5, 1000], [NaN, 1000], [0.5, 2000], [3, 1000 / 3], [5000, 0.2], [Infinity, 0]] as const
  for (const [limit, step] of limits) {
    it.effect(`a limit of ${limit} allows one call every ${step} ms`, () =>
      Effect.gen(function*() {
        const started = yield* startTimes({ limit, interval: second })
        assert.strictEqual(started.length, 5)
        for (const [n, at] of started.entries()) assert.closeTo(at, n * step, 0.01)
      }))
  }

  it.effect("starts no more calls than the limit in any interval", () =>
    Effect.gen(function*() {
      const started = yield* startTimes({ limit: 5000, interval: second }, { commands: updatesOf(customers(51)) })
      assert.strictEqual(started.length, 51)
      assert.closeTo(started.at(-1) ?? 0, 10, 0.1)
    }))
})

const run = (records: ReadonlyArray<CustomerRecord>) =>
  Effect.gen(function*() {
    const written = yield* journal<string>()
    const layer = CustomerService.layerTest({
      find: () => Effect.succeed(records),
      modify: (customerId) => Effect.as(written.write(customerId), minimalCustomer)
    })
    const { end, results: [result] } = yield* CustomerBatch.run(byExternalId).pipe(collect, Effect.provide(layer))
    assert.deepStrictEqual(end, Exit.void)
    return { exit: result?.exit, written: yield* written.entries }
  })

describe("a change by externalId", () => {
  const jo = { externalId: "jo", customerId: "1" }
  const notFound = new TrustlyNotFoundError({ operation: "find" })

  it.effect("updates the one customer with this externalId", () =>
    Effect.gen(function*() {
      for (const records of [[jo], [{ externalId: "joe", customerId: "2" }, jo, { customerId: "3" }]]) {
        assert.deepStrictEqual(yield* run(records), { exit: Exit.succeed(minimalCustomer), written: ["1"] })
      }
    }))

  const failingLookups: ReadonlyArray<readonly [string, ReadonlyArray<CustomerRecord>, TrustlyError]> = [
    ["when find returns no customer", [], notFound],
    ["when find returns other customers", [{ externalId: "joe", customerId: "2" }, { customerId: "3" }], notFound],
    [
      "when find returns several matches",
      [jo, { ...jo, customerId: "2" }],
      new TrustlyValidationError({
        operation: "find",
        issues: [{ path: "externalId", problem: "invalid", expected: "one match" }]
      })
    ],
    [
      "when the match has no customerId",
      [{ externalId: "jo" }],
      new TrustlyDecodeError({
        operation: "find",
        reason: "Shape",
        issues: [{ path: "customers.customerId", problem: "missing" }]
      })
    ]
  ]
  for (const [condition, records, error] of failingLookups) {
    it.effect(`updates no customer ${condition}`, () =>
      Effect.gen(function*() {
        const { exit, written } = yield* run(records)
        assert.deepStrictEqual(exit, Exit.fail(error))
        assert.deepStrictEqual(written, [])
      }))
  }

  it.effect("never creates a customer", () =>
    Effect.gen(function*() {
      const { results: [result] } = yield* collect(CustomerBatch.run(byExternalId))
      const { calls, records } = yield* CustomersMemory
      assert.deepStrictEqual(result?.exit, Exit.fail(notFound))
      assert.deepStrictEqual((yield* calls).map(({ operation }) => operation), ["find"])
      assert.deepStrictEqual(yield* records, [])
    }).pipe(Effect.provide(CustomersMemory.layer())))
})
