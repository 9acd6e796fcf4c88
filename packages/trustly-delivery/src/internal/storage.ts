/** Reduces a driver's error to a {@link StorageError}: a driver's error can hold the statement and its values. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { StorageReason } from "../DeliveryError.ts"
import { StorageError } from "../DeliveryError.ts"

/** The code is at a different depth in every driver. */
const codeOf = (error: unknown, depth = 0): string | undefined => {
  if (!Predicate.isRecord(error) && !(error instanceof Error) || depth > 4) return undefined
  const { cause, code }: { readonly cause?: unknown; readonly code?: unknown } = error
  // a code is a short word; anything else may be a text with values
  return typeof code === "string" && /^[A-Z0-9_]{1,40}$/.test(code) ? code : codeOf(cause, depth + 1)
}

const reasons: ReadonlyArray<readonly [RegExp, StorageReason]> = [
  [/^(SQLITE_FULL|53100|ENOSPC)/, "Full"],
  [/^(SQLITE_BUSY|SQLITE_LOCKED)/, "InUse"],
  [/^(SQLITE_IOERR|SQLITE_CANTOPEN|E[A-Z]+$|08|57P|53300)/, "Unavailable"]
]

const fromUnknown = (error: unknown): StorageError => {
  const code = codeOf(error)
  if (code === undefined) return new StorageError({ reason: "Other" })
  return new StorageError({ reason: reasons.find(([pattern]) => pattern.test(code))?.[1] ?? "Other", code })
}

const fromCause = (cause: Cause.Cause<unknown>): StorageError => fromUnknown(Cause.squash(cause))

/**
 * Maps the whole cause, because a failing COMMIT is a defect of `withTransaction`; interruption stays. Statements have no spans: those
 * of the delivery loop would outnumber all others.
 */
export const orStorageError = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, StorageError, R> =>
  Effect.catchAllCause(
    Effect.withTracerEnabled(effect, false),
    (cause) =>
      Cause.isInterruptedOnly(cause) ? Effect.failCause(Cause.stripFailures(cause)) : Effect.fail(fromCause(cause))
  )
