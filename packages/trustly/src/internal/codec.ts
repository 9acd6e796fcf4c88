/**
 * Optimized. Decodes and encodes with the schemas of this library at less than half the cost of `ParseResult`.
 *
 * The plain version is `ParseResult.decodeUnknownEither(schema, { errors: "all" })` and `encodeUnknownEither` alike. With it, an
 * update takes a fifth more CPU time (`npm run bench`).
 *
 * A schema compiles to one function, which returns the result or `refused`. It refuses whatever is invalid, and every value of a
 * schema that it was not written for: the schema itself then decodes the value, or explains what is wrong with it. So the compiled
 * function may refuse too much, and must never accept what the schema would not, or return something else.
 * `test/internal/codec.test.ts` holds it against the schemas with generated inputs.
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import type * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import * as Presence from "./presence.ts"

type Direction = "decode" | "encode"

const refused = Symbol("refused")

/** Returns what a value becomes, or `refused`. */
type Step = (value: unknown) => unknown

type ExcessProperties = "ignore" | "error"

/** Thrown to make the plain schema decode the value. `refused` would not do: a union would try its next member. */
const fallBackToSchema = new Error("The schema has to decide")

const unsupported: Step = () => {
  throw fallBackToSchema
}

const accept = (isAccepted: (value: unknown) => boolean): Step => (value) => isAccepted(value) ? value : refused

const acceptString = accept(Predicate.isString)
const acceptNumber = accept(Predicate.isNumber)
const acceptBoolean = accept(Predicate.isBoolean)
const acceptUndefined = accept(Predicate.isUndefined)

const identical: Step = (value) => value

const pipe = (first: Step, second: Step): Step => {
  if (first === identical) return second
  if (second === identical) return first
  return (value) => {
    const result = first(value)
    return result === refused ? refused : second(result)
  }
}

const firstOf = (steps: ReadonlyArray<Step>): Step => (value) => {
  for (const step of steps) {
    const result = step(value)
    if (result !== refused) return result
  }
  return refused
}

const array = (item: Step): Step => (value) => {
  if (!Array.isArray(value)) return refused
  const items = value.map((member) => item(member))
  return items.includes(refused) ? refused : items
}

type Parse<Node> = (value: unknown, options: AST.ParseOptions, ast: Node, original: unknown) => unknown

const run = <Node>(ast: Node, parse: Parse<Node>): Step => (value) => {
  const result = parse(value, AST.defaultParseOption, ast, value)
  // an effect that does not complete at once
  if (!Either.isEither(result)) throw fallBackToSchema
  return Either.isRight(result) ? result.right : refused
}

/** Whether two schemas of types are the same, whatever their annotations. */
const isSameType = (a: AST.AST, b: AST.AST): boolean => {
  if (a === b) return true
  if (AST.isUnion(a) && AST.isUnion(b)) return everyPair(a.types, b.types, isSameType)
  if (AST.isTypeLiteral(a) && AST.isTypeLiteral(b)) {
    return a.indexSignatures.length === 0 && b.indexSignatures.length === 0 &&
      everyPair(
        a.propertySignatures,
        b.propertySignatures,
        (one, other) =>
          one.name === other.name && one.isOptional === other.isOptional && isSameType(one.type, other.type)
      )
  }
  if (AST.isRefinement(a) && AST.isRefinement(b)) return a.filter === b.filter && isSameType(a.from, b.from)
  if (AST.isDeclaration(a) && AST.isDeclaration(b)) {
    return a.decodeUnknown === b.decodeUnknown && everyPair(a.typeParameters, b.typeParameters, isSameType)
  }
  if (AST.isLiteral(a) && AST.isLiteral(b)) return a.literal === b.literal
  return a._tag === b._tag &&
    (AST.isStringKeyword(a) || AST.isNumberKeyword(a) || AST.isBooleanKeyword(a) || AST.isUndefinedKeyword(a))
}

