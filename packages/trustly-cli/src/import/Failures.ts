/** The lines that failed, with the error, in a file beside the input which can be imported in its turn. */
import * as FileSystem from "@effect/platform/FileSystem"
import { TrustlyError } from "effect-trustly"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Wire } from "../CustomerView.ts"
import * as FieldText from "../FieldText.ts"
import * as FileProblem from "../FileProblem.ts"
import type { Problem } from "../Problem.ts"
import * as AppendOnly from "./AppendOnly.ts"
import * as Lines from "./Lines.ts"

/** Writes a line that failed: its number, the facts of the error, and what stood there. */
export type Failures = (
  line: number,
  source: Wire,
  error: TrustlyError | undefined
) => Effect.Effect<void, Problem>

const encodeError = Schema.encodeSync(TrustlyError)

const factsOf = (error: TrustlyError | undefined): Wire =>
  error === undefined ? { _tag: "Defect" } : { ...encodeError(error), message: error.message }

const lineOf = ({ text = "" }: Lines.Line): number =>
  Option.match(FieldText.object(text), { onNone: () => 0, onSome: ({ line }) => Number(line) })

/** Leaves out what was written of lines whose end was not recorded after all: they are sent again. */
const prune = (file: string, isEnded: (line: number) => boolean) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const kept = Lines.split(fs.stream(file)).pipe(
      Stream.filter((line) => isEnded(lineOf(line))),
      Stream.map(({ text }) => `${text}\n`),
      Stream.encodeText
    )
    yield* Stream.run(kept, fs.sink(`${file}.new`, { flag: "w", mode: 0o600 }))
    yield* fs.rename(`${file}.new`, file)
  })

/** Goes on with the failures of an import, or begins anew. */
export const open = (
  file: string,
  isEnded: (line: number) => boolean
): Effect.Effect<Failures, Problem, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    yield* Effect.whenEffect(prune(file, isEnded), fs.exists(file)).pipe(
      Effect.mapError(FileProblem.unwritable(file))
    )
    const append = yield* AppendOnly.open(file)
    return (line, source, error) => append(`${JSON.stringify({ ...source, line, error: factsOf(error) })}\n`)
  })
