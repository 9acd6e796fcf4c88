/** Values of fields that come in as texts, on the command line or in a CSV. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type { Wire } from "./CustomerView.ts"

// "007" and "1e3" are texts: as numbers they would come back as others
export const tier = (vip: string): string | number => `${Number(vip)}` === vip && /^\d+$/.test(vip) ? Number(vip) : vip

const dated = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/

export const instant = (text: string): Option.Option<number> =>
  Option.fromNullable(dated.exec(text)?.[1]).pipe(
    // the 30th of February would be read as the 2nd of March
    Option.filter((day) => Option.exists(DateTime.make(day), (it) => DateTime.formatIsoDateUtc(it) === day)),
    Option.flatMap(() => DateTime.make(text)),
    Option.map(DateTime.toEpochMillis)
  )

export const object = (text: string): Option.Option<Wire> =>
  Option.liftThrowable((json: string): unknown => JSON.parse(json))(text).pipe(
    Option.filter(Predicate.isReadonlyRecord),
    Option.filter((value) => !Array.isArray(value))
  )
