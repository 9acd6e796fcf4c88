import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Ref, TestClock } from "effect"
import type { TrustlyError } from "effect-trustly"
import {
  TrustlyAuthError,
  TrustlyDecodeError,
  TrustlyNetworkError,
  TrustlyNotFoundError,
  TrustlyRateLimitError,
  TrustlyRejectedError,
  TrustlyRetry,
  TrustlyServerError,
  TrustlyValidationError
} from "effect-trustly"
import * as Report from "../src/Report.ts"

const errors: ReadonlyArray<readonly [error: TrustlyError, status: number, line: RegExp]> = [
  [new TrustlyValidationError({}), 2, /No update was sent\. Correct what is named/],
  [new TrustlyValidationError({ status: 400 }), 1, /Nothing was changed\. Correct what is named/],
  [
    new TrustlyValidationError({ status: 400, outcome: "Unknown" }),
    1,
    /It is unknown .* applied\. Correct what is named/
  ],
  [new TrustlyAuthError({}), 1, /Nothing was changed\. Check TRUSTLY_ACCESS_ID/],
  [new TrustlyNotFoundError({ operation: "get" }), 1, /\(HTTP 404\)\. Check the customerId/],
  [new TrustlyRejectedError({}), 1, /Nothing was changed\. Another try does not help/],
  [new TrustlyRejectedError({ status: 302 }), 1, /Nothing was changed\. Check TRUSTLY_BASE_URL/],
  [new TrustlyRejectedError({ status: 0 }), 1, /Nothing was changed\. Check TRUSTLY_BASE_URL/],
  [new TrustlyRateLimitError({}), 1, /Nothing was changed\. Run it again later/],
  [new TrustlyRateLimitError({ retryAfter: Duration.seconds(7) }), 1, /Run it again in 7 s/],
  [new TrustlyServerError({}), 1, /It is unknown whether the update was applied\. Run it again later/],
  [new TrustlyServerError({ status: 501 }), 1, /It is unknown .*\. Another try does not help/],
  [new TrustlyServerError({ operation: "get" }), 1, /\(HTTP 500\)\. Run it again later/],
  [new TrustlyNetworkError({ reason: "Dns" }), 1, /No update was sent\. Check TRUSTLY_BASE_URL and the network/],
  [new TrustlyNetworkError({ reason: "Connect" }), 1, /No update was sent\. Check TRUSTLY_BASE_URL and the network/],
  [new TrustlyNetworkError({ reason: "Tls" }), 1, /No update was sent\. Check .* certificates/],
  [new TrustlyNetworkError({ reason: "Timeout" }), 1, /It is unknown .*\. Run it again.*TRUSTLY_TIMEOUT/],
  [new TrustlyNetworkError({ reason: "Reset" }), 1, /It is unknown .*\. Run it again/],
  [new TrustlyNetworkError({ reason: "Protocol" }), 1, /It is unknown .*\. Check TRUSTLY_BASE_URL, http or https/],
  [new TrustlyDecodeError({}), 1, /The update was applied\. Do not send it again: see with `get`/],
  [new TrustlyDecodeError({ operation: "get" }), 1, /\(HTTP 200\)\. Check TRUSTLY_BASE_URL/]
]

describe("an error of the library", () => {
  for (const [error, status, line] of errors) {
    it(`${error.message}`, () => {
      const problem = Report.problem(error)
      assert.match(problem.message, line)
      assert.include(problem.message, error.message)
      assert.notInclude(problem.message, "\n")
      assert.strictEqual(problem.status, status)
    })
  }
})

const told = (failures: ReadonlyArray<TrustlyError>, times: number) =>
  Effect.gen(function*() {
    const lines = yield* Ref.make<ReadonlyArray<string>>([])
    const policy = TrustlyRetry.policy({
      times,
      baseDelay: "1 seconds",
      maxDelay: "1 seconds",
      maxRetryAfter: "9 seconds"
    })
    let attempt = 0
    const call = Effect.suspend(() => {
      const failure = failures[attempt++]
      return failure === undefined ? Effect.void : Effect.fail(failure)
    })
    const tell = (line: string) => Ref.update(lines, (all) => [...all, line])
    const fiber = yield* Effect.fork(Effect.either(Effect.retry(call, Report.announced(policy, tell))))
    yield* TestClock.adjust("1 minutes")
    yield* fiber
    return yield* Ref.get(lines)
  })

describe("a policy that is announced", () => {
  it.effect("tells of each retry, with its wait", () =>
    Effect.gen(function*() {
      const retryAfter = Duration.seconds(7)
      const lines = yield* told([
        new TrustlyServerError({ status: 503, retryAfter }),
        new TrustlyRateLimitError({ retryAfter })
      ], 3)
      assert.deepStrictEqual(lines, [
        "CustomerService.update: Trustly failed, asks to wait 7 s (HTTP 503). Trying again in 7 s",
        "CustomerService.update: too many requests, asks to wait 7 s (HTTP 429). Trying again in 7 s"
      ])
    }))

  it.effect("tells nothing of a failure that is the last", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* told([new TrustlyAuthError({})], 3), [])
      assert.deepStrictEqual(yield* told([new TrustlyServerError({ retryAfter: Duration.seconds(10) })], 3), [])
      assert.strictEqual((yield* told([new TrustlyServerError({}), new TrustlyServerError({})], 1)).length, 1)
    }))
})
