/** Opens the input of an import: a file or a stream, NDJSON or CSV, gzip-compressed or not. */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import type { Bytes } from "../Input.ts"
import * as Input from "../Input.ts"
import * as Json from "../Json.ts"
import * as Output from "../Output.ts"
import type { Problem } from "../Problem.ts"
import { usage } from "../Problem.ts"
import type { Entry } from "./Entry.ts"
import * as Entries from "./Entry.ts"
import type { Line } from "./Lines.ts"
import * as Lines from "./Lines.ts"
import * as Rows from "./Rows.ts"

type Format = "ndjson" | "csv"

/** A line of the input that is not decoded yet: lines that ended in an earlier run never are. */
interface Item {
  readonly line: number
  readonly decode: () => Entry
}

/** What a file contains. */
export interface Survey {
  readonly sha256: string
  /** Number of lines, without blank ones and without a header. */
  readonly lines: number
  /** The highest number of a line. */
  readonly lastLine: number
}

export interface Source {
  /** The file; none for a stream, which cannot be read twice. */
  readonly file: Option.Option<string>
  readonly format: Format
  readonly items: Stream.Stream<Item, Problem>
  /** Reads the whole file without decoding its lines, so that a file that cannot be read is refused before anything is sent. */
  readonly survey: Effect.Effect<Survey, Problem>
}

export interface Options {
  /** The format, if the name of the file does not say it. */
  readonly format: Option.Option<Format>
  /** Whether to skip CSV columns that are not fields. */
  readonly ignoreUnknownColumns: boolean
}

const formats: Readonly<Record<string, Format>> = {
  csv: "csv",
  tsv: "csv",
  ndjson: "ndjson",
  jsonl: "ndjson",
  json: "ndjson"
}

const formatOf = (file: string): Option.Option<Format> =>
  Option.fromNullable(formats[file.replace(/\.gz$/i, "").split(".").at(-1)?.toLowerCase() ?? ""])

const notPerLine = usage(
  "The input is a JSON document, or has commas after its objects. Expected NDJSON: one object per line, with nothing around it"
)

