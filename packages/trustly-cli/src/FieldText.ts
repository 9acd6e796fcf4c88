/** Reads the value of a field from text, as it stands on the command line or in a CSV cell. */
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Fields from "./Fields.ts"
import * as Json from "./Json.ts"

/** A tier that is a whole number is sent as a number. `007` and `1e3` stay text: as numbers they would come back as others. */
const tier = (text: string): string | number => `${Number(text)}` === text && /^\d+$/.test(text) ? Number(text) : text

const datePattern = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/

// 202601310930 would be a day in 1976
const compactTimePattern = /^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d$/

/** Milliseconds since 1970 have 12 or 13 digits from 1973 to 2286. Fewer digits are seconds, a day of Excel, or 20260131. */
export const isMilliseconds = (value: number): boolean =>
  Number.isInteger(value) && value >= 1e11 && value < 1e13 && !compactTimePattern.test(`${value}`)

const instant = (text: string): Option.Option<number> =>
  /^\d+$/.test(text)
    ? Option.filter(Option.some(Number(text)), isMilliseconds)
    : Option.fromNullable(datePattern.exec(text)?.[1]).pipe(
      // February 30 would be read as March 2
      Option.filter((day) => Option.exists(DateTime.make(day), (it) => DateTime.formatIsoDateUtc(it) === day)),
      Option.flatMap(() => DateTime.make(text)),
      Option.map(DateTime.toEpochMillis)
    )

/** What an instant looks like in text. */
const anInstant = "a date such as 2026-01-31 or 2026-01-31T09:30:00Z, or milliseconds since 1970"

const anObject = "a JSON object"

/** JSON reads a number like 1e400 as `Infinity`, and cannot write it. */
const object = (text: string): Option.Option<unknown> =>
  Option.filter(Json.parseObject(text), (value) => Json.everyNumber(value, Number.isFinite))

/** The wire value of a field, or what was expected instead. */
export const read = (path: string, text: string): Either.Either<unknown, string> => {
  switch (Fields.kindOf(path)) {
    case "Number":
      return Either.right(path === "vip" ? tier(text) : text)
    case "Instant":
      return Either.fromOption(instant(text), () => anInstant)
    case "Json":
      return Either.fromOption(object(text), () => anObject)
    default:
      return Either.right(text)
  }
}
