/** Converts driver errors to {@link StorageError}, because a driver error can contain the statement and its values. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { StorageReason } from "../DeliveryError.ts"
import { StorageError } from "../DeliveryError.ts"

interface DriverError {
  readonly cause?: unknown
  readonly code?: unknown
  readonly message?: unknown
}

/** Returns an error and its causes, because drivers nest the error code at different depths. */
const withCauses = (error: unknown, depth = 0): ReadonlyArray<DriverError> => {
  if (!Predicate.isRecord(error) && !(error instanceof Error) || depth > 4) return []
  const current: DriverError = error
  return [current, ...withCauses(current.cause, depth + 1)]
}

// any string that does not look like an error code may contain values
const isCode = (code: unknown): code is string => Predicate.isString(code) && /^[A-Z0-9_]{1,40}$/.test(code)

// `pg` reports a lost connection without a code
const isConnectionLost = ({ message }: DriverError): boolean =>
  Predicate.isString(message) &&
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Client .* is not queryable)/.test(
    message
  )

const reasons: ReadonlyArray<readonly [RegExp, StorageReason]> = [
  [/^(SQLITE_FULL|53100|ENOSPC)/, "Full"],
  [/^(SQLITE_BUSY|SQLITE_LOCKED)/, "InUse"],
  [/^(SQLITE_IOERR|SQLITE_CANTOPEN|E[A-Z]+$|08|55P03|57P|53300)/, "Unavailable"]
]

const fromUnknown = (error: unknown): StorageError => {
  const errors = withCauses(error)
  const code = errors.map((each) => each.code).find(isCode)
  if (code === undefined) return new StorageError({ reason: errors.some(isConnectionLost) ? "Unavailable" : "Other" })
  return new StorageError({ reason: reasons.find(([pattern]) => pattern.test(code))?.[1] ?? "Other", code })
}

const fromCause = (cause: Cause.Cause<unknown>): StorageError => fromUnknown(Cause.squash(cause))

/**
 * Maps every failure and defect to a {@link StorageError}: `withTransaction` turns a failed COMMIT into a defect. Preserves
 * interruption. Disables tracing, because the spans of the delivery loop's statements would outnumber all others.
 */
export const orStorageError = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, StorageError, R> =>
  Effect.catchAllCause(
    Effect.withTracerEnabled(effect, false),
    (cause) =>
      Cause.isInterruptedOnly(cause) ? Effect.failCause(Cause.stripFailures(cause)) : Effect.fail(fromCause(cause))
  )
