/** When an optional property is missing. `codec.ts` knows these functions and runs them without an `Option`. */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

export const dropNull = <A>(value: Option.Option<A | null>): Option.Option<A> =>
  Option.filter(value, Predicate.isNotNull)

export const dropUndefined = <A>(value: Option.Option<A | undefined>): Option.Option<A> =>
  Option.filter(value, Predicate.isNotUndefined)
