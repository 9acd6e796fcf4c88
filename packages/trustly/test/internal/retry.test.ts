import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Redacted, Schedule } from "effect"
import {
  isTrustlyError,
  serverMessages,
  TrustlyAuthError,
  TrustlyDecodeError,
  type TrustlyError,
  TrustlyNetworkError,
  TrustlyNotFoundError,
  TrustlyRateLimitError,
  TrustlyRejectedError,
  TrustlyServerError,
  TrustlyValidationError
} from "effect-trustly"
import { retry } from "../../src/internal/retry.ts"
import { withServerMessages } from "../../src/internal/serverMessages.ts"

/** One error of each class, as the error of a last attempt that was rejected or not sent. */
const last: ReadonlyArray<TrustlyError> = [
  new TrustlyValidationError({
    operation: "modify",
    status: 422,
    issues: [{ path: "name", problem: "missing" }],
    errors: [{ code: 200, location: "name" }]
  }),
  new TrustlyAuthError({ operation: "update", status: 403, errors: [{ code: 300 }] }),
  new TrustlyNotFoundError({ operation: "get", customerId: "1" }),
  new TrustlyRejectedError({ operation: "update", status: 302 }),
  new TrustlyRateLimitError({ operation: "update", retryAfter: Duration.seconds(7) }),
  new TrustlyServerError({ operation: "update", status: 501, outcome: "Rejected" }),
  new TrustlyNetworkError({ operation: "update", reason: "Tls", code: "CERT_HAS_EXPIRED" }),
  new TrustlyDecodeError({
    operation: "update",
    reason: "Shape",
    outcome: "NotSent",
    issues: [{ path: "a", problem: "invalid" }]
  })
]

const once = retry(Schedule.recurs(1))

/** The error of a retried call that fails with an unknown outcome, then with this error. */
const errorAfterUnknown = <E>(error: E): Effect.Effect<unknown> => {
  let attempts = 0
  const call = Effect.suspend(() =>
    Effect.fail(attempts++ === 0 ? new TrustlyServerError({ operation: "update" }) : error)
  )
  return Effect.flip(once(call))
}

describe("the worst outcome of all attempts", () => {
  for (const error of last) {
    it.effect(`replaces only the outcome of the last error (${error._tag})`, () =>
      Effect.gen(function*() {
        const reported = yield* errorAfterUnknown(withServerMessages(error, ["server message"]))
        assert(isTrustlyError(reported))
        assert.deepStrictEqual({ ...reported }, { ...error, outcome: "Unknown" })
        assert.strictEqual(reported.message, error.message)
        assert.deepStrictEqual(serverMessages(reported).map(Redacted.value), ["server message"])
      }))
  }

  it.effect("does not carry over to the next call", () =>
    Effect.gen(function*() {
      const rejected = new TrustlyAuthError({ operation: "update" })
      let attempts = 0
      const call = once(
        Effect.suspend(() => Effect.fail(attempts++ === 0 ? new TrustlyServerError({ operation: "update" }) : rejected))
      )
      assert.strictEqual((yield* Effect.flip(call)).outcome, "Unknown")
      assert.strictEqual(yield* Effect.flip(call), rejected)
    }))

  it.effect("does not change an error from outside this library", () =>
    Effect.map(errorAfterUnknown("no"), (error) => assert.strictEqual(error, "no")))
})
