/** Decodes a line of the input: a command, nothing to do, or what is wrong with it. */
import type { CustomerBatch } from "effect-trustly"
import { TrustlyValidationError } from "effect-trustly"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Decode from "../Decode.ts"
import type { Wire } from "../Json.ts"
import * as Json from "../Json.ts"
import * as Failures from "./Failures.ts"
import type { Line } from "./Lines.ts"
import { maxCommandBytes } from "./Lines.ts"

/** A command with its line, and what the line contained: a failed line is written again. */
export type Command = CustomerBatch.Command & { readonly line: number; readonly source: () => Wire }

export type Entry =
  | { readonly _tag: "Command"; readonly line: number; readonly command: Command }
  | { readonly _tag: "Nothing"; readonly line: number }
  | { readonly _tag: "Bad"; readonly line: number; readonly source: Wire; readonly error: TrustlyValidationError }

type Decoded = Either.Either<CustomerBatch.Command, TrustlyValidationError>

const refuse = (path: string, expected: string): Decoded =>
  Either.left(new TrustlyValidationError({ operation: "update", issues: [{ path, problem: "invalid", expected }] }))

// users of CSV and of plain customers look for a field where they wrote it
const withoutPrefix = (error: TrustlyValidationError): TrustlyValidationError =>
  new TrustlyValidationError({
    operation: error.operation,
    issues: error.issues.map((issue) => ({ ...issue, path: issue.path.replace(/^(update|change)\./, "") }))
  })

/** A customer that names itself. One with an `externalId` only is changed, never created. */
const decodeCustomer = (wire: Wire): Decoded => {
  const { customerId, externalId } = wire
  if (customerId !== undefined) return Either.mapLeft(Decode.command({ customerId, update: wire }), withoutPrefix)
  return Either.flatMap(Decode.update(wire), () =>
    externalId === undefined
      ? refuse("customerId", "a customerId or an externalId")
      : Either.mapLeft(Decode.command({ externalId, change: wire }), withoutPrefix))
}

/** A line must not stop those behind it, whatever decoding it throws. */
const attempt = (decode: () => Decoded): Decoded =>
  Either.getOrElse(Either.try(decode), () => refuse("", "a command or a customer"))

const make = (line: number, source: () => Wire, decode: () => Decoded): Entry => {
  const decoded = attempt(decode)
  if (Either.isLeft(decoded)) return { _tag: "Bad", line, source: source(), error: decoded.left }
  const command = decoded.right
  return "change" in command && Object.keys(command.change).length === 0
    ? { _tag: "Nothing", line }
    : { _tag: "Command", line, command: { ...command, line, source } }
}

const isCommand = (wire: Wire): boolean => "update" in wire || "change" in wire

/** An `externalId` of a customer is a field, which `null` can clear. */
const withoutNullIdentifiers = (wire: Wire): Wire => {
  const named = wire["customerId"] === null ? Record.remove(wire, "customerId") : wire
  return named["externalId"] === null && isCommand(wire) ? Record.remove(named, "externalId") : named
}

/** What a line contains: of a failure record, the command in it. An identifier that is `null` is none. */
const contentOf = (text: string): Option.Option<{ readonly wire: Wire; readonly isRecord: boolean }> =>
  Option.map(Json.parseObject(text), (wire) =>
    Option.match(Failures.parseRecord(wire), {
      onNone: () => ({ wire: withoutNullIdentifiers(wire), isRecord: false }),
      onSome: ({ source }) => ({ wire: withoutNullIdentifiers(source), isRecord: true })
    }))

/** A number like 1e400 is read as `Infinity`, which is written as null. A whole number beyond 2^53 is rounded. */
const isExact = (value: number): boolean => Math.abs(value) <= Number.MAX_SAFE_INTEGER

/** What a failure record holds of a line: its command, or its text if the command would be written with other numbers. */
const sourceOf = (text: string): Wire =>
  contentOf(text).pipe(
    Option.map(({ wire }) => wire),
    Option.filter((wire) => Json.everyNumber(wire, isExact)),
    Option.getOrElse(() => ({ text }))
  )

/** A character takes at most three bytes of UTF-8, so a short text need not be measured. */
export const isTooLong = (text: string): boolean =>
  text.length > maxCommandBytes / 3 && Buffer.byteLength(text) > maxCommandBytes

/** A line of NDJSON: a command, a customer, or a failure record that contains one of these. */
export const ofLine = ({ line, text }: Line): Entry => {
  if (text === undefined) return make(line, () => ({}), () => refuse("", "a line of at most 1 MiB in UTF-8"))
  const content = contentOf(text)
  if (Option.isNone(content)) {
    if (isTooLong(text)) return ofLine({ line })
    const expected = Json.nesting(text).deepest > Json.maxDepth
      ? `one JSON object, nested at most ${Json.maxDepth} levels deep`
      : "one JSON object"
    return make(line, () => ({ text }), () => refuse("", expected))
  }
  const { isRecord, wire } = content.value
  // a line that was not JSON stands in its failure record as text
  if (isRecord && typeof wire["text"] === "string" && Object.keys(wire).length === 1) {
    return ofLine({ line, text: wire["text"] })
  }
  // the record of a line is longer than the line
  if (isTooLong(text) && !isRecord) return ofLine({ line })
  return make(
    line,
    // parsed again where it is needed: keeping it would double the memory of what waits
    () => sourceOf(text),
    () => isCommand(wire) ? Decode.command(wire) : decodeCustomer(wire)
  )
}

/** The change that a CSV row describes. A cell that cannot be read is a problem of its field. */
export const ofRow = (
  line: number,
  { customerId, externalId, ...fields }: Wire,
  issues: TrustlyValidationError["issues"]
): Entry => {
  const source = customerId === undefined
    ? externalId === undefined ? { change: fields } : { externalId, change: fields }
    : { customerId, change: externalId === undefined ? fields : { externalId, ...fields } }
  return make(line, () => source, () => {
    if (issues.length > 0) return Either.left(new TrustlyValidationError({ operation: "modify", issues }))
    if (customerId === undefined && externalId === undefined) {
      return refuse("customerId", "a customerId or an externalId")
    }
    return Either.mapLeft(Decode.command(source), withoutPrefix)
  })
}

/** A CSV row that has more cells than the header, or is not UTF-8. */
export const ofBrokenRow = (line: number, cells: ReadonlyArray<string>, expected: string): Entry =>
  make(line, () => ({ text: cells.join(",") }), () => refuse("", expected))
