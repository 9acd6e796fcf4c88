import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as AST from "effect/SchemaAST"
import type { Issue } from "../TrustlyError.ts"

type Path = ReadonlyArray<PropertyKey>

const fieldName = /^[A-Za-z_][A-Za-z0-9_]{0,39}$/

const expected = (ast: AST.AST): string => {
  switch (ast._tag) {
    case "StringKeyword":
      return "a text"
    case "NumberKeyword":
      return "a number"
    case "TypeLiteral":
      return "an object"
    case "Transformation":
      return Option.getOrElse(AST.getDescriptionAnnotation(ast), () => expected(ast.to))
    case "Union":
      return [...new Set(ast.types.map(expected))].join(" or ")
    default:
      return Option.getOrElse(AST.getDescriptionAnnotation(ast), () => String(ast))
  }
}

const list = (issues: ParseResult.SingleOrNonEmpty<ParseResult.ParseIssue>): ReadonlyArray<ParseResult.ParseIssue> =>
  "_tag" in issues ? [issues] : issues

const append = (path: Path, step: ParseResult.Path): Path => [...path, ...(typeof step === "object" ? step : [step])]

// a key that does not look like a field name may be a value that went astray
const named = (path: Path): string =>
  path.map((step) => typeof step === "number" || fieldName.test(String(step)) ? String(step) : "(a key)").join(".")

const walk = (issue: ParseResult.ParseIssue, path: Path): ReadonlyArray<Issue> => {
  switch (issue._tag) {
    case "Pointer":
      return walk(issue.issue, append(path, issue.path))
    case "Missing":
      return [{ path: named(path), problem: "missing" }]
    case "Unexpected":
      return [{ path: named(path), problem: "unknown" }]
    case "Composite": {
      const inner = list(issue.issues).flatMap((each) => walk(each, path))
      if (!AST.isUnion(issue.ast)) return inner
      // of the members of a union, the one that was entered tells more than that none fitted
      const deeper = inner.filter((each) => each.path !== named(path))
      return deeper.length > 0 ? deeper : invalid(issue.ast, path, issue.actual)
    }
    case "Refinement":
      return issue.kind === "From" ? walk(issue.issue, path) : invalid(issue.ast, path, issue.actual)
    case "Transformation":
      return issue.kind === "Transformation" ? invalid(issue.ast, path, issue.actual) : walk(issue.issue, path)
    default:
      return invalid(issue.ast, path, issue.actual)
  }
}

// without exactOptionalPropertyTypes a key that is there without a value compiles, and its user thinks of it as absent
const invalid = (ast: AST.AST, path: Path, actual: unknown): ReadonlyArray<Issue> => [
  { path: named(path), problem: "invalid", expected: expected(ast) + (actual === undefined ? ", or no such key" : "") }
]

/** What a parse issue says without the values: a `ParseError` holds and prints the whole input, so it must not get out. */
export const fromParseIssue = (issue: ParseResult.ParseIssue): ReadonlyArray<Issue> => walk(issue, [])
