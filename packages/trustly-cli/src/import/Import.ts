/** An import: each line of a source as a command that is recorded when it begins and when it ends. */
import * as FileSystem from "@effect/platform/FileSystem"
import type { CustomerService, TrustlyError } from "effect-trustly"
import { CustomerBatch } from "effect-trustly"
import * as Chunk from "effect/Chunk"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Wire } from "../CustomerView.ts"
import * as FileProblem from "../FileProblem.ts"
import type { Problem } from "../Problem.ts"
import { stopped, usage } from "../Problem.ts"
import * as Report from "../Report.ts"
import type { Command } from "./Entry.ts"
import * as Failures from "./Failures.ts"
import * as Journal from "./Journal.ts"
import * as Lock from "./Lock.ts"
import type { Source } from "./Source.ts"
import type { Tally } from "./Tally.ts"
import * as Tallies from "./Tally.ts"

/** What is needed to import: what was recorded before, and where to record. */
export interface Work {
  readonly source: Source
  readonly past: Journal.Past
  readonly journal: Journal.Journal
  readonly failures: Failures.Failures
  readonly failuresFile: string
  readonly tally: Tally
  /** How many bytes have been read. */
  read: number
}

export interface Settings {
  readonly concurrency: number
  readonly rate: Option.Option<NonNullable<CustomerBatch.Options["rate"]>>
  readonly limit: Option.Option<number>
  readonly policy: Schedule.Schedule<Duration.Duration, unknown>
}

const begin = (parts: Omit<Work, "tally" | "read">): Work => ({ ...parts, tally: Tallies.make(parts.past), read: 0 })

const ofStandardInput = (source: Source): Effect.Effect<Work, Problem, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function*() {
    const failuresFile = "import.failures.ndjson"
    const past = Journal.nothing
    yield* refuseToOverwrite(failuresFile)
    const failures = yield* Failures.open(failuresFile, past.isEnded)
    return begin({ source, past, journal: Journal.none, failures, failuresFile })
  })

const refuseToOverwrite = (file: string): Effect.Effect<void, Problem, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const exists = yield* Effect.mapError(fs.exists(file), FileProblem.unreadable(file))
    if (exists) return yield* usage(`${file} is there from another import: move it away`)
  })

const remove = (file: string): Effect.Effect<void, Problem, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.remove(file, { force: true })).pipe(
    Effect.mapError(FileProblem.unwritable(file))
  )

const inputOf = ({ fingerprint, format }: Source): Effect.Effect<Journal.Input, Problem> =>
  Effect.map(fingerprint, (sha256) => ({ sha256, format }))

/** What was recorded of a file before. */
export const pastOf = (source: Source): Effect.Effect<Journal.Past, Problem, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    if (Option.isNone(source.file)) return Journal.nothing
    return yield* Journal.read(`${source.file.value}.journal`, yield* inputOf(source))
  })

const ofFile = (
  source: Source,
  file: string,
  restart: boolean
): Effect.Effect<Work, Problem, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const journalFile = `${file}.journal`
    const failuresFile = `${file}.failures.ndjson`
    yield* Lock.acquire(`${file}.lock`)
    // a CSV that breaks off somewhere is better found before anything is sent
    if (source.format === "csv") yield* Stream.runDrain(source.entries())
    if (restart) yield* Effect.zipRight(remove(journalFile), remove(failuresFile))
    const exists = yield* Effect.mapError(fs.exists(journalFile), FileProblem.unreadable(journalFile))
    if (!exists) yield* refuseToOverwrite(failuresFile)
    const input = yield* inputOf(source)
    const past = yield* Journal.read(journalFile, input)
    const journal = yield* Journal.open(journalFile, input)
    const failures = yield* Failures.open(failuresFile, past.isEnded)
    return begin({ source, past, journal, failures, failuresFile })
  })

/** Takes up the work where it was left, or from the beginning. */
export const prepare = (
  source: Source,
  restart: boolean
): Effect.Effect<Work, Problem, FileSystem.FileSystem | Scope.Scope> =>
  Option.match(source.file, {
    onNone: () => ofStandardInput(source),
    onSome: (file) => ofFile(source, file, restart)
  })

/** Records that a line has failed. What stood there comes first: a line is not taken for ended without it. */
const fail = (
  { failures, journal, tally }: Work,
  line: number,
  source: Wire,
  error: TrustlyError | undefined
): Effect.Effect<void, Problem> => {
  const errorClass = error?._tag ?? "Defect"
  return failures(line, source, error).pipe(
    Effect.zipRight(journal.failed(line, errorClass)),
    Effect.map(() => {
      Tallies.addFailure(tally, errorClass)
      if (error?.outcome === "Unknown" || error?.outcome === "Applied") tally.unclear += 1
    })
  )
}

const done = ({ journal, tally }: Work, line: number): Effect.Effect<void, Problem> =>
  Effect.map(journal.done(line), () => {
    tally.done += 1
  })

/** The commands that have not ended before. A line that is none fails at once. */
const commands = (work: Work): Stream.Stream<Command, Problem> =>
  work.source.entries((bytes) => {
    work.read = bytes
  }).pipe(
    Stream.mapError(({ message }) => stopped(message)),
    Stream.mapChunksEffect((entries) =>
      Effect.gen(function*() {
        const ready: Array<Command> = []
        for (const entry of entries) {
          const line = entry._tag === "Command" ? entry.command.line : entry.line
          if (work.past.isEnded(line)) continue
          if (entry._tag === "Command") ready.push(entry.command)
          else if (entry._tag === "Nothing") yield* done(work, line)
          else yield* fail(work, line, entry.source, entry.error)
        }
        return Chunk.unsafeFromArray(ready)
      })
    )
  )

const onEnd = (work: Work) => (result: CustomerBatch.Result<Command>): Effect.Effect<void, Problem> => {
  const { line, source } = result.command
  if (Exit.isSuccess(result.exit)) return done(work, line)
  const error = Tallies.errorOf(result)
  // every line fails like this, and the run stops: none of them has ended
  return error?._tag === "TrustlyAuthError" ? Effect.void : fail(work, line, source(), error)
}

/** Does the work, as far as the limit goes. */
export const perform = (
  work: Work,
  { concurrency, limit, policy, rate }: Settings
): Effect.Effect<void, Problem, CustomerService> => {
  const { journal, past, tally } = work
  const countRetry = Effect.sync(() => {
    tally.retries += 1
  })
  const all = commands(work)
  return CustomerBatch.run(Option.match(limit, { onNone: () => all, onSome: (n) => Stream.take(all, n) }), {
    concurrency,
    rate: Option.getOrUndefined(rate),
    retry: Report.announced(policy, () => countRetry),
    onBegin: ({ line }) => {
      if (past.isBegun(line)) tally.repeated += 1
      return journal.begin(line)
    },
    onEnd: onEnd(work)
  }).pipe(
    Stream.runDrain,
    Effect.catchTag("TrustlyAuthError", (error) => Effect.fail(stopped(Report.problem(error).message)))
  )
}
