import * as Predicate from "effect/Predicate"
import type { ServerError } from "../TrustlyError.ts"
import { isDocumentedPath } from "./fields.ts"

/** Trustly's error envelope as far as it can be read: every entry that has a code, and all texts, whatever they are in. */
export interface Envelope {
  readonly errors: ReadonlyArray<ServerError>
  readonly texts: ReadonlyArray<string>
}

const integer = /^-?\d{1,15}$/

const codeOf = (entry: object): number | undefined => {
  if (!Predicate.hasProperty(entry, "code")) return undefined
  const { code } = entry
  if (typeof code === "string" && integer.test(code)) return Number(code)
  return Number.isSafeInteger(code) ? Number(code) : undefined
}

const textsOf = (entry: object): ReadonlyArray<string> =>
  ["domain", "message"].flatMap((key) => {
    const value: unknown = Predicate.hasProperty(entry, key) ? entry[key] : undefined
    return typeof value === "string" && value !== "" ? [value] : []
  })

const serverError = (entry: object): ReadonlyArray<ServerError> => {
  const code = codeOf(entry)
  if (code === undefined) return []
  const location = Predicate.hasProperty(entry, "location") ? entry.location : undefined
  // Trustly may echo what was sent: only the name of a documented field is known to be no value
  return [typeof location === "string" && isDocumentedPath(location) ? { code, location } : { code }]
}

const isEmpty = (errors: unknown): boolean =>
  errors === undefined || errors === null || errors === "" || errors === false ||
  (Array.isArray(errors) ? errors.length === 0 : Predicate.isRecord(errors) && Object.keys(errors).length === 0)

/** Whether a parsed body claims an error at all, readable or not. */
export const claimsError = (body: unknown): boolean => Predicate.isRecord(body) && !isEmpty(body["errors"])

/** Reads the envelope out of a parsed body. Never fails: an error that cannot be read is still an error. */
export const read = (body: unknown): Envelope => {
  if (!Predicate.isRecord(body)) return { errors: [], texts: [] }
  const { errors } = body
  const entries = (Array.isArray(errors) ? errors : [errors]).filter(Predicate.isRecord)
  return {
    errors: entries.flatMap(serverError),
    texts: [...textsOf(body), ...entries.flatMap(textsOf)]
  }
}
