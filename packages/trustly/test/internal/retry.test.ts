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

/** Each class as the error of a last attempt that was refused or not sent. */
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

/** The error of a call that fails first with an unknown outcome, then with this error. */
const after = <E>(error: E): Effect.Effect<unknown> => {
  let attempts = 0
  const call = Effect.suspend(() =>
    Effect.fail(attempts++ === 0 ? new TrustlyServerError({ operation: "update" }) : error)
  )
  return Effect.flip(once(call))
}

describe("the worst outcome of all attempts", () => {
  for (const error of last) {
    it.effect(`is put into the last error, ${error._tag}, and nothing else of it changes`, () =>
      Effect.gen(function*() {
        const reported = yield* after(withServerMessages(error, ["words of the server"]))
        assert(isTrustlyError(reported))
        assert.deepStrictEqual({ ...reported }, { ...error, outcome: "Unknown" })
        assert.strictEqual(reported.message, error.message)
        assert.deepStrictEqual(serverMessages(reported).map(Redacted.value), ["words of the server"])
      }))
  }

  it.effect("is that of one call, not of the next", () =>
    Effect.gen(function*() {
      const refused = new TrustlyAuthError({ operation: "update" })
      let attempts = 0
      const call = once(
        Effect.suspend(() => Effect.fail(attempts++ === 0 ? new TrustlyServerError({ operation: "update" }) : refused))
      )
      assert.strictEqual((yield* Effect.flip(call)).outcome, "Unknown")
      assert.strictEqual(yield* Effect.flip(call), refused)
    }))

  it.effect("leaves an error that is not of this library alone", () =>
    Effect.map(after("no"), (error) => assert.strictEqual(error, "no")))
})
