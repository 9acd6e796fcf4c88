import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Duration, Effect, Exit, Fiber, Option, Ref, Schedule, Stream, TestClock } from "effect"
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
import { least } from "./support.ts"

/** Fails with these, one after the other, then gives this; and how often it was called. */
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
        const { call, count } = yield* scripted(failures, least)
        const layer = CustomerService.layerTest({ update: () => call, modify: () => call })
        const run = CustomerBatch.run(updatesOf(["1"]), { retry })
        const { results: [result] } = yield* collect(run).pipe(Effect.provide(layer))
        assert(result !== undefined)
        assert.strictEqual(errorOf(result)?.outcome, outcome)
        assert.strictEqual(yield* count, calls)
      }))
  }

  it.effect("finding a customer and changing it are tried again each for itself", () =>
    Effect.gen(function*() {
      const outage = new TrustlyServerError({ operation: "find" })
      const find = yield* scripted([outage, outage], [{ externalId: "jo", customerId: "1" }])
      const modify = yield* scripted([unknown, rejected], least)
      const layer = CustomerService.layerTest({ find: () => find.call, modify: () => modify.call })
      const { results: [result] } = yield* CustomerBatch.run(byExternalId, { retry: twice }).pipe(
        collect,
        Effect.provide(layer)
      )
      assert.deepStrictEqual(result?.exit, Exit.succeed(least))
      assert.strictEqual(yield* find.count, 3)
      assert.strictEqual(yield* modify.count, 3)
    }))

  it.effect("no change is tried where finding has failed", () =>
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

/** When each call begins, in milliseconds, with the errors that the first calls fail with. */
const times = (
  rate: NonNullable<CustomerBatch.Options["rate"]>,
  { commands = updatesOf(customers(5)), concurrency, failures = [] }: {
    readonly commands?: Stream.Stream<CustomerBatch.Command>
    readonly concurrency?: number
    readonly failures?: ReadonlyArray<TrustlyError>
  } = {}
) =>
  Effect.gen(function*() {
    const begun = yield* journal<number>()
    const now = Effect.flatMap(Clock.currentTimeMillis, begun.write)
    const { call } = yield* scripted(failures, least)
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
    return yield* begun.entries
  })

describe("rate", () => {
  const second = "1 second"

  it.effect("spreads calls evenly, however many may be under way", () =>
    Effect.gen(function*() {
      for (const concurrency of [1, 2, 16]) {
        assert.deepStrictEqual(yield* times({ limit: 4, interval: second }, { concurrency }), [0, 250, 500, 750, 1000])
        yield* TestClock.setTime(0)
      }
    }))

  it.effect("neither stalls nor bursts when the system clock is set", () =>
    Effect.gen(function*() {
      const test = yield* Effect.clock
      let step = 0
      const clock: Clock.Clock = Object.assign(Object.create(test), {
        unsafeCurrentTimeMillis: () => test.unsafeCurrentTimeMillis() + step,
        unsafeCurrentTimeNanos: () => test.unsafeCurrentTimeNanos(),
        currentTimeMillis: Effect.map(test.currentTimeMillis, (now) => now + step),
        sleep: (duration: Duration.DurationInput) => {
          step -= 3_600_000
          return test.sleep(Duration.decode(duration))
        }
      })
      const begun = yield* journal<number>()
      const layer = CustomerService.layerTest({
        update: () => Effect.as(Effect.flatMap(test.currentTimeMillis, begun.write), least)
      })
      const run = CustomerBatch.run(updatesOf(customers(4)), { rate: { limit: 4, interval: second } })
      const fiber = yield* Effect.fork(Effect.withClock(Effect.provide(Stream.runDrain(run), layer), clock))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* begun.entries, [0, 250, 500, 750])
    }))

  it.effect("counts each retry", () =>
    Effect.gen(function*() {
      const failures = [unknown, new TrustlyRateLimitError({ operation: "update" }), unknown]
      const begun = yield* times({ limit: 4, interval: second }, { commands: updatesOf(["1", "2"]), failures })
      assert.deepStrictEqual(begun, [0, 250, 500, 750, 1000])
    }))

  it.effect("counts a change by externalId as two", () =>
    Effect.gen(function*() {
      const commands = Stream.make({ externalId: "jo", change }, { customerId: "2", change }, {
        externalId: "al",
        change
      })
      const begun = yield* times({ limit: 2, interval: second }, { commands })
      assert.deepStrictEqual(begun, [0, 500, 1000, 1500, 2000])
    }))

  it.effect("makes up for no time that has passed", () =>
    Effect.gen(function*() {
      const late = Stream.fromEffect(Effect.sleep("10 seconds")).pipe(Stream.flatMap(() => updatesOf(["2", "3"])))
      const begun = yield* times({ limit: 4, interval: second }, { commands: Stream.concat(updatesOf(["1"]), late) })
      assert.deepStrictEqual(begun, [0, 10_000, 10_250])
    }))

  const limits = [[0, 1000], [-5, 1000], [NaN, 1000], [0.5, 2000], [3, 1000 / 3], [5000, 0.2], [Infinity, 0]] as const
  for (const [limit, step] of limits) {
    it.effect(`a limit of ${limit} is a call each ${step} ms`, () =>
      Effect.gen(function*() {
        const begun = yield* times({ limit, interval: second })
        assert.strictEqual(begun.length, 5)
        for (const [n, at] of begun.entries()) assert.closeTo(at, n * step, 0.01)
      }))
  }

  it.effect("lets no more than the limit begin in any interval", () =>
    Effect.gen(function*() {
      const begun = yield* times({ limit: 5000, interval: second }, { commands: updatesOf(customers(51)) })
      assert.strictEqual(begun.length, 51)
      assert.closeTo(begun.at(-1) ?? 0, 10, 0.1)
    }))
})

