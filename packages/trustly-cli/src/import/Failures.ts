/** Writes the lines that failed, with their errors, to a file beside the input, which can be fixed and imported in its turn. */
import * as NodeStream from "@effect/platform-node/NodeStream"
import { TrustlyError } from "effect-trustly"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createReadStream } from "node:fs"
import * as FileProblem from "../FileProblem.ts"
import type { Wire } from "../Json.ts"
import * as Json from "../Json.ts"
import type { Problem } from "../Problem.ts"
import * as AppendFile from "./AppendFile.ts"
import * as Lines from "./Lines.ts"
import * as OwnFile from "./OwnFile.ts"

/** Writes a failed line: what it contained, its number, and the facts of the error. */
export type Failures = (
  line: number,
  source: Wire,
  error: TrustlyError | undefined
) => Effect.Effect<void, Problem>

const encodeError = Schema.encodeSync(TrustlyError)

const factsOf = (error: TrustlyError | undefined): Wire =>
  error === undefined ? { _tag: "Defect" } : { ...encodeError(error), message: error.message }

/** The command in a failure record, and the number of the line that failed; none if this is not such a record. */
export const parseRecord = (wire: Wire): Option.Option<{ readonly line: number; readonly source: Wire }> => {
  const { error, line, ...source } = wire
  return typeof line === "number" && Predicate.isRecord(error) ? Option.some({ line, source }) : Option.none()
}

const recordOf = (text: string) => Option.flatMap(Json.parseObject(text), parseRecord)

const linesOf = (file: string) =>
  Lines.split(NodeStream.fromReadable(() => createReadStream(file), FileProblem.unreadable(file)))

/** The numbers of the lines that the records of a file are about. */
export const lineNumbers = (file: string): Effect.Effect<ReadonlyArray<number>, Problem> =>
  linesOf(file).pipe(
    Stream.filterMap(({ text = "" }) => Option.map(recordOf(text), ({ line }) => line)),
    Stream.runCollect,
    Effect.map(Chunk.toReadonlyArray)
  )

/** The lines of a file as they are, however long, each with its newline. A last line without one is left out. */
const completeLines = async function*(file: string): AsyncGenerator<Buffer> {
  let parts: Array<Buffer> = []
  for await (const chunk of createReadStream(file)) {
    let rest: Buffer = Buffer.from(chunk)
    for (let end = rest.indexOf("\n") + 1; end > 0; end = rest.indexOf("\n") + 1) {
      yield Buffer.concat([...parts, rest.subarray(0, end)])
      parts = []
      rest = rest.subarray(end)
    }
    parts.push(rest)
  }
}

/**
 * Drops records of lines whose end was not recorded after all, and one that a crash cut off: those lines are sent again. Keeps every
 * other line, such as a record that a user has edited.
 */
const prune = (file: string, isEnded: (line: number) => boolean): Effect.Effect<void, Problem> =>
  OwnFile.replace(file, (append) =>
    Stream.fromAsyncIterable(completeLines(file), FileProblem.unreadable(file)).pipe(
      Stream.filter((bytes) =>
        Option.match(recordOf(bytes.toString()), { onNone: () => true, onSome: ({ line }) => isEnded(line) })
      ),
      Stream.runForEach(append)
    ))

/** Continues the failures of an import, or starts anew. */
export const open = (
  file: string,
  isEnded: (line: number) => boolean
): Effect.Effect<Failures, Problem, Scope.Scope> =>
  Effect.gen(function*() {
    if (yield* OwnFile.exists(file)) yield* prune(file, isEnded)
    const append = yield* AppendFile.open(file)
    return (line, source, error) => append(`${JSON.stringify({ ...source, line, error: factsOf(error) })}\n`)
  })
