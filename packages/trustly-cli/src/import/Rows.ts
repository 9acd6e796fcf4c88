/** Reads the rows of a CSV as changes: the header names the fields, an empty cell leaves a field unchanged, `\N` clears it. */
import type { CsvErrorCode, Info } from "csv-parse"
import { CsvError, parse } from "csv-parse"
import type { Issue } from "effect-trustly"
import * as Either from "effect/Either"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { pipeline } from "node:stream"
import * as Fields from "../Fields.ts"
import * as FieldText from "../FieldText.ts"
import * as FileProblem from "../FileProblem.ts"
import type { Bytes } from "../Input.ts"
import * as Input from "../Input.ts"
import { nearest } from "../Nearest.ts"
import type { Problem } from "../Problem.ts"
import { usage } from "../Problem.ts"
import type { Entry } from "./Entry.ts"
import * as Entries from "./Entry.ts"

/** A row with the number of its last line. */
export interface Row {
  readonly line: number
  readonly cells: ReadonlyArray<string>
}

const delimiters = { ",": "commas", ";": "semicolons", "\t": "tabs" } as const

export type Delimiter = keyof typeof delimiters

const isDelimiter = (text: string): text is Delimiter => Object.hasOwn(delimiters, text)

export const nameOf = (delimiter: Delimiter): string => delimiters[delimiter]

const paths = Fields.values.map(({ path }) => path)

const normalize = (name: string): string => name.toLowerCase().replaceAll(/[\s_-]/g, "")

/** Fields by what a header may call them. `VIP Tier` is the name in the file of Trustly's portal. */
const fieldsByName: ReadonlyMap<string, string> = new Map([
  ...paths.map((path) => [normalize(path), path] as const),
  ["viptier", "vip"]
])

/** The delimiter that makes the most columns of the header fields, and what precedes the header. */
const detect = (head: string): { readonly delimiter: Delimiter; readonly skipLines: number } => {
  const [first = "", second = ""] = head.replace(/^\uFEFF/, "").split(/\r?\n/)
  // Excel reads and writes this line
  const declared = /^"?sep=(.)"?$/i.exec(first)?.[1] ?? ""
  if (isDelimiter(declared)) return { delimiter: declared, skipLines: 1 }
  const header = first.trim() === "" ? second : first
  const count = (delimiter: Delimiter) =>
    header.split(delimiter).filter((cell) => fieldsByName.has(normalize(cell.replaceAll("\"", "").trim()))).length
  const separators: ReadonlyArray<Delimiter> = [",", ";", "\t"]
  const delimiter = separators.reduce((best, next) => count(next) > count(best) ? next : best)
  return { delimiter, skipLines: 0 }
}

const lineOf = (error: unknown): number =>
  Predicate.hasProperty(error, "lines") && typeof error.lines === "number" ? error.lines : 0

const reasons: Readonly<Partial<Record<CsvErrorCode, string>>> = {
  CSV_QUOTE_NOT_CLOSED: "a quote is not closed",
  CSV_INVALID_CLOSING_QUOTE: "a quoted cell continues after its closing quote",
  INVALID_OPENING_QUOTE: "there is a quote inside an unquoted cell",
  CSV_MAX_RECORD_SIZE: "a row is longer than 16 MiB, or a quote is not closed"
}

/** An error of the CSV, or of reading it. */
export const unreadable = (name: string) => (error: unknown): Problem =>
  error instanceof CsvError
    ? usage(`Cannot read the CSV from line ${lineOf(error)}: ${reasons[error.code] ?? "it is malformed"}`)
    : FileProblem.unreadable(name)(error)

interface ParsedRow {
  readonly info: Info
  readonly record: ReadonlyArray<string>
}

const isUtf16 = (head: Uint8Array): boolean =>
  (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)

const rowOf = ({ info, record }: ParsedRow): Row => ({ line: info.lines, cells: record })

