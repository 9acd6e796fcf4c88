import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type { Outcome, TrustlyError } from "../TrustlyError.ts"
import {
  isTrustlyError,
  TrustlyAuthError,
  TrustlyDecodeError,
  TrustlyNetworkError,
  TrustlyNotFoundError,
  TrustlyRateLimitError,
  TrustlyRejectedError,
  TrustlyServerError,
  TrustlyValidationError
} from "../TrustlyError.ts"
import { copyServerMessages } from "./serverMessages.ts"

// the later, the more may have happened to the record
const severity: Readonly<Record<Outcome, number>> = { NotSent: 0, Rejected: 1, Unknown: 2, Applied: 3 }

const worse = (a: Outcome, b: Outcome): Outcome => severity[a] > severity[b] ? a : b

const remade = (error: TrustlyError, outcome: Outcome): TrustlyError => {
  switch (error._tag) {
    case "TrustlyValidationError":
      return new TrustlyValidationError({ ...error, outcome })
    case "TrustlyAuthError":
      return new TrustlyAuthError({ ...error, outcome })
    case "TrustlyNotFoundError":
      return new TrustlyNotFoundError({ ...error, outcome })
    case "TrustlyRejectedError":
      return new TrustlyRejectedError({ ...error, outcome })
    case "TrustlyRateLimitError":
      return new TrustlyRateLimitError({ ...error, outcome })
    case "TrustlyServerError":
      return new TrustlyServerError({ ...error, outcome })
    case "TrustlyNetworkError":
      return new TrustlyNetworkError({ ...error, outcome })
    case "TrustlyDecodeError":
      return new TrustlyDecodeError({ ...error, outcome })
  }
}

const withOutcome = (error: TrustlyError, outcome: Outcome): TrustlyError =>
  error.outcome === outcome ? error : copyServerMessages(error, remade(error, outcome))

/** Retries an effect; the error that comes out is the last one, with the worst outcome of all attempts. */
export const retryingWith =
  (policy: Schedule.Schedule<unknown, unknown>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | TrustlyError, R> =>
    // the schedule is set up when there is something to retry, not for each call
    Effect.catchAll(effect, (first) => {
      let worst: Outcome = "NotSent"
      let attempt: Effect.Effect<A, E, R> = Effect.fail(first)
      return Effect.suspend(() => {
        const now = attempt
        attempt = effect
        return now
      }).pipe(
        Effect.tapError((error) =>
          Effect.sync(() => {
            if (isTrustlyError(error)) worst = worse(error.outcome, worst)
          })
        ),
        Effect.retry(policy),
        Effect.mapError((error) => isTrustlyError(error) ? withOutcome(error, worst) : error)
      )
    })
