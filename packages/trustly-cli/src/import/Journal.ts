/**
 * Records which lines began and how they ended, in a file beside the input. It holds numbers of lines and names of errors, nothing
 * of a customer.
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createReadStream } from "node:fs"
import * as FileProblem from "../FileProblem.ts"
import type { Problem } from "../Problem.ts"
import { usage } from "../Problem.ts"
import * as AppendFile from "./AppendFile.ts"
import * as Lines from "./Lines.ts"
import * as LineSet from "./LineSet.ts"
import * as OwnFile from "./OwnFile.ts"

/** What earlier runs recorded. */
export interface Past {
  readonly isEnded: (line: number) => boolean
  readonly isBegun: (line: number) => boolean
  /** Number of lines that are done. */
  readonly done: number
  /** Number of lines that failed, by the name of the error. */
  readonly failed: ReadonlyMap<string, number>
}

export interface Journal {
  readonly begin: (line: number) => Effect.Effect<void, Problem>
  readonly done: (line: number) => Effect.Effect<void, Problem>
  readonly failed: (line: number, errorName: string) => Effect.Effect<void, Problem>
}

const Header = Schema.parseJson(Schema.Struct({ sha256: Schema.String, format: Schema.String }))

/** The input that a journal belongs to. */
export type Header = typeof Header.Type

const decodeHeader = Schema.decodeUnknownEither(Header)
const encodeHeader = Schema.encodeSync(Header)

// the period shows that the record is complete
const recordPattern = /^(begin|done|failed) (\d{1,15})(?: (\w+))?\.\r?$/

export const nothing: Past = { isEnded: () => false, isBegun: () => false, done: 0, failed: new Map() }

const restartHint = "Re-run with --restart to send every line again"

const damaged = (file: string, what: string): Problem =>
  usage(`${file} ${what}, so it cannot say which lines were sent. Restore it. ${restartHint}`)

const changed = (file: string): Problem =>
  usage(
    `The file changed since its import started. Fix the failed lines in ${
      file.replace(/journal$/, "failures.ndjson")
    } and import that file. ${restartHint}`
  )

/** The lines of a journal. Fails unless the first one is a header, and passes the check. */
const linesOf = (
  file: string,
  check: (header: Header) => Effect.Effect<void, Problem>
): Stream.Stream<Lines.Line, Problem> =>
  Stream.suspend(() => {
    let hasHeader = false
    const checkHeader = ({ line, text }: Lines.Line): Effect.Effect<void, Problem> => {
      hasHeader = true
      const header = decodeHeader(text)
      return line !== 1 || Either.isLeft(header) ? Effect.fail(damaged(file, "has no header")) : check(header.right)
    }
    const bytes = NodeStream.fromReadable(() => createReadStream(file), FileProblem.unreadable(file))
    return Lines.split(bytes).pipe(
      Stream.mapChunksEffect((chunk) => {
        const [first] = chunk
        return Effect.as(hasHeader || first === undefined ? Effect.void : checkHeader(first), chunk)
      }),
      Stream.concat(Stream.suspend(() => hasHeader ? Stream.empty : Stream.fail(damaged(file, "is empty"))))
    )
  })

const fold = (
  file: string,
  lastLine: number,
  check: (header: Header) => Effect.Effect<void, Problem>
): Effect.Effect<Past, Problem> =>
  Effect.gen(function*() {
    const begun = LineSet.make()
    const done = LineSet.make()
    const failed = new Map<number, string>()
    let doneCount = 0
    yield* Stream.runForEachChunk(linesOf(file, check), (lines) =>
      Effect.gen(function*() {
        for (const { text = "" } of lines) {
          const [, event, number, errorName = ""] = recordPattern.exec(text) ?? []
          const line = Number(number)
          if (event === undefined) continue
          if (line < 1 || line > lastLine) {
            return yield* damaged(file, `names line ${line}, which the file does not have`)
          }
          if (event === "begin") begun.add(line)
          else if (event === "failed" && !done.has(line)) failed.set(line, errorName)
          else if (event === "done" && !done.has(line)) {
            done.add(line)
            // a line that failed is done once its record in the failures file was imported
            failed.delete(line)
            doneCount += 1
          }
        }
      }))
    const counts = new Map<string, number>()
    for (const name of failed.values()) counts.set(name, (counts.get(name) ?? 0) + 1)
    return {
      isBegun: begun.has,
      isEnded: (line) => done.has(line) || failed.has(line),
      done: doneCount,
      failed: counts
    }
  })

/** What the journal says about this input; nothing if there is no journal. */
export const read = (file: string, header: Header, lastLine: number): Effect.Effect<Past, Problem> =>
  Effect.gen(function*() {
    if (!(yield* OwnFile.exists(file))) return nothing
    return yield* fold(
      file,
      lastLine,
      ({ format, sha256 }) => sha256 === header.sha256 && format === header.format ? Effect.void : changed(file)
    )
  })

/** What a journal says, whatever input it belongs to. */
export const readAny = (file: string): Effect.Effect<Past, Problem> => fold(file, 2 ** 31 - 1, () => Effect.void)

/** Continues a journal, or starts one. */
export const open = (file: string, header: Header): Effect.Effect<Journal, Problem, Scope.Scope> =>
  Effect.gen(function*() {
    const exists = yield* OwnFile.exists(file)
    if (!exists) {
      yield* OwnFile.replace(file, (append) => append(`${encodeHeader(header)}\n`))
    }
    const append = yield* AppendFile.open(file)
    // ends a record that a crash cut off
    if (exists) yield* append("\n")
    return {
      begin: (line) => append(`begin ${line}.\n`),
      done: (line) => append(`done ${line}.\n`),
      failed: (line, errorName) => append(`failed ${line} ${errorName}.\n`)
    }
  })

/** Marks lines of a finished journal as done, whatever input it belongs to. */
export const markDone = (file: string, lines: Iterable<number>): Effect.Effect<void, Problem> =>
  Effect.scoped(Effect.gen(function*() {
    const append = yield* AppendFile.open(file)
    yield* append(`\n${Array.from(lines, (line) => `done ${line}.\n`).join("")}`)
  }))

/** Records nothing, for an input that cannot be read again. */
export const none: Journal = { begin: () => Effect.void, done: () => Effect.void, failed: () => Effect.void }
