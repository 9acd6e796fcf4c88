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

const parseDate = (value: string): Option.Option<number> =>
  httpDate.test(value) || asctimeDate.test(value)
    // DateTime.make reads a zone only as Z or an offset, and takes a date without one for UTC
    ? Option.map(DateTime.make(value.replace(/ GMT$/, "")), DateTime.toEpochMillis)
    : Option.none()

const parse = (headers: Headers.Headers, nowMillis: number): Option.Option<Duration.Duration> => {
  const value = headers["retry-after"]?.trim() ?? ""
  if (seconds.test(value)) return Option.some(Duration.seconds(Number(value)))
  // the server's own clock says how far away its date is
  const sentAt = Option.getOrElse(parseDate(headers["date"]?.trim() ?? ""), () => nowMillis)
  return parseDate(value).pipe(
    Option.map((date) => date - sentAt),
    Option.filter((millis) => millis > 0),
    Option.map(Duration.millis)
  )
}

/**
 * How long a `Retry-After` header asks to wait, in seconds or until a date. A date is measured against the response's `Date`
 * header, or against `nowMillis` without one. Negative, past, and malformed values count as absent.
 */
export const read = (headers: Headers.Headers, nowMillis: number): { readonly retryAfter?: Duration.Duration } =>
  Option.match(parse(headers, nowMillis), {
    onNone: () => ({}),
    onSome: (retryAfter) => ({ retryAfter })
  })