/** Splits a CSV into rows, the header included. Rows without any value are left out. */
export const split = async function*(
  bytes: Bytes,
  onDelimiter: (delimiter: Delimiter) => void
): AsyncGenerator<ReadonlyArray<Row>> {
  const [head, all] = await Input.peek(
    bytes,
    (read) => read.indexOf("\n", read.indexOf("\n") + 1) !== -1 || read.length > 65_536
  )
  if (isUtf16(head)) throw usage("The CSV is in UTF-16. Save it as UTF-8")
  const { delimiter, skipLines } = detect(head.toString("utf8"))
  onDelimiter(delimiter)
  const parser = pipeline(
    all,
    parse({
      bom: true,
      delimiter,
      info: true,
      from_line: 1 + skipLines,
      relax_column_count: true,
      // not inside quotes
      trim: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      // a longer row is no row: a quote is not closed
      max_record_size: 16 * 1024 * 1024
    }),
    constVoid
  )
  for await (const first of parser) {
    const rows = [rowOf(first)]
    // one batch for all rows that are ready
    for (let next = parser.read(); next !== null; next = parser.read()) rows.push(rowOf(next))
    yield rows
  }
}

/** The fields of the columns; none for a column to ignore. */
export type Columns = ReadonlyArray<Option.Option<string>>

const looksLikeName = /^[A-Za-z][A-Za-z_ .-]{0,39}$/

const unknownColumn = (cell: string, at: number, isHeader: boolean): Problem => {
  const similar = nearest(cell.replaceAll(/[\s_-]/g, ""), paths)
  // a cell of a row that was taken for the header may be a value of a customer
  const isShown = (isHeader || Option.isSome(similar)) && looksLikeName.test(cell)
  const name = isShown ? ` "${cell}"` : ""
  const hint = Option.match(similar, {
    onNone: () => "",
    onSome: (path) => ` Did you mean ${path}?`
  })
  return usage(
    `Column ${at + 1}${name} is not a customer field.${hint} Use --ignore-unknown-columns to skip such columns`
  )
}

/** Reads the header. A column without a name is ignored if its cells are empty. */
export const readHeader = (
  cells: ReadonlyArray<string>,
  ignoreUnknown: boolean
): Either.Either<Columns, Problem> => {
  const names = cells.map((cell) => cell.trim())
  const columns = names.map((name) => Option.fromNullable(fieldsByName.get(normalize(name))))
  const known = columns.flatMap(Option.toArray)
  const unknown = names.findIndex((name, at) => name !== "" && Option.isNone(columns[at] ?? Option.none()))
  if (unknown !== -1 && !ignoreUnknown) {
    return Either.left(unknownColumn(names[unknown] ?? "", unknown, known.length > 0))
  }
  const duplicate = known.find((field, at) => known.indexOf(field) !== at)
  if (duplicate !== undefined) return Either.left(usage(`The header names ${duplicate} twice`))
  return known.includes("customerId") || known.includes("externalId")
    ? Either.right(columns)
    : Either.left(usage("The header names neither customerId nor externalId"))
}

const clearMark = "\\N"

// stands for bytes that are not UTF-8
const isDamaged = (cell: string): boolean => cell.includes("\uFFFD")

/** Decodes a row. `isNamed` is true of a column that the header names, also of an ignored one. */
export const toEntry = (columns: Columns, isNamed: (at: number) => boolean) => ({ cells, line }: Row): Entry => {
  if (Entries.isTooLong(cells.join())) return Entries.ofLine({ line })
  if (cells.some(isDamaged)) return Entries.ofBrokenRow(line, cells, "cells in UTF-8")
  const stray = cells.findIndex((cell, at) => cell.trim() !== "" && !isNamed(at))
  if (stray !== -1) {
    return Entries.ofBrokenRow(line, cells, `no value in column ${stray + 1}, which the header does not name`)
  }
  const wire: Record<string, unknown> = {}
  const groups: Record<string, Record<string, unknown>> = {}
  const issues: Array<Issue> = []
  for (const [at, column] of columns.entries()) {
    const cell = cells[at] ?? ""
    if (cell === "" || Option.isNone(column)) continue
    const path = column.value
    const value = cell === clearMark ? Either.right(null) : FieldText.read(path, cell)
    if (Either.isLeft(value)) issues.push({ path, problem: "invalid", expected: value.left })
    const [name = path, inner] = path.split(".")
    // a failed row is written with the text of a cell that cannot be read
    const written = Either.getOrElse(value, () => cell)
    if (inner === undefined) wire[name] = written
    else (groups[name] ??= {})[inner] = written
  }
  const license = groups["driverLicense"]
  const isLicenseCleared = license !== undefined && Object.values(license).every((part) => part === null)
  return Entries.ofRow(line, { ...wire, ...groups, ...(isLicenseCleared ? { driverLicense: null } : {}) }, issues)
}