const everyPair = <A>(as: ReadonlyArray<A>, bs: ReadonlyArray<A>, holds: (a: A, b: A) => boolean): boolean =>
  as.length === bs.length && as.every((a, index) => {
    const b = bs[index]
    return b !== undefined && holds(a, b)
  })

/** How one property becomes another: a default, a new name, `null` read as missing. */
interface Move {
  readonly target: PropertyKey
  readonly convert: (value: Option.Option<unknown>) => Option.Option<unknown>
  /** The one value that is read as missing, where `convert` does nothing else. */
  readonly dropped: unknown
  /** `dropped`, where the schema of the property accepts it as it is, so that its step can be left out. */
  readonly skipped: unknown
  readonly check: Step
}

/** A missing property stays missing: no value is read as missing but this one. */
const droppedBy = (convert: Move["convert"]): unknown =>
  convert === Presence.dropNull ? null : convert === Presence.dropUndefined ? undefined : refused

interface Property {
  readonly name: PropertyKey
  readonly isOptional: boolean
  readonly step: Step
  readonly move: Move | undefined
}

const struct = (properties: ReadonlyArray<Property>, excess: ExcessProperties): Step => (value) => {
  if (!Predicate.isRecord(value)) return refused
  const result: Record<PropertyKey, unknown> = {}
  let known = 0
  for (const { isOptional, move, name, step } of properties) {
    let present: unknown = refused
    if (Object.hasOwn(value, name)) {
      known++
      present = value[name]
      if (move !== undefined && present === move.skipped) continue
      present = step(present)
      if (present === refused) return refused
    } else if (!isOptional) {
      return refused
    }
    if (move === undefined) {
      if (present !== refused) result[name] = present
      continue
    }
    let moved = present
    if (move.dropped === refused) {
      const converted = move.convert(present === refused ? Option.none() : Option.some(present))
      if (Option.isNone(converted)) continue
      moved = converted.value
    } else if (present === refused || present === move.dropped) {
      continue
    }
    const checked = move.check(moved)
    if (checked === refused) return refused
    result[move.target] = checked
  }
  return excess === "error" && Reflect.ownKeys(value).length > known ? refused : result
}

/** Whether a member of a union decodes objects: the schema may pick such a member by its literals. */
const isObject = (ast: AST.AST): boolean =>
  AST.isTransformation(ast) ? isObject(ast.from) || isObject(ast.to) : !(
    AST.isStringKeyword(ast) || AST.isNumberKeyword(ast) || AST.isBooleanKeyword(ast) || AST.isUndefinedKeyword(ast) ||
    AST.isLiteral(ast) || AST.isDeclaration(ast) || (AST.isRefinement(ast) && !isObject(ast.from)) ||
    (AST.isUnion(ast) && !ast.types.some(isObject))
  )

const compile = (ast: AST.AST, direction: Direction, outerExcess: ExcessProperties): Step => {
  const options = Option.getOrElse(AST.getParseOptionsAnnotation(ast), (): AST.ParseOptions => ({}))
  const { onExcessProperty = outerExcess, ...otherOptions } = options
  if (onExcessProperty === "preserve" || Object.keys(otherOptions).length > 0) return unsupported
  if (Option.isSome(AST.getDecodingFallbackAnnotation(ast))) return unsupported
  const step = (inner: AST.AST, way = direction): Step => compile(inner, way, onExcessProperty)
  switch (ast._tag) {
    case "StringKeyword":
      return acceptString
    case "NumberKeyword":
      return acceptNumber
    case "BooleanKeyword":
      return acceptBoolean
    case "UndefinedKeyword":
      return acceptUndefined
    case "Literal":
      return accept((value) => value === ast.literal)
    case "Declaration":
      return run(ast, (direction === "decode" ? ast.decodeUnknown : ast.encodeUnknown)(...ast.typeParameters))
    case "Refinement": {
      const filter = accept((value) => Option.isNone(ast.filter(value, AST.defaultParseOption, ast)))
      return direction === "decode"
        ? pipe(step(ast.from), filter)
        : pipe(pipe(step(AST.typeAST(ast.from), "decode"), filter), step(ast.from))
    }
    case "Union":
      // a schema picks among members that are objects by their literals, before it tries them in order
      return ast.types.filter(isObject).length > 1 ? unsupported : firstOf(ast.types.map((member) => step(member)))
    case "TupleType": {
      const [item, ...others] = ast.rest
      return item === undefined || others.length > 0 || ast.elements.length > 0 ? unsupported : array(step(item.type))
    }
    case "TypeLiteral":
      return ast.indexSignatures.length > 0 ? unsupported : struct(
        ast.propertySignatures.map(({ isOptional, name, type }) => ({
          name,
          isOptional,
          step: step(type),
          move: undefined
        })),
        onExcessProperty
      )
    case "Transformation":
      return transformation(ast, direction, onExcessProperty)
    default:
      return unsupported
  }
}