const run = (records: ReadonlyArray<CustomerRecord>) =>
  Effect.gen(function*() {
    const written = yield* journal<string>()
    const layer = CustomerService.layerTest({
      find: () => Effect.succeed(records),
      modify: (customerId) => Effect.as(written.write(customerId), least)
    })
    const { end, results: [result] } = yield* CustomerBatch.run(byExternalId).pipe(collect, Effect.provide(layer))
    assert.deepStrictEqual(end, Exit.void)
    return { exit: result?.exit, written: yield* written.entries }
  })

describe("a change by externalId", () => {
  const jo = { externalId: "jo", customerId: "1" }
  const notFound = new TrustlyNotFoundError({ operation: "find" })

  it.effect("is written to the one customer with this externalId", () =>
    Effect.gen(function*() {
      for (const records of [[jo], [{ externalId: "joe", customerId: "2" }, jo, { customerId: "3" }]]) {
        assert.deepStrictEqual(yield* run(records), { exit: Exit.succeed(least), written: ["1"] })
      }
    }))

  const refusals: ReadonlyArray<readonly [string, ReadonlyArray<CustomerRecord>, TrustlyError]> = [
    ["where nobody is found", [], notFound],
    ["where somebody else is found", [{ externalId: "joe", customerId: "2" }, { customerId: "3" }], notFound],
    [
      "where several are found",
      [jo, { ...jo, customerId: "2" }],
      new TrustlyValidationError({
        operation: "find",
        issues: [{ path: "externalId", problem: "invalid", expected: "one match" }]
      })
    ],
    [
      "where Trustly does not say which it is",
      [{ externalId: "jo" }],
      new TrustlyDecodeError({
        operation: "find",
        reason: "Shape",
        issues: [{ path: "customers.customerId", problem: "missing" }]
      })
    ]
  ]
  for (const [where, records, error] of refusals) {
    it.effect(`is written to nobody ${where}`, () =>
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
