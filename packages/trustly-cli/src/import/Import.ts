/** Imports a source: sends each line as a command, and records when it begins and how it ends. */
import * as FileSystem from "@effect/platform/FileSystem"
import type { CustomerService, TrustlyError } from "effect-trustly"
import { CustomerBatch } from "effect-trustly"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { FileChanged } from "../Input.ts"
import type { Wire } from "../Json.ts"
import { Problem, resumable, usage } from "../Problem.ts"
import * as Report from "../Report.ts"
import type { Command } from "./Entry.ts"
import * as Failures from "./Failures.ts"
import * as Journal from "./Journal.ts"
import * as Lock from "./Lock.ts"
import * as OwnFile from "./OwnFile.ts"
import type { Source, Survey } from "./Source.ts"
import * as Sources from "./Source.ts"
import type { Tally } from "./Tally.ts"
import * as Tallies from "./Tally.ts"

/** An import that is ready to run: what earlier runs recorded, and where to record. */
export interface Work {
  readonly source: Source
  readonly past: Journal.Past
  readonly journal: Journal.Journal
  readonly failures: Failures.Failures
  readonly failuresFile: string
  /** Fails when another process takes over the file. */
  readonly lockLost: Effect.Effect<never, Problem>
  readonly tally: Tally
}

export interface Settings {
  readonly concurrency: number
  readonly rate: Option.Option<NonNullable<CustomerBatch.Options["rate"]>>
  /** Most lines to look at. */
  readonly limit: number
  readonly policy: Schedule.Schedule<Duration.Duration, unknown>
  /** How long lines in flight may take when the import is stopped. */
  readonly deadline: Duration.DurationInput
}

const journalOf = (file: string): string => `${file}.journal`

const failuresSuffix = ".failures.ndjson"

const failuresOf = (file: string): string => `${file}${failuresSuffix}`

const refuseOtherFailures = (file: string): Effect.Effect<void, Problem> =>
  Effect.gen(function*() {
    if (yield* OwnFile.exists(file)) {
      return yield* usage(`${file} is left from another import. Move it away, or remove it`)
    }
  })

const prepareStream = (source: Source): Effect.Effect<Work, Problem, Scope.Scope> =>
  Effect.gen(function*() {
    const failuresFile = failuresOf("import")
    yield* refuseOtherFailures(failuresFile)
    // what was read from a stream is gone: a failed line has to find its place
    yield* OwnFile.createUnlessEmpty(failuresFile)
    const past = Journal.nothing
    return {
      source,
      past,
      journal: Journal.none,
      failures: yield* Failures.open(failuresFile, past.isEnded),
      failuresFile,
      lockLost: Effect.never,
      tally: Tallies.make(past, undefined)
    }
  })

const headerOf = ({ format }: Source, { sha256 }: Survey): Journal.Header => ({ sha256, format })

const prepareFile = (source: Source, file: string, restart: boolean): Effect.Effect<Work, Problem, Scope.Scope> =>
  Effect.gen(function*() {
    const [journalFile, failuresFile] = [journalOf(file), failuresOf(file)]
    const { lost: lockLost } = yield* Lock.acquire(`${file}.lock`)
    const survey = yield* source.survey
    if (restart) yield* Effect.zipRight(OwnFile.remove(journalFile), OwnFile.remove(failuresFile))
    if (!(yield* OwnFile.exists(journalFile))) yield* refuseOtherFailures(failuresFile)
    const header = headerOf(source, survey)
    const past = yield* Journal.read(journalFile, header, survey.lastLine)
    return {
      source,
      past,
      journal: yield* Journal.open(journalFile, header),
      failures: yield* Failures.open(failuresFile, past.isEnded),
      failuresFile,
      lockLost,
      tally: Tallies.make(past, survey.lines)
    }
  })

/** Takes the lock, reads the whole file once, and continues where earlier runs ended, or from the start. */
export const prepare = (source: Source, restart: boolean): Effect.Effect<Work, Problem, Scope.Scope> =>
  Option.match(source.file, {
    onNone: () => prepareStream(source),
    onSome: (file) => prepareFile(source, file, restart)
  })

/** What earlier runs recorded about a source. */
export const pastOf = (source: Source): Effect.Effect<Journal.Past, Problem> =>
  Effect.gen(function*() {
    if (Option.isNone(source.file)) return Journal.nothing
    const survey = yield* source.survey
    return yield* Journal.read(journalOf(source.file.value), headerOf(source, survey), survey.lastLine)
  })

/** Records that a line failed. The failure record comes first: without it, a line does not count as ended. */
const fail = (
  { failures, journal, tally }: Work,
  line: number,
  source: Wire,
  error: TrustlyError | undefined
): Effect.Effect<void, Problem> => {
  const errorName = error?._tag ?? "Defect"
  return failures(line, source, error).pipe(
    Effect.zipRight(journal.failed(line, errorName)),
    Effect.map(() => {
      Tallies.addFailure(tally, errorName)
      if (error?.outcome === "Unknown" || error?.outcome === "Applied") tally.unclear += 1
    })
  )
}