const transformation = (ast: AST.Transformation, direction: Direction, excess: ExcessProperties): Step => {
  const [source, target] = direction === "decode" ? [ast.from, ast.to] : [ast.to, ast.from]
  const step = (inner: AST.AST): Step => compile(inner, direction, excess)
  switch (ast.transformation._tag) {
    case "FinalTransformation":
      return pipe(pipe(step(source), run(ast, ast.transformation[direction])), step(target))
    case "ComposeTransformation":
      return unsupported
    case "TypeLiteralTransformation": {
      if (!AST.isTypeLiteral(source) || !AST.isTypeLiteral(target)) return unsupported
      if (source.indexSignatures.length > 0 || target.indexSignatures.length > 0) return unsupported
      const targets = new Map(target.propertySignatures.map((property) => [property.name, property]))
      const conversions = new Map(
        ast.transformation.propertySignatureTransformations.map(({ decode, encode, from, to }) =>
          direction === "decode" ? [from, { target: to, convert: decode }] : [to, { target: from, convert: encode }]
        )
      )
      const properties: Array<Property> = []
      for (const { isOptional, name, type } of source.propertySignatures) {
        const conversion = conversions.get(name) ?? { target: name, convert: undefined }
        const becomes = targets.get(conversion.target)
        // a name that another property has too, or a property that the target does not know
        if (becomes === undefined || (conversion.target !== name && targets.has(name))) return unsupported
        if (conversion.convert === undefined && becomes.isOptional !== isOptional) return unsupported
        const isSame = isSameType(
          AST.typeAST(direction === "decode" ? type : becomes.type),
          direction === "decode" ? becomes.type : type
        )
        const [first, second] = isSame
          ? (direction === "decode" ? [step(type), identical] : [identical, step(becomes.type)])
          : [step(type), step(becomes.type)]
        const dropped = conversion.convert === undefined ? refused : droppedBy(conversion.convert)
        properties.push(
          conversion.convert === undefined
            ? { name, isOptional, step: pipe(first, second), move: undefined }
            : {
              name,
              isOptional,
              step: first,
              move: {
                target: conversion.target,
                convert: conversion.convert,
                dropped,
                skipped: attempt(first, dropped) === dropped ? dropped : refused,
                check: second
              }
            }
        )
      }
      return struct(properties, excess)
    }
  }
}

type Parser<A> = (input: unknown) => Either.Either<A, ParseResult.ParseIssue>

const attempt = (step: Step, input: unknown): unknown => {
  try {
    return step(input)
  } catch {
    return refused
  }
}

const make = <A>(step: Step, schema: Parser<A>): Parser<A> => (input) => {
  const result = attempt(step, input)
  // what a step accepts is what the schema would return
  return result === refused ? schema(input) : Either.right(result as A)
}

export const decoder = <A, I>(schema: Schema.Schema<A, I>): Parser<A> =>
  make(compile(schema.ast, "decode", "ignore"), ParseResult.decodeUnknownEither(schema, { errors: "all" }))

export const encoder = <A, I>(schema: Schema.Schema<A, I>): Parser<I> =>
  make(compile(schema.ast, "encode", "ignore"), ParseResult.encodeUnknownEither(schema, { errors: "all" }))
