/**
 * What a schema expects, in words. `issuesOf` reports it. Effect's own formatters print it instead of the rejected value, which
 * they print for every schema that has no message of its own.
 */
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as AST from "effect/SchemaAST"

const Expected: unique symbol = Symbol.for("effect-trustly/Expected")

/** Annotations for a schema of one value. Its message replaces those of all schemas inside it. */
export const value = (expected: string) => ({
  [Expected]: expected,
  description: expected,
  message: () => ({ message: `Expected ${expected}`, override: true })
})

const issuesIn = (issue: ParseResult.Composite): ReadonlyArray<ParseResult.ParseIssue> =>
  "_tag" in issue.issues ? [issue.issues] : issue.issues

const isAboutWholeValue = (issue: ParseResult.ParseIssue): boolean => {
  switch (issue._tag) {
    case "Type":
      return true
    case "Transformation":
    case "Refinement":
      return isAboutWholeValue(issue.issue)
    case "Composite":
      return AST.isUnion(issue.ast) && issuesIn(issue).every(isAboutWholeValue)
    default:
      return false
  }
}

/** Annotations for a schema of objects. Its message replaces those of its fields only where the value is not an object. */
export const object = {
  message: (issue: ParseResult.ParseIssue) => ({ message: "Expected an object", override: isAboutWholeValue(issue) })
}

const silent = (ast: AST.AST): AST.AST => AST.annotations(ast, { [AST.MessageAnnotationId]: object.message })

/** Gives both sides of a struct the message of {@link object}. Effect makes them without one, out of reach of annotations. */
export const silenceSides = <S extends { readonly ast: AST.AST }>(struct: S): S => {
  const { ast } = struct
  return Object.defineProperty(struct, "ast", {
    value: AST.isTransformation(ast)
      ? new AST.Transformation(silent(ast.from), silent(ast.to), ast.transformation, ast.annotations)
      : silent(ast)
  })
}

/** What the schema of one value expects. */
export const of = (ast: AST.AST): Option.Option<string> => AST.getAnnotation<string>(Expected)(ast)

/** Annotations for a schema that accepts what another one accepts, and `null` or `undefined`. */
export const like = (ast: AST.AST) => Option.match(of(ast), { onNone: () => object, onSome: value })
