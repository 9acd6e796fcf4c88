import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as AST from "effect/SchemaAST"
import type { Issue } from "../TrustlyError.ts"
import * as Expect from "./expect.ts"
import { isDocumentedPath } from "./fields.ts"
import type * as Plain from "./plain.ts"

type Path = ReadonlyArray<PropertyKey>

/** Describes what a third-party schema expects. */
const describe = (ast: AST.AST): string => {
  switch (ast._tag) {
    case "StringKeyword":
      return "a string"
    case "NumberKeyword":
      return "a number"
    case "TypeLiteral":
      return "an object"
    case "Transformation":
      return Option.getOrElse(AST.getDescriptionAnnotation(ast), () => describe(ast.to))
    case "Union":
      return [...new Set(ast.types.map(describe))].join(" or ")
    default:
      return Option.getOrElse(AST.getDescriptionAnnotation(ast), () => String(ast))
  }
}

const list = (issues: ParseResult.SingleOrNonEmpty<ParseResult.ParseIssue>): ReadonlyArray<ParseResult.ParseIssue> =>
  "_tag" in issues ? [issues] : issues

const append = (path: Path, step: ParseResult.Path): Path => [...path, ...(typeof step === "object" ? step : [step])]

const fieldName = /^[A-Za-z_][A-Za-z0-9_]{0,39}$/

// a key that does not look like a field name may be a misplaced value
const format = (path: Path): string =>
  path.map((step) => typeof step === "number" || fieldName.test(String(step)) ? String(step) : "(a key)").join(".")

const walk = (issue: ParseResult.ParseIssue, path: Path): ReadonlyArray<Issue> => {
  switch (issue._tag) {
    case "Pointer":
      return walk(issue.issue, append(path, issue.path))
    case "Missing":
      return [{ path: format(path), problem: "missing" }]
    case "Unexpected":
      return [{ path: format(path), problem: "unknown" }]
    default: {
      const expected = Expect.of(issue.ast)
      return Option.isSome(expected) ? [invalid(path, expected.value)] : walkInto(issue, path)
    }
  }
}

type Nested = Exclude<ParseResult.ParseIssue, ParseResult.Pointer | ParseResult.Missing | ParseResult.Unexpected>

const walkInto = (issue: Nested, path: Path): ReadonlyArray<Issue> => {
  switch (issue._tag) {
    case "Composite": {
      const inner = list(issue.issues).flatMap((each) => walk(each, path))
      if (!AST.isUnion(issue.ast)) return inner
      // the member that the value was meant for has issues of its own fields
      const deeper = inner.filter((each) => each.path !== format(path))
      return deeper.length > 0 ? deeper : [invalid(path, describe(issue.ast))]
    }
    case "Refinement":
      return issue.kind === "From" ? walk(issue.issue, path) : [invalid(path, describe(issue.ast))]
    case "Transformation":
      return issue.kind === "Transformation" ? [invalid(path, describe(issue.ast))] : walk(issue.issue, path)
    default:
      return [invalid(path, describe(issue.ast))]
  }
}

const invalid = (path: Path, expected: string): Issue => ({ path: format(path), problem: "invalid", expected })

// a response of 1 MiB can have an issue for each of 80,000 customers
const maxIssues = 100

/** What a parse issue says, without the values: a `ParseError` holds the whole input. */
export const fromParseIssue = (issue: ParseResult.ParseIssue): ReadonlyArray<Issue> =>
  walk(issue, []).slice(0, maxIssues)

/** Where an input is not plain data. `outside` is the path from the input to the customer. */
export const notPlain = (path: Plain.Path, outside: Plain.Path = []): Issue => ({
  // a longer path could hold a key of the customer's own data
  path: [...outside, ...path.filter((_, index) => isDocumentedPath(path.slice(0, index + 1).join(".")))].join("."),
  problem: "invalid",
  expected: "plain data: objects, arrays, strings, numbers, booleans, and null"
})
