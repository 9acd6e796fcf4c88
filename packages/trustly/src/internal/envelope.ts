import * as Predicate from "effect/Predicate"
import type { ServerError } from "../TrustlyError.ts"
import { isDocumentedPath } from "./fields.ts"

export type ErrorClass = "Validation" | "Auth" | "NotFound" | "Rejected" | "RateLimit" | "Server"

/** Trustly's error codes, from its page "Errors". */
const classes: ReadonlyMap<number, ErrorClass> = new Map<number, ErrorClass>([
  [100, "Server"],
  [150, "Server"],
  [200, "Validation"],
  [210, "Rejected"],
  [300, "Auth"],
  [326, "Rejected"],
  [330, "Rejected"],
  [331, "Rejected"],
  [375, "Auth"],
  [378, "Server"],
  [380, "Rejected"],
  [390, "Rejected"],
  [397, "Rejected"]
])

/** The class of the first code that Trustly documents. */
export const classOfCode = (errors: ReadonlyArray<ServerError>): ErrorClass | undefined =>
  errors.map(({ code }) => classes.get(code)).find(Predicate.isNotUndefined)

/** Trustly's error envelope, as far as it can be read: every entry with a code, and all messages. */
export interface Envelope {
  readonly errors: ReadonlyArray<ServerError>
  readonly messages: ReadonlyArray<string>
}

const integer = /^-?\d{1,15}$/

const codeOf = (entry: object): number | undefined => {
  if (!Predicate.hasProperty(entry, "code")) return undefined
  const { code } = entry
  if (typeof code === "string" && integer.test(code)) return Number(code)
  return Number.isSafeInteger(code) ? Number(code) : undefined
}

const messagesIn = (entry: object): ReadonlyArray<string> =>
  ["domain", "message"].flatMap((key) => {
    const value: unknown = Predicate.hasProperty(entry, key) ? entry[key] : undefined
    return typeof value === "string" && value !== "" ? [value] : []
  })

const serverError = (entry: object): ReadonlyArray<ServerError> => {
  const code = codeOf(entry)
  if (code === undefined) return []
  const location = Predicate.hasProperty(entry, "location") ? entry.location : undefined
  // Trustly may echo what was sent: only the path of a documented field is known to be no value
  return [typeof location === "string" && isDocumentedPath(location) ? { code, location } : { code }]
}

const isEmpty = (errors: unknown): boolean =>
  errors === undefined || errors === null || errors === "" || errors === false ||
  (Array.isArray(errors) ? errors.length === 0 : Predicate.isRecord(errors) && Object.keys(errors).length === 0)

/** Whether a response reports an error, readable or not. */
export const hasErrors = (json: unknown): boolean => Predicate.isRecord(json) && !isEmpty(json["errors"])

// far beyond any real response: the message of an error lists them all
const maxErrors = 100

/** Reads the envelope. It never fails: an error that cannot be read is still an error. */
export const read = (json: unknown): Envelope => {
  if (!Predicate.isRecord(json)) return { errors: [], messages: [] }
  const { errors } = json
  const entries = (Array.isArray(errors) ? errors : [errors]).filter(Predicate.isRecord).slice(0, maxErrors)
  return {
    errors: entries.flatMap(serverError),
    messages: [...messagesIn(json), ...entries.flatMap(messagesIn)]
  }
}
