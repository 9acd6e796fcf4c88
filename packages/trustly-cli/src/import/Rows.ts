/** The rows of a CSV as changes: the header names the fields, an empty cell leaves a field alone, `\N` removes it. */
import * as NodeStream from "@effect/platform-node/NodeStream"
import type { CsvErrorCode, Info } from "csv-parse"
import { CsvError, parse } from "csv-parse"
import { CustomerChange } from "effect-trustly"
import * as Arr from "effect/Array"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as AST from "effect/SchemaAST"
import * as Stream from "effect/Stream"
import type { Wire } from "../CustomerView.ts"
import * as FieldText from "../FieldText.ts"
import type { Problem } from "../Problem.ts"
import { usage } from "../Problem.ts"
import type { Entry } from "./Entry.ts"
import * as Entries from "./Entry.ts"
import { maxBytes } from "./Lines.ts"

const names = (ast: AST.AST): ReadonlyArray<string> =>
  AST.isUnion(ast) ? ast.types.flatMap(names) : AST.getPropertySignatures(ast).map(({ name }) => String(name))

const group = (name: string): ReadonlyArray<string> =>
  Option.match(
    Arr.findFirst(AST.getPropertySignatures(CustomerChange.ast), (property) => property.name === name),
    { onNone: () => [], onSome: ({ type }) => names(type).map((field) => `${name}.${field}`) }
  )

const groups = ["address", "driverLicense"]
const fields = [
  ...names(CustomerChange.ast).filter((name) => !groups.includes(name)),
  ...groups.flatMap(group)
]

const plain = (name: string): string => name.toLowerCase().replaceAll(/[ _-]/g, "")

/** The fields by what may stand in a header; `VIP Tier` is what the file of Trustly's portal calls it. */
const known: ReadonlyMap<string, string> = new Map([
  ...fields.map((field) => [plain(field), field] as const),
  ["viptier", "vip"]
])

const looksLikeName = /^[A-Za-z][\w .-]{0,39}$/

const notAField = (name: string, at: number, isOnly: boolean): Problem =>
  usage(
    isOnly && name.includes(";")
      ? "The header is one column with semicolons in it: separate the columns by commas"
      : `The header has no field of a customer in column ${at + 1}${looksLikeName.test(name) ? ` (${name})` : ""}`
  )

/** The fields of the columns. */
const header = (cells: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>, Problem> =>
  Effect.gen(function*() {
    const columns = yield* Effect.forEach(cells, (cell, at) => {
      const name = cell.trim()
      return Effect.mapError(Option.fromNullable(known.get(plain(name))), () => notAField(name, at, cells.length === 1))
    })
    const twice = columns.find((field, at) => columns.indexOf(field) !== at)
    if (twice !== undefined) return yield* usage(`The header names ${twice} twice`)
    if (!columns.includes("customerId") && !columns.includes("externalId")) {
      return yield* usage("The header names neither customerId nor externalId")
    }
    return columns
  })

const removed = "\\N"

// a text that is not what the field takes is left as it is, for the schema to refuse
const value = (field: string, cell: string): unknown => {
  if (cell === removed) return null
  switch (field) {
    case "vip":
      return FieldText.tier(cell)
    case "enrollDate":
    case "createdAt":
    case "updatedAt":
      return /^\d+$/.test(cell) ? Number(cell) : Option.getOrElse(FieldText.instant(cell), () => cell)
    case "customData":
      return Option.getOrElse(FieldText.object(cell), () => cell)
    default:
      return cell
  }
}

const change = (columns: ReadonlyArray<string>, cells: ReadonlyArray<string>): Wire => {
  const wire: Record<string, unknown> = {}
  const nested: Record<string, Record<string, unknown>> = {}
  for (const [at, field] of columns.entries()) {
    const cell = cells[at] ?? ""
    if (cell === "") continue
    const [name = field, inner] = field.split(".")
    if (inner === undefined) wire[name] = value(field, cell)
    else (nested[name] ??= {})[inner] = value(field, cell)
  }
  const license = nested["driverLicense"]
  const isRemoved = license !== undefined && Object.values(license).every((part) => part === null)
  return { ...wire, ...nested, ...(isRemoved ? { driverLicense: null } : {}) }
}

interface Row {
  readonly info: Info
  readonly record: ReadonlyArray<string>
}

const lineOf = (error: unknown): number =>
  Predicate.hasProperty(error, "lines") && typeof error.lines === "number" ? error.lines : 0

const unreadable = (error: unknown): Problem =>
  usage(
    error instanceof CsvError
      ? `The CSV cannot be read from line ${lineOf(error)} on: ${reasons[error.code] ?? "it is malformed"}`
      : "The CSV cannot be read"
  )

const reasons: Readonly<Partial<Record<CsvErrorCode, string>>> = {
  CSV_QUOTE_NOT_CLOSED: "a quote is not closed",
  CSV_INVALID_CLOSING_QUOTE: "a quoted cell goes on after its closing quote",
  INVALID_OPENING_QUOTE: "a quote stands inside of a cell that is not quoted",
  CSV_MAX_RECORD_SIZE: `a row has more than ${maxBytes} characters, or a quote is not closed`
}

// what was no UTF-8 has become this character, which is nothing to write into a record
const isDamaged = (cell: string): boolean => cell.includes("\uFFFD")

const entry = (columns: ReadonlyArray<string>, { info: { lines }, record }: Row): Entry =>
  record.length === columns.length && !record.some(isDamaged)
    ? Entries.ofRow(lines, change(columns, record))
    : Entries.ofBrokenRow(lines, record, columns.length)

/** Reads a CSV whose first row is the header. A row that goes over several lines has the number of its last one. */
export const read = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Entry, E | Problem, R> =>
  Stream.suspend(() => {
    let columns: ReadonlyArray<string> | undefined
    const options = {
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      max_record_size: maxBytes
    }
    return bytes.pipe(
      NodeStream.pipeThroughDuplex<Problem, Row>(() => parse(options), unreadable),
      Stream.mapChunksEffect((rows) =>
        Effect.gen(function*() {
          const [first] = rows
          const isHeader = columns === undefined && first !== undefined
          const named = columns ?? (yield* header(first?.record ?? []))
          columns = named
          return Chunk.map(isHeader ? Chunk.drop(rows, 1) : rows, (row) => entry(named, row))
        })
      )
    )
  })
