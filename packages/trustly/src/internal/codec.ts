/**
 * Decodes and encodes with the schemas of this package as `ParseResult` does, which makes several objects and closures for
 * each field, at less than half its cost. The short way takes a value as a whole or not at all; what it does not take is left to
 * the schema, to be explained.
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"

type Parser<A> = (input: unknown) => Either.Either<A, ParseResult.ParseIssue>

/** Whether keys that the schema does not know are left out or refused. */
type Options = Required<Pick<AST.ParseOptions, "onExcessProperty">>

const refused = Symbol("refused")

/** Gives what a value becomes, or `refused`. */
type Step = (value: unknown) => unknown

type Compile = (ast: AST.AST) => Step

const leave: Step = () => refused

const where = (accepts: (value: unknown) => boolean): Step => (value) => accepts(value) ? value : refused

const text = where(Predicate.isString)

const number = where(Predicate.isNumber)

const andThen = (first: Step, second: Step): Step => (value) => {
  const between = first(value)
  return between === refused ? refused : second(between)
}

const firstOf = (steps: ReadonlyArray<Step>): Step => (value) => {
  for (const step of steps) {
    const read = step(value)
    if (read !== refused) return read
  }
  return refused
}

const each = (step: Step): Step => (value) => {
  if (!Array.isArray(value)) return refused
  const items = value.map((item) => step(item))
  return items.includes(refused) ? refused : items
}

const struct = (ast: AST.TypeLiteral, compile: Compile, { onExcessProperty }: Options, nullIsAbsent = false): Step => {
  if (ast.indexSignatures.length > 0) return leave
  const fields = ast.propertySignatures.map(({ isOptional, name, type }) => ({ isOptional, name, step: compile(type) }))
  return (value) => {
    if (!Predicate.isRecord(value)) return refused
    const copy: Record<PropertyKey, unknown> = {}
    let known = 0
    for (const { isOptional, name, step } of fields) {
      if (!Object.hasOwn(value, name)) {
        if (isOptional) continue
        return refused
      }
      known++
      const held = value[name]
      if (held === null && isOptional && nullIsAbsent) continue
      const read = step(held)
      if (read === refused) return refused
      copy[name] = read
    }
    return onExcessProperty === "error" && Reflect.ownKeys(value).length > known ? refused : copy
  }
}

type Parse<Node> = (value: unknown, options: AST.ParseOptions, ast: Node, original: unknown) => unknown

// an effect that is not done at once is the schema's to run
const run = <Node>(ast: Node, parse: Parse<Node>): Step => (value) => {
  const result = parse(value, AST.defaultParseOption, ast, value)
  return Either.isEither(result) && Either.isRight(result) ? result.right : refused
}

const compiler = (way: "decode" | "encode", options: Options): Compile => {
  const compile: Compile = (ast) => {
    switch (ast._tag) {
      case "StringKeyword":
        return text
      case "NumberKeyword":
        return number
      case "Literal":
        return where((value) => value === ast.literal)
      case "Declaration":
        return run(ast, (way === "decode" ? ast.decodeUnknown : ast.encodeUnknown)(...ast.typeParameters))
      case "Refinement":
        return way === "decode"
          ? andThen(compile(ast.from), where((value) => Option.isNone(ast.filter(value, AST.defaultParseOption, ast))))
          : andThen(compiler("decode", options)(AST.typeAST(ast)), compile(ast.from))
      case "Union":
        return firstOf(ast.types.map(compile))
      case "TupleType": {
        const [item, ...more] = ast.rest
        return item === undefined || more.length > 0 || ast.elements.length > 0 ? leave : each(compile(item.type))
      }
      case "TypeLiteral":
        return struct(ast, compile, options)
      case "Transformation": {
        const { from, to, transformation } = ast
        // what one of ours makes needs no check
        if (transformation._tag === "FinalTransformation") {
          return andThen(compile(way === "decode" ? from : to), run(ast, transformation[way]))
        }
        // a struct whose optional fields read null as absent
        return way === "decode" && transformation._tag === "TypeLiteralTransformation" && AST.isTypeLiteral(from)
          ? struct(from, compile, options, true)
          : leave
      }
      default:
        return leave
    }
  }
  return compile
}

/** A schema of one node, that takes the short way. */
const short = <A, I>(step: Step): Schema.Schema<A, I> => {
  const parse = () => (value: unknown, _options: AST.ParseOptions, ast: AST.Declaration) => {
    const read = step(value)
    return read === refused ? Either.left(new ParseResult.Type(ast, value)) : Either.right(read)
  }
  return Schema.make(new AST.Declaration([], parse, parse))
}

const orExplain = <A>(parse: Parser<A>, explain: Parser<A>): Parser<A> => (input) => {
  const parsed = parse(input)
  return Either.isRight(parsed) ? parsed : explain(input)
}

export const decoder = <A, I>(schema: Schema.Schema<A, I>, options: Options): Parser<A> =>
  orExplain(
    ParseResult.decodeUnknownEither(short<A, I>(compiler("decode", options)(schema.ast))),
    ParseResult.decodeUnknownEither(schema, { ...options, errors: "all" })
  )

const strict: Options = { onExcessProperty: "error" }

/** Refuses keys that the schema does not know: they would not be sent. */
export const encoder = <A, I>(schema: Schema.Schema<A, I>): Parser<I> =>
  orExplain(
    ParseResult.encodeUnknownEither(short<A, I>(compiler("encode", strict)(schema.ast))),
    ParseResult.encodeUnknownEither(schema, { ...strict, errors: "all" })
  )
