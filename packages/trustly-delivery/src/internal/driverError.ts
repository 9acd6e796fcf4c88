/** What may be said about the error of a database driver, which can contain the statement and its values. */
import * as Predicate from "effect/Predicate"
import type { StorageReason } from "../DeliveryError.ts"

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
  [/^(SQLITE_IOERR|SQLITE_CANTOPEN|E[A-Z]+$|08|25006|25P03|55P03|57014|57P|53300)/, "Unavailable"]
]

/** Why a database operation failed, and the driver's code, where it has one. */
export const read = (error: unknown): { readonly reason: StorageReason; readonly code?: string } => {
  const errors = withCauses(error)
  const code = errors.map((each) => each.code).find(isCode)
  if (code === undefined) return { reason: errors.some(isConnectionLost) ? "Unavailable" : "Other" }
  return { reason: reasons.find(([pattern]) => pattern.test(code))?.[1] ?? "Other", code }
}
