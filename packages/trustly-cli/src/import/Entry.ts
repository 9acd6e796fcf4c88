/** What a line of the input comes to: a command, nothing to do, or what is wrong with it. */
import { CustomerBatch, CustomerUpdate, TrustlyValidationError } from "effect-trustly"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as CustomerInput from "../CustomerInput.ts"
import type { Wire } from "../CustomerView.ts"
import * as FieldText from "../FieldText.ts"
import type { Line } from "./Lines.ts"
import { maxBytes } from "./Lines.ts"

/** A command with the line that it came from, and what stood there: written again where the command fails. */
export type Command = CustomerBatch.Command & { readonly line: number; readonly source: () => Wire }

export type Entry =
  | { readonly _tag: "Command"; readonly command: Command }
  | { readonly _tag: "Nothing"; readonly line: number }
  | { readonly _tag: "Bad"; readonly line: number; readonly source: Wire; readonly error: TrustlyValidationError }

const decodeCustomer = CustomerInput.decoder("update", CustomerUpdate)

type Decoded = Either.Either<CustomerBatch.Command, TrustlyValidationError>

const refused = (path: string, expected: string): Decoded =>
  Either.left(new TrustlyValidationError({ issues: [{ path, problem: "invalid", expected }] }))

// where the fields stand at the top, that is where their user looks for them
const atTop = ({ issues, operation }: TrustlyValidationError): TrustlyValidationError =>
  new TrustlyValidationError({
    operation,
    issues: issues.map((issue) => ({ ...issue, path: issue.path.replace(/^(update|change)\./, "") }))
  })

/** A customer that says by itself who it is. One that is known by the merchant's identifier only is changed, never created. */
const plain = (wire: Wire): Decoded => {
  const { customerId, externalId } = wire
  if (customerId !== undefined) return Either.mapLeft(CustomerBatch.decode({ customerId, update: wire }), atTop)
  return Either.flatMap(decodeCustomer(wire), () =>
    externalId === undefined
      ? refused("customerId", "a customerId or an externalId")
      : Either.mapLeft(CustomerBatch.decode({ externalId, change: wire }), atTop))
}

const entry = (line: number, source: () => Wire, decoded: Decoded): Entry => {
  if (Either.isLeft(decoded)) return { _tag: "Bad", line, source: source(), error: decoded.left }
  const command = decoded.right
  return "change" in command && Object.keys(command.change).length === 0
    ? { _tag: "Nothing", line }
    : { _tag: "Command", command: { ...command, line, source } }
}

// what a file of failures says besides the command
const withoutFailure = (wire: Wire): Wire => {
  const { error, line, ...source } = wire
  return typeof line === "number" && Predicate.isRecord(error) ? source : wire
}

const wireOf = (text: string): Wire | undefined =>
  Option.getOrUndefined(Option.map(FieldText.object(text), withoutFailure))

/** A line of NDJSON: a command, a customer, or one of these as it stands in a file of failures. */
export const ofLine = ({ line, text }: Line): Entry => {
  if (text === undefined) {
    return entry(line, () => ({}), refused("", `a line of at most ${maxBytes} bytes in UTF-8`))
  }
  const wire = wireOf(text)
  if (wire === undefined) return entry(line, () => ({ text }), refused("", "one JSON object"))
  if (typeof wire["text"] === "string") return ofLine({ line, text: wire["text"] })
  const decoded = "update" in wire || "change" in wire ? CustomerBatch.decode(wire) : plain(wire)
  // read again where it is wanted: to keep it would double what waits in memory
  return entry(line, () => wireOf(text) ?? {}, decoded)
}

/** The change that a row of a CSV asks for, and of whom. */
export const ofRow = (line: number, { customerId, externalId, ...fields }: Wire): Entry => {
  if (customerId === undefined && externalId === undefined) {
    return entry(line, () => ({ change: fields }), refused("customerId", "a customerId or an externalId"))
  }
  const source = customerId === undefined
    ? { externalId, change: fields }
    : { customerId, change: externalId === undefined ? fields : { externalId, ...fields } }
  return entry(line, () => source, Either.mapLeft(CustomerBatch.decode(source), atTop))
}

/** A row of a CSV that has not as many cells as the header, or is not UTF-8. */
export const ofBrokenRow = (line: number, cells: ReadonlyArray<string>, expected: number): Entry =>
  entry(
    line,
    () => ({ text: cells.join(",") }),
    refused("", `${expected} cells in UTF-8, as many as the header has`)
  )
