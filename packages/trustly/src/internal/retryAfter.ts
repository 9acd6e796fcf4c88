import type * as Headers from "@effect/platform/Headers"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

const seconds = /^\d+$/
const day = "(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?"
const month = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
const time = "\\d{2}:\\d{2}:\\d{2}"
// the three forms of an HTTP date (RFC 9110, 5.6.7); anything looser would take garbage such as "-5" for a year
const httpDate = new RegExp(`^${day}, \\d{2} ${month} \\d{4} ${time} GMT$|^${day}, \\d{2}-${month}-\\d{2} ${time} GMT$`)
const asctimeDate = new RegExp(`^${day} ${month} [ \\d]\\d ${time} \\d{4}$`)

const millisOf = (value: string): number | undefined =>
  httpDate.test(value) || asctimeDate.test(value)
    // DateTime.make reads a zone only as Z or an offset, and takes a date without one for UTC
    ? Option.getOrUndefined(Option.map(DateTime.make(value.replace(/ GMT$/, "")), DateTime.toEpochMillis))
    : undefined

/**
 * How long a `Retry-After` header asks to wait, in seconds or until a date. A date is measured against the response's `Date`
 * header, or against `nowMillis` without one. Negative, past, and malformed values count as absent.
 */
export const read = (headers: Headers.Headers, nowMillis: number): { readonly retryAfter?: Duration.Duration } => {
  const value = headers["retry-after"]?.trim() ?? ""
  if (seconds.test(value)) return { retryAfter: Duration.seconds(Number(value)) }
  const date = millisOf(value)
  // the server's own clock says how far away its date is
  const sentAt = millisOf(headers["date"]?.trim() ?? "") ?? nowMillis
  return date !== undefined && date > sentAt ? { retryAfter: Duration.millis(date - sentAt) } : {}
}