const done = ({ journal, tally }: Work, line: number): Effect.Effect<void, Problem> =>
  Effect.map(journal.done(line), () => {
    tally.done += 1
  })

/** The commands of the lines that have not ended. A line that is not a command ends at once. */
const commandsOf = (work: Work, limit: number): Stream.Stream<Command, Problem> => {
  let isStarted = false
  // a file was read to its end before: this is another failure than a wrong file
  const describeStop = (problem: Problem): Problem =>
    isStarted && !(problem instanceof FileChanged)
      ? new Problem({
        message: `Import stopped: ${problem.message}`,
        status: Option.isSome(work.source.file) ? 3 : 1
      })
      : problem
  const items = work.source.items.pipe(
    Stream.mapError(describeStop),
    Stream.filter(({ line }) => {
      isStarted = true
      return !work.past.isEnded(line)
    })
  )
  return (Number.isFinite(limit) ? Stream.take(items, limit) : items).pipe(
    Stream.mapChunksEffect((chunk) =>
      Effect.gen(function*() {
        const commands: Array<Command> = []
        for (const item of chunk) {
          const entry = item.decode()
          if (entry._tag === "Command") commands.push(entry.command)
          else if (entry._tag === "Nothing") yield* done(work, entry.line)
          else yield* fail(work, entry.line, entry.source, entry.error)
        }
        return Chunk.unsafeFromArray(commands)
      })
    )
  )
}

const onEnd = (work: Work) => (result: CustomerBatch.Result<Command>): Effect.Effect<void, Problem> => {
  const { line, source } = result.command
  if (Exit.isSuccess(result.exit)) return done(work, line)
  const error = Tallies.errorOf(result)
  // refused credentials stop the run: the line has not ended, and is sent again with better ones
  return error?._tag === "TrustlyAuthError" ? Effect.void : fail(work, line, source(), error)
}

/**
 * Runs the import to its end or up to the limit. When it is interrupted, or loses its lock, no further line begins, and those in
 * flight may finish within the deadline.
 */
export const run = (
  work: Work,
  { concurrency, deadline, limit, policy, rate }: Settings
): Effect.Effect<void, Problem, CustomerService> =>
  Effect.gen(function*() {
    const { journal, lockLost, past, tally } = work
    const stopping = yield* Deferred.make<void>()
    let isStopping = false
    const countRetry = Effect.sync(() => {
      tally.retries += 1
    })
    const commands = Stream.interruptWhenDeferred(commandsOf(work, limit), stopping)
    const sending = CustomerBatch.run(commands, {
      concurrency,
      rate: Option.getOrUndefined(rate),
      retry: Report.announced(policy, () => countRetry),
      onBegin: ({ line }) => {
        if (isStopping) return Effect.fail(resumable("Stopping"))
        if (past.isBegun(line)) tally.repeated += 1
        return journal.begin(line)
      },
      onEnd: onEnd(work)
    }).pipe(
      Stream.runDrain,
      Effect.catchTag("TrustlyAuthError", (error) => Effect.fail(Report.problem(error)))
    )
    yield* Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        // a daemon, because an interruption reaches children at once
        const fiber = yield* Effect.forkDaemon(Effect.interruptible(sending))
        const finishInFlight = Effect.gen(function*() {
          isStopping = true
          yield* Deferred.succeed(stopping, undefined)
          // both interruptible: the race waits for the one that loses
          yield* Effect.raceFirst(
            Effect.interruptible(Fiber.await(fiber)),
            Effect.interruptible(Effect.sleep(deadline))
          )
          yield* Fiber.interrupt(fiber)
        })
        yield* Effect.onError(restore(Effect.raceFirst(Fiber.join(fiber), lockLost)), () => finishInFlight)
      })
    )
  })

/** When all lines of a failures file are done, marks their lines as done in the journal of the file that they come from. */
export const markOriginDone = (file: string): Effect.Effect<number, Problem, FileSystem.FileSystem> =>
  Effect.scoped(Effect.gen(function*() {
    const origin = file.slice(0, -failuresSuffix.length)
    const journalFile = journalOf(origin)
    if (!file.endsWith(failuresSuffix) || !(yield* OwnFile.exists(journalFile))) return 0
    yield* Lock.acquire(`${origin}.lock`)
    const past = yield* Journal.readAny(journalFile)
    // a number that somebody edited must not enter the journal
    const lines = (yield* Failures.lineNumbers(file)).filter(past.isEnded)
    yield* Journal.markDone(journalFile, lines)
    const fs = yield* FileSystem.FileSystem
    const isNested = origin.endsWith(failuresSuffix) && (yield* Effect.orElseSucceed(fs.exists(origin), () => false))
    if (!isNested) return lines.length
    const source = yield* Sources.open(origin, { format: Option.some("ndjson"), ignoreUnknownColumns: false })
    const { done: doneThere } = yield* pastOf(source)
    return doneThere === (yield* source.survey).lines ? yield* markOriginDone(origin) : lines.length
  }))
