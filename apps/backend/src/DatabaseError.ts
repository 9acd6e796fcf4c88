/** What may be said about an error of a database driver, whose message can hold the values of a statement. */
import { StorageError } from "effect-trustly-delivery"
import * as Predicate from "effect/Predicate"

/** Finds the error code, which drivers nest at different depths. */
export const codeOf = (error: unknown): string | undefined => {
  if (!Predicate.isObject(error)) return undefined
  if (Predicate.hasProperty(error, "code") && typeof error.code === "string" && /^[A-Z0-9_]{1,40}$/.test(error.code)) {
    return error.code
  }
  return Predicate.hasProperty(error, "cause") ? codeOf(error.cause) : undefined
}

// the same as in `effect-trustly-delivery`
const reasons = [
  [/^(SQLITE_FULL|53100|ENOSPC)/, "Full"],
  [/^(SQLITE_BUSY|SQLITE_LOCKED)/, "InUse"],
  [/^(SQLITE_IOERR|SQLITE_CANTOPEN|E[A-Z]+$|08|57P|53300)/, "Unavailable"]
] as const

export const toStorageError = (error: unknown): StorageError => {
  const code = codeOf(error)
  if (code === undefined) return new StorageError({ reason: "Other" })
  return new StorageError({ reason: reasons.find(([pattern]) => pattern.test(code))?.[1] ?? "Other", code })
}
