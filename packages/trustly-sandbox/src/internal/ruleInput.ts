/** A fault rule as it comes in, or what is wrong with it: names and expectations, nothing of what was sent. */
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import { FaultRule } from "../Fault.ts"

interface Issue {
  readonly path: string
  readonly problem: "missing" | "unknown" | "invalid"
  readonly expected?: string
}

const problems: Partial<Record<ParseResult.ArrayFormatterIssue["_tag"], Issue["problem"]>> = {
  Missing: "missing",
  Unexpected: "unknown"
}

// the formatter's messages end in what was sent
const expectation = ({ message }: ParseResult.ArrayFormatterIssue): ReadonlyArray<string> =>
  /^Expected (.*?), actual /s.exec(message)?.slice(1) ?? []

const issuesOf = (error: ParseResult.ParseIssue): ReadonlyArray<Issue> => {
  const byPath = Arr.groupBy(ParseResult.ArrayFormatter.formatIssueSync(error), ({ path }) => path.join("."))
  return Object.entries(byPath).map(([path, issues]): Issue => {
    const expected = issues.flatMap(expectation)
    return {
      path,
      problem: problems[issues[0]._tag] ?? "invalid",
      // each member of a union has an issue of its own
      ...(expected.length > 0 ? { expected: expected.join(" or ") } : {})
    }
  })
}

const decodeRule = ParseResult.decodeUnknownEither(FaultRule, { onExcessProperty: "error", errors: "all" })

export const decode = (body: unknown): Either.Either<FaultRule, ReadonlyArray<Issue>> =>
  Either.mapLeft(decodeRule(body), issuesOf)