/** Whether the first lines belong to a JSON array, or to an object over several lines. Some of its lines could pass for commands. */
const isDocument = ({ text = "" }: Line, second: Line | undefined): boolean => {
  const first = text.trim()
  const { open } = Json.nesting(first)
  if (open === 0 && first.startsWith("{")) return false
  if (first.startsWith("[")) return open > 0 || second === undefined
  if (!first.startsWith("{") || second === undefined) return false
  // a line that was cut off is followed by a whole one
  return /[[{,:]$/.test(first) || Option.isNone(Json.parseObject(second.text ?? ""))
}

const needsSecondLine = ({ text = "" }: Line): boolean => {
  const first = text.trim()
  return first.startsWith("[") || (first.startsWith("{") && Json.nesting(first).open > 0)
}

const refuseDocuments = (lines: Stream.Stream<Line, Problem>): Stream.Stream<Line, Problem> =>
  Stream.suspend(() => {
    let held: Line | undefined
    let isChecked = false
    const check = (first: Line, second: Line | undefined): Effect.Effect<void, Problem> => {
      isChecked = true
      return isDocument(first, second) ? Effect.fail(notPerLine) : Effect.void
    }
    return lines.pipe(
      Stream.mapChunksEffect((chunk) => {
        if (isChecked) return Effect.succeed(chunk)
        const all = held === undefined ? chunk : Chunk.prepend(chunk, held)
        const [first, second] = all
        if (first === undefined) return Effect.succeed(chunk)
        if (second === undefined && needsSecondLine(first)) {
          held = first
          return Effect.succeed(Chunk.empty<Line>())
        }
        return Effect.as(check(first, second), all)
      }),
      Stream.concat(Stream.unwrap(Effect.suspend(() =>
        held === undefined || isChecked
          ? Effect.succeed(Stream.empty)
          : Effect.as(check(held, undefined), Stream.make(held))
      )))
    )
  })

/** Whether a line is a bracket around objects, or an object with a comma after it. */
const isPartOfDocument = ({ text = "" }: Line): boolean => {
  const part = text.trim()
  if (part === "[" || part === "]") return true
  return part.startsWith("{") && part.endsWith(",") && Json.nesting(part).open === 0
}

/** Of a stream, only the first lines are known before others are sent. */
const refuseParts = (lines: Stream.Stream<Line, Problem>, isStream: boolean): Stream.Stream<Line, Problem> =>
  Stream.suspend(() => {
    let isChecked = false
    return Stream.mapChunksEffect(lines, (chunk) => {
      if (isChecked) return Effect.succeed(chunk)
      isChecked = isStream && Chunk.isNonEmpty(chunk)
      return Chunk.some(chunk, isPartOfDocument) ? Effect.fail(notPerLine) : Effect.succeed(chunk)
    })
  })

type Read = (bytes: Bytes) => Bytes

const batches = async function*<A>(values: AsyncIterable<A>): AsyncGenerator<ReadonlyArray<A>> {
  for await (const value of values) yield [value]
}

const readNdjson = (input: Input.Input, prepare: Read): Stream.Stream<Item, Problem> =>
  Input.read(input, (bytes) => batches(Input.decompress(input, prepare(bytes)))).pipe(
    Lines.split,
    (lines) => refuseParts(lines, Option.isNone(input.file)),
    refuseDocuments,
    Stream.map((line) => ({ line: line.line, decode: () => Entries.ofLine(line) }))
  )

const readCsv = (
  input: Input.Input,
  prepare: Read,
  ignoreUnknownColumns: boolean,
  announceDelimiter: boolean
): Stream.Stream<Item, Problem> =>
  Stream.suspend(() => {
    let toEntry: ((row: Rows.Row) => Entry) | undefined
    let delimiter: Rows.Delimiter = ","
    const split = (bytes: Bytes) =>
      Rows.split(Input.decompress(input, prepare(bytes)), (detected) => {
        delimiter = detected
      })
    return Input.read(input, split, Rows.unreadable(input.name)).pipe(
      Stream.mapChunksEffect((rows) =>
        Effect.gen(function*() {
          const [first] = rows
          if (first === undefined) return Chunk.empty<Item>()
          const isHeader = toEntry === undefined
          if (toEntry === undefined) {
            const columns = yield* Rows.readHeader(first.cells, ignoreUnknownColumns)
            toEntry = Rows.toEntry(columns, (at) => (first.cells[at] ?? "").trim() !== "")
            if (announceDelimiter && delimiter !== ",") {
              yield* Output.printError(`The columns of ${input.name} are separated by ${Rows.nameOf(delimiter)}`)
            }
          }
          const decode = toEntry
          return Chunk.map(
            isHeader ? Chunk.drop(rows, 1) : rows,
            (row): Item => ({ line: row.line, decode: () => decode(row) })
          )
        })
      ),
      Stream.concat(
        Stream.suspend(() => toEntry === undefined ? Stream.fail(usage("The CSV has no header")) : Stream.empty)
      )
    )
  })

/** Opens the source that a name stands for: a file, a pipe, or `-` for stdin. */
export const open = (name: string, options: Options): Effect.Effect<Source, Problem, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const input = yield* Input.find(name)
    const format = yield* Option.orElse(
      options.format,
      () => Option.match(input.file, { onNone: () => Option.some<Format>("ndjson"), onSome: formatOf })
    ).pipe(
      Effect.mapError(() => usage("The name of the file does not say what it is. Add --format ndjson or --format csv"))
    )
    // a file is read twice: the lines that are sent have to be those that were surveyed
    const whileUnchanged = yield* Option.match(input.file, {
      onNone: () => Effect.succeed<Read>(identity),
      onSome: Input.whileUnchanged
    })
    const read = (prepare: Read, announceDelimiter: boolean) =>
      format === "csv"
        ? readCsv(input, prepare, options.ignoreUnknownColumns, announceDelimiter)
        : readNdjson(input, prepare)
    return {
      file: input.file,
      format,
      items: read(whileUnchanged, Option.isNone(input.file)),
      survey: Effect.suspend(() => {
        const hash = createHash("sha256")
        const hashing = async function*(bytes: Bytes) {
          for await (const part of whileUnchanged(bytes)) {
            hash.update(part)
            yield part
          }
        }
        return Stream.runFold(read(hashing, true), { lines: 0, lastLine: 0 }, ({ lastLine, lines }, { line }) => ({
          lines: lines + 1,
          lastLine: Math.max(lastLine, line)
        })).pipe(Effect.map((counts) => ({ ...counts, sha256: hash.digest("hex") })))
      })
    }
  })
