import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Exit, Fiber, Option, Random, Ref, Schedule, TestClock } from "effect"
import {
  CustomerService,
  TrustlyAuthError,
  TrustlyDecodeError,
  type TrustlyError,
  TrustlyNetworkError,
  TrustlyRateLimitError,
  TrustlyRetry,
  TrustlyServerError
} from "effect-trustly"

const outage = new TrustlyServerError({ operation: "update", status: 503 })
const after = (seconds: number) =>
  new TrustlyRateLimitError({ operation: "update", retryAfter: Duration.seconds(seconds) })

/**
 * Retries a call that fails with these errors in order, then succeeds. Returns the exit and the start time of each attempt, in
 * milliseconds.
 */
const attempts = <E>(failures: ReadonlyArray<E>, options?: TrustlyRetry.Options) =>
  Effect.gen(function*() {
    const times = yield* Ref.make<ReadonlyArray<number>>([])
    const call = Effect.gen(function*() {
      const now = yield* TestClock.currentTimeMillis
      const made = yield* Ref.getAndUpdate(times, (all) => [...all, now])
      const failure = failures[made.length]
      return failure === undefined ? "done" : yield* Effect.fail(failure)
    })
    const fiber = yield* Effect.fork(Effect.exit(Effect.retry(call, TrustlyRetry.policy(options))))
    // longer than any policy waits
    yield* TestClock.adjust("400 days")
    return { exit: yield* Fiber.join(fiber), times: yield* Ref.get(times) }
  })

const waits = (times: ReadonlyArray<number>): ReadonlyArray<number> =>
  times.slice(1).map((time, index) => Math.round(time - (times[index] ?? 0)))

describe("policy", () => {
  it.effect("retries three times, after 250 ms, 500 ms, and 1 s, with 20% jitter", () =>
    Effect.gen(function*() {
      const seen = yield* Effect.replicateEffect(attempts(Array.from({ length: 9 }, () => outage)), 50)
      for (const { exit, times } of seen) {
        assert.deepStrictEqual(exit, Exit.fail(outage))
        assert.strictEqual(times.length, 4)
        for (const [index, wait] of waits(times).entries()) {
          assert.isAtLeast(wait, 250 * 2 ** index * 0.8 - 1)
          assert.isAtMost(wait, 250 * 2 ** index * 1.2 + 1)
        }
      }
      assert.isAbove(new Set(seen.map(({ times }) => times[1])).size, 10, "there is no jitter")
    }))

  it.effect("stops at the first success", () =>
    Effect.map(
      attempts([outage, new TrustlyNetworkError({ operation: "update", reason: "Reset" })]),
      ({ exit, times }) => {
        assert.deepStrictEqual(exit, Exit.succeed("done"))
        assert.strictEqual(times.length, 3)
      }
    ))

  it.effect("waits no longer than maxDelay", () =>
    Effect.map(
      attempts([outage, outage, outage, outage], { times: 4, baseDelay: "1 second", maxDelay: "2 seconds" }),
      ({ times }) => assert.deepStrictEqual(waits(times).slice(2), [2000, 2000])
    ))

  it.effect("waits for the longer of Retry-After and its own delay", () =>
    Effect.map(attempts([after(7), after(0), after(59)]), ({ exit, times }) => {
      assert.deepStrictEqual(exit, Exit.succeed("done"))
      const [first, second = 0, third] = waits(times)
      assert.deepStrictEqual([first, third], [7000, 59_000])
      assert.isAtLeast(second, 400)
    }))

  it.effect("waits longer than maxDelay if Retry-After requests it", () =>
    Effect.map(
      attempts([after(30)], { maxDelay: "1 second" }),
      ({ times }) => assert.deepStrictEqual(waits(times), [30_000])
    ))

  it.effect("gives up immediately if Retry-After exceeds maxRetryAfter", () =>
    Effect.gen(function*() {
      for (const seconds of [61, 1e9, Number.MAX_SAFE_INTEGER / 1000]) {
        const { exit, times } = yield* attempts([after(seconds)])
        assert.isTrue(Exit.isFailure(exit))
        assert.deepStrictEqual(times.length, 1)
      }
      const { times } = yield* attempts([after(60)])
      assert.deepStrictEqual(waits(times), [60_000])
    }))

  it.effect("never fires early with infinite delays", () =>
    Effect.gen(function*() {
      const forever = { maxDelay: Duration.infinity, maxRetryAfter: Duration.infinity }
      // the limit of a platform timer is 2^31 - 1 milliseconds
      assert.strictEqual((yield* attempts([after(3_000_000)], forever)).times.length, 1)
      const { times } = yield* attempts([outage], { ...forever, baseDelay: Duration.infinity })
      assert.deepStrictEqual(waits(times), [2 ** 31 - 1])
    }))

  const nonRetryableErrors: ReadonlyArray<unknown> = [
    new TrustlyAuthError({ operation: "update" }),
    new TrustlyDecodeError({ operation: "update", reason: "Shape" }),
    new TrustlyNetworkError({ operation: "update", reason: "Tls" }),
    new TrustlyServerError({ operation: "update", status: 501 }),
    new Error("boom"),
    { _tag: "TrustlyServerError", isRetryable: true },
    null,
    "boom"
  ]
  for (const [index, error] of nonRetryableErrors.entries()) {
    it.effect(`does not retry a non-retryable error (${index}: ${String(error).slice(0, 40)})`, () =>
      Effect.map(attempts([error, error]), ({ times }) => assert.strictEqual(times.length, 1)))
  }

  it.effect("can be disabled with times: 0", () =>
    Effect.map(attempts([outage], { times: 0 }), ({ times }) => assert.strictEqual(times.length, 1)))

  it.effect("passes each error to Schedule.tapInput", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<unknown>>([])
      const policy = TrustlyRetry.policy({ baseDelay: 0 }).pipe(
        Schedule.tapInput((error) => Ref.update(seen, (all) => [...all, error]))
      )
      const fiber = yield* Effect.fork(Effect.exit(Effect.retry(Effect.fail(outage), policy)))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* Ref.get(seen), [outage, outage, outage, outage])
    }))
})

