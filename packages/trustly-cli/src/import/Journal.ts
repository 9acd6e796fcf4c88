/**
 * Which lines have been begun and how they ended, in a file beside the input: numbers of lines and classes of errors, nothing
 * of a customer. What is recorded survives the program.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as FileProblem from "../FileProblem.ts"
import type { Problem } from "../Problem.ts"
import { usage } from "../Problem.ts"
import * as AppendOnly from "./AppendOnly.ts"
import * as Lines from "./Lines.ts"
import * as LineSet from "./LineSet.ts"

/** What was recorded before. */
export interface Past {
  readonly isEnded: (line: number) => boolean
  readonly isBegun: (line: number) => boolean
  readonly done: number
  /** How many lines failed, by the class of the error. */
  readonly failed: ReadonlyMap<string, number>
}

export interface Journal {
  readonly begin: (line: number) => Effect.Effect<void, Problem>
  readonly done: (line: number) => Effect.Effect<void, Problem>
  readonly failed: (line: number, errorClass: string) => Effect.Effect<void, Problem>
}

const Input = Schema.parseJson(Schema.Struct({ sha256: Schema.String, format: Schema.String }))

/** The input that a journal is of. */
export type Input = typeof Input.Type

const decodeInput = Schema.decodeUnknownEither(Input)
const encodeInput = Schema.encodeSync(Input)

// the full stop tells that the record is whole
const recorded = /^(begin|done|failed) (\d+)(?: (\w+))?\.$/

export const nothing: Past = { isEnded: () => false, isBegun: () => false, done: 0, failed: new Map() }

const changed = (file: string): Problem =>
  usage(
    `The file has changed since its import began: mend the lines in ${
      file.replace(/journal$/, "failures.ndjson")
    } and import that file, or give --restart to send every line again`
  )

/** What the journal says of this input; nothing where there is none. */
export const read = (file: string, input: Input): Effect.Effect<Past, Problem, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const exists = yield* Effect.mapError(fs.exists(file), FileProblem.unreadable(file))
    if (!exists) return nothing
    const begun = LineSet.make()
    const ended = LineSet.make()
    const failed = new Map<string, number>()
    let done = 0
    yield* Lines.split(Stream.mapError(fs.stream(file), FileProblem.unreadable(file))).pipe(
      Stream.runForEachChunk((lines) =>
        Effect.gen(function*() {
          for (const { line, text = "" } of lines) {
            if (line === 1) {
              const before = decodeInput(text)
              if (Either.isLeft(before)) return yield* usage(`${file} is no journal of an import: move it away`)
              if (before.right.sha256 !== input.sha256 || before.right.format !== input.format) {
                return yield* changed(file)
              }
            }
            const [, what, number, errorClass = ""] = recorded.exec(text) ?? []
            if (what === "begin") begun.add(Number(number))
            if (what === "done") done += 1
            if (what === "failed") failed.set(errorClass, (failed.get(errorClass) ?? 0) + 1)
            if (what === "done" || what === "failed") ended.add(Number(number))
          }
        })
      )
    )
    return { isBegun: begun.has, isEnded: ended.has, done, failed }
  })

/** Goes on with a journal, or begins one. */
export const open = (
  file: string,
  input: Input
): Effect.Effect<Journal, Problem, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    // by another name first: a journal is there with the whole of its first line, or not at all
    const begin = Effect.zipRight(
      fs.writeFileString(`${file}.new`, `${encodeInput(input)}\n`, { mode: 0o600 }),
      fs.rename(`${file}.new`, file)
    )
    const exists = yield* fs.exists(file).pipe(Effect.mapError(FileProblem.unreadable(file)))
    if (!exists) yield* Effect.mapError(begin, FileProblem.unwritable(file))
    const append = yield* AppendOnly.open(file)
    // what was cut short stays alone on its line
    if (exists) yield* append("\n")
    return {
      begin: (line) => append(`begin ${line}.\n`),
      done: (line) => append(`done ${line}.\n`),
      failed: (line, errorClass) => append(`failed ${line} ${errorClass}.\n`)
    }
  })

/** Records nothing: of an input that cannot be read again. */
export const none: Journal = { begin: () => Effect.void, done: () => Effect.void, failed: () => Effect.void }
