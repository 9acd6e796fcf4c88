import * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import type { ParseOptions } from "effect/SchemaAST"

type Parser<A> = (input: unknown) => Either.Either<A, ParseResult.ParseIssue>

// a parser leaves out what it does not know
const isLeftOut = (input: unknown, parsed: unknown): boolean =>
  input !== parsed && Predicate.isRecord(input) && Predicate.isRecord(parsed) &&
  Reflect.ownKeys(input).some((key) => !Object.hasOwn(parsed, key) || isLeftOut(input[key], parsed[key]))

/** Refuses unknown keys. The schema's own search for them costs more than the rest, so it is made only to name them. */
export const strictly = <A>(parserOf: (options?: ParseOptions) => Parser<A>): Parser<A> => {
  const parse = parserOf()
  const explain = parserOf({ onExcessProperty: "error", errors: "all" })
  return (input) => {
    const parsed = parse(input)
    return Either.isLeft(parsed) || isLeftOut(input, parsed.right) ? explain(input) : parsed
  }
}
