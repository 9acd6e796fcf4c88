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
  [new TrustlyValidationError({ operation: "update" }), 2, /No update was sent\. Fix the fields/],
  [new TrustlyValidationError({ operation: "update", status: 400 }), 1, /Nothing was changed\. Fix the fields/],
  [
    new TrustlyValidationError({ operation: "update", status: 400, outcome: "Unknown" }),
    1,
    /may have been applied\. Fix the fields/
  ],
  [new TrustlyAuthError({ operation: "update" }), 2, /Nothing was changed\. Check TRUSTLY_ACCESS_ID/],
  [new TrustlyNotFoundError({ operation: "get" }), 1, /\. Check the customerId/],
  [new TrustlyRejectedError({ operation: "update" }), 1, /Nothing was changed\. Retrying won't help/],
  [new TrustlyRejectedError({ operation: "update", status: 302 }), 1, /Nothing was changed\. Check TRUSTLY_BASE_URL/],
  [new TrustlyRejectedError({ operation: "update", status: 0 }), 1, /Nothing was changed\. Check TRUSTLY_BASE_URL/],
  [new TrustlyRateLimitError({ operation: "update" }), 1, /Nothing was changed\. Run it again later/],
  [new TrustlyRateLimitError({ operation: "update", retryAfter: Duration.seconds(7) }), 1, /Run it again in 7 s/],
  [new TrustlyServerError({ operation: "update" }), 1, /The update may have been applied\. Run it again later/],
  [new TrustlyServerError({ operation: "update", status: 501 }), 1, /may have been applied\. Retrying won't help/],
  [new TrustlyServerError({ operation: "get" }), 1, /\. Run it again later/],
  [
    new TrustlyNetworkError({ operation: "update", reason: "Dns" }),
    1,
    /No update was sent\. Check TRUSTLY_BASE_URL and the network/
  ],
  [
    new TrustlyNetworkError({ operation: "update", reason: "Connect" }),
    1,
    /No update was sent\. Check TRUSTLY_BASE_URL, HTTPS_PROXY, and the network/
  ],
  [new TrustlyNetworkError({ operation: "update", reason: "Tls" }), 1, /No update was sent\. Check .* certificates/],
  [
    new TrustlyNetworkError({ operation: "update", reason: "Timeout" }),
    1,
    /may have been applied\. Run it again.*TRUSTLY_TIMEOUT/
  ],
  [new TrustlyNetworkError({ operation: "update", reason: "Reset" }), 1, /may have been applied\. Run it again/],
  [
    new TrustlyNetworkError({ operation: "update", reason: "Protocol" }),
    1,
    /may have been applied\. Check TRUSTLY_BASE_URL, also whether it starts with http or https/
  ],
  [
    new TrustlyDecodeError({ operation: "update", reason: "Shape" }),
    1,
    /The update was applied\. Don't send it again\. Check with `get`/
  ],
  [new TrustlyDecodeError({ operation: "get", reason: "Shape" }), 1, /\. Check TRUSTLY_BASE_URL/]
]

describe("an error is reported in one line with its exit status", () => {
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

const reportedRetries = (failures: ReadonlyArray<TrustlyError>, times: number) =>
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
    const report = (line: string) => Ref.update(lines, (all) => [...all, line])
    const fiber = yield* Effect.fork(Effect.either(Effect.retry(call, Report.announced(policy, report))))
    yield* TestClock.adjust("1 minutes")
    yield* fiber
    return yield* Ref.get(lines)
  })

describe("an announced retry policy", () => {
  it.effect("reports each retry with its wait", () =>
    Effect.gen(function*() {
      const retryAfter = Duration.seconds(7)
      const lines = yield* reportedRetries([
        new TrustlyServerError({ operation: "update", status: 503, retryAfter }),
        new TrustlyRateLimitError({ operation: "update", retryAfter })
      ], 3)
      assert.strictEqual(lines.length, 2)
      assert.match(lines[0] ?? "", /HTTP 503.*\. Retrying in 7 s$/)
      assert.match(lines[1] ?? "", /\. Retrying in 7 s$/)
    }))

  it.effect("reports nothing for the last failure", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* reportedRetries([new TrustlyAuthError({ operation: "update" })], 3), [])
      assert.deepStrictEqual(
        yield* reportedRetries([new TrustlyServerError({ operation: "update", retryAfter: Duration.seconds(10) })], 3),
        []
      )
      assert.strictEqual(
        (yield* reportedRetries([
          new TrustlyServerError({ operation: "update" }),
          new TrustlyServerError({ operation: "update" })
        ], 1)).length,
        1
      )
    }))
})