const load = (entries: ReadonlyArray<readonly [string, string]>) =>
  Effect.withConfigProvider(TrustlyRetry.config, ConfigProvider.fromMap(new Map(entries)))

describe("config", () => {
  it.effect("leaves unset variables to the defaults of the policy", () =>
    Effect.map(
      load([]),
      (options) => assert.deepStrictEqual(Object.values(options).filter((value) => value !== undefined), [])
    ))

  it.effect("reads the four variables", () =>
    Effect.map(
      load([
        ["TRUSTLY_RETRY_TIMES", "5"],
        ["TRUSTLY_RETRY_BASE_DELAY", "1 second"],
        ["TRUSTLY_RETRY_MAX_DELAY", "2 minutes"],
        ["TRUSTLY_RETRY_MAX_RETRY_AFTER", "0 millis"]
      ]),
      ({ baseDelay = 0, maxDelay = 0, maxRetryAfter = 1, times }) => {
        assert.strictEqual(times, 5)
        assert.deepStrictEqual([baseDelay, maxDelay, maxRetryAfter].map(Duration.toMillis), [1000, 120_000, 0])
      }
    ))

  for (
    const [key, value] of [
      ["TRUSTLY_RETRY_TIMES", "-1"],
      ["TRUSTLY_RETRY_TIMES", "1.5"],
      ["TRUSTLY_RETRY_TIMES", "sentinel"],
      ["TRUSTLY_RETRY_BASE_DELAY", "sentinel"],
      ["TRUSTLY_RETRY_MAX_DELAY", "Infinity"],
      ["TRUSTLY_RETRY_MAX_RETRY_AFTER", ""]
    ] as const
  ) {
    it.effect(`rejects ${key}=${value}, naming the variable but not the value`, () =>
      Effect.map(Effect.flip(load([[key, value]])), (error) => {
        assert.include(String(error), key)
        assert.notInclude(String(error), "sentinel")
      }))
  }
})

const errorOf = (exit: Exit.Exit<unknown, TrustlyError>) =>
  Exit.isFailure(exit) && exit.cause._tag === "Fail" ? Option.some(exit.cause.error) : Option.none()

const outcomes = (failures: ReadonlyArray<TrustlyError>) =>
  Effect.gen(function*() {
    const left = yield* Ref.make(failures)
    const next = Effect.flatMap(
      Ref.modify(left, ([failure, ...rest]) => [failure, rest] as const),
      (failure) => failure === undefined ? Effect.succeed([]) : Effect.fail(failure)
    )
    const layer = CustomerService.withRetry(TrustlyRetry.policy({ baseDelay: 0 }))(
      CustomerService.layerTest({ find: () => next })
    )
    const call = Effect.flatMap(CustomerService, (customers) => customers.find({ externalId: "1" }))
    return yield* Effect.exit(Effect.provide(call, layer))
  }).pipe(
    Effect.fork,
    Effect.tap(TestClock.adjust("1 hour")),
    Effect.flatMap(Fiber.join),
    Effect.map((exit) => Exit.isSuccess(exit) ? "Success" : Option.getOrUndefined(errorOf(exit))?.outcome)
  )

describe("withRetry", () => {
  const limited = new TrustlyRateLimitError({ operation: "update" })
  const rejected = new TrustlyAuthError({ operation: "update" })
  const unsent = new TrustlyNetworkError({ operation: "update", reason: "Connect" })

  it.effect("reports the worst outcome of all attempts", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* outcomes([outage, rejected]), "Unknown")
      assert.strictEqual(yield* outcomes([outage, unsent, unsent, unsent]), "Unknown")
      assert.strictEqual(yield* outcomes([limited, unsent, unsent, unsent]), "Rejected")
      assert.strictEqual(yield* outcomes([unsent, rejected]), "Rejected")
      assert.strictEqual(yield* outcomes([unsent, unsent, unsent, unsent]), "NotSent")
      assert.strictEqual(
        yield* outcomes([outage, new TrustlyDecodeError({ operation: "update", reason: "Shape" })]),
        "Applied"
      )
      assert.strictEqual(yield* outcomes([outage, outage]), "Success")
    }).pipe(Effect.withRandom(Random.make("worst"))))
})
