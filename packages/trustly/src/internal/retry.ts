import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type { Outcome } from "../TrustlyError.ts"
import { isTrustlyError, TrustlyError } from "../TrustlyError.ts"
import { copyServerMessages } from "./serverMessages.ts"

// ordered by how much may have happened to the record
const severity: Readonly<Record<Outcome, number>> = { NotSent: 0, Rejected: 1, Unknown: 2, Applied: 3 }

const worst = (a: Outcome, b: Outcome): Outcome => severity[a] > severity[b] ? a : b

const encode = Schema.encodeSync(TrustlyError)
const decode = Schema.decodeSync(TrustlyError)

const withOutcome = (error: TrustlyError, outcome: Outcome): TrustlyError =>
  error.outcome === outcome ? error : copyServerMessages(error, decode({ ...encode(error), outcome }))

/** Retries an effect. The error is that of the last attempt, with the worst outcome of all attempts. */
export const retry =
  (policy: Schedule.Schedule<unknown, unknown>) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | TrustlyError, R> =>
    // the schedule starts when there is something to retry, not with each call
    Effect.catchAll(effect, (first) => {
      let outcome: Outcome = "NotSent"
      let attempt: Effect.Effect<A, E, R> = Effect.fail(first)
      return Effect.suspend(() => {
        const current = attempt
        attempt = effect
        return current
      }).pipe(
        Effect.tapError((error) =>
          Effect.sync(() => {
            if (isTrustlyError(error)) outcome = worst(error.outcome, outcome)
          })
        ),
        Effect.retry(policy),
        Effect.mapError((error) => isTrustlyError(error) ? withOutcome(error, outcome) : error)
      )
    })
