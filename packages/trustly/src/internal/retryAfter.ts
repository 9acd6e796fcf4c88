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

/** How long a `Retry-After` header asks to wait, in seconds or by a date; negative, past and garbage values count as absent. */
export const parse = (header: string | undefined, nowMillis: number): Option.Option<Duration.Duration> => {
  const value = header?.trim() ?? ""
  if (seconds.test(value)) return Option.some(Duration.seconds(Number(value)))
  if (!httpDate.test(value) && !asctimeDate.test(value)) return Option.none()
  // DateTime.make reads a zone only as Z or an offset, and takes a date without one for UTC
  return DateTime.make(value.replace(/ GMT$/, "")).pipe(
    Option.map((date) => date.epochMillis - nowMillis),
    Option.filter((millis) => millis > 0),
    Option.map(Duration.millis)
  )
}
