import type { CustomerService } from "effect-trustly"
import { TrustlyConfig, TrustlyRetry } from "effect-trustly"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as CommandLine from "../CommandLine.ts"
import * as Check from "../import/Check.ts"
import type { Work } from "../import/Import.ts"
import * as Import from "../import/Import.ts"
import * as Journal from "../import/Journal.ts"
import * as OwnFile from "../import/OwnFile.ts"
import * as Progress from "../import/Progress.ts"
import * as Source from "../import/Source.ts"
import * as Tally from "../import/Tally.ts"
import * as Otlp from "../Otlp.ts"
import * as Output from "../Output.ts"
import { failed, resumable, whenInterrupted } from "../Problem.ts"
import { info } from "../Program.ts"

const format = CommandLine.choice("format", ["ndjson", "csv"], "Format of the file, if its name does not say it.")

const ignoreUnknownColumns = CommandLine.flag(
  "ignore-unknown-columns",
  "Skip CSV columns that are not customer fields."
)

const check = CommandLine.flag("check", "Validate the file and report every invalid line without sending anything.")

const dryRun = CommandLine.flag(
  "dry-run",
  "Validate the remaining lines, and print the names of the fields that each would send."
)

const restart = CommandLine.flag(
  "restart",
  "Start with the first line again. Removes the journal and the failures file."
)

const concurrency = CommandLine.withDefault(
  CommandLine.integer("concurrency", { min: 1, max: 1000, help: "Maximum number of lines in flight." }),
  16
)

const limit = CommandLine.integer("limit", {
  min: 1,
  max: 999_999_999,
  help: "Stop after this many lines. The same command continues with the next ones."
})

const intervals: Readonly<Record<string, "1 second" | "1 minute" | "1 hour">> = {
  s: "1 second",
  min: "1 minute",
  h: "1 hour"
}

const rate = CommandLine.value("rate", {
  placeholder: "calls/time",
  help: "Maximum rate of calls, such as 50/s, 600/min, or 10000/h. Each retry is a call. Default: no limit.",
  expected: "a number and a time, such as 50/s, 600/min, or 10000/h",
  parse: (text) => {
    const [, calls, unit = ""] = /^(\d{1,7}(?:\.\d{1,3})?)\/(s|min|h)$/.exec(text) ?? []
    return Option.fromNullable(intervals[unit]).pipe(
      Option.map((interval) => ({ limit: Number(calls), interval })),
      Option.filter((given) => given.limit > 0)
    )
  }
})

const json = CommandLine.flag("json", "Print progress and summary as JSON, one object per line.")

/** The deadline of an attempt, which is also that of lines in flight when the import is stopped. */
const deadline = TrustlyConfig.config.pipe(
  Effect.map(({ timeout }) => timeout ?? "30 seconds"),
  // the service was built already, from other settings than those of the environment
  Effect.orElseSucceed(() => "30 seconds" as const)
)

/** A file name as a shell needs it. */
const quote = (file: string): string => /^[\w./@%+=:,-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`

/** Whether there are records of the failed lines: the user may have removed them. */
const hasRecords = ({ failuresFile }: Work) => Effect.orElseSucceed(OwnFile.exists(failuresFile), () => true)

const printSummary = (work: Work, asJson: boolean) =>
  Effect.gen(function*() {
    const { failuresFile, tally } = work
    if (asJson) return yield* Output.print(JSON.stringify({ summary: Tally.toJson(tally) }))
    const isNamed = Tally.failures(tally) > 0 && (yield* hasRecords(work))
    yield* Output.print(
      ...Tally.lines(tally),
      ...(isNamed ? [`  The failed lines are in ${Output.escapeControls(failuresFile)}`] : [])
    )
  })

/** How to go on with failed lines. */
const describeFailures = (work: Work) =>
  Effect.map(hasRecords(work), (exists) => {
    const { failuresFile, tally } = work
    const lines = `${Tally.count(Tally.failures(tally), "line")} failed.`
    return exists
      ? `${lines} Fix the cause, or the lines, and run: ${info.name} import ${quote(failuresFile)}`
      : `${lines} ${failuresFile} was removed. Re-run with --restart to send every line again`
  })

const stopped = ({ source }: Work) =>
  Option.match(source.file, {
    onNone: () => failed("Import stopped. What was read from the stream cannot be read again"),
    onSome: () => resumable("Import stopped. The same command continues it")
  })

/** Runs the import, shows its progress, and prints the summary however it ends. */
const perform = (work: Work, settings: Import.Settings, asJson: boolean) =>
  Effect.gen(function*() {
    const progress = Progress.show(work.tally, settings.limit, asJson)
    yield* Effect.scoped(Effect.zipRight(progress, Import.run(work, settings))).pipe(
      whenInterrupted(() => stopped(work)),
      Effect.onError(() => Effect.ignore(printSummary(work, asJson)))
    )
    yield* printSummary(work, asJson)
    if (Tally.failures(work.tally) > 0) return yield* failed(yield* describeFailures(work))
    const isFinished = work.tally.total !== undefined && Tally.remaining(work.tally) === 0
    if (isFinished && Option.isSome(work.source.file)) {
      const marked = yield* Import.markOriginDone(work.source.file.value)
      if (marked > 0 && !asJson) {
        yield* Output.print(`  ${Tally.count(marked, "line")} marked as done in the import that this file comes from`)
      }
    }
  })

/** The service, and so the credentials, are needed only to send something. */
export const makeImport = <E>(customers: Layer.Layer<CustomerService, E>) =>
  CommandLine.makeCommand({
    name: "import",
    summary: "Update many customers from a CSV or NDJSON file.",
    description: [
      "Updates many customers from a CSV or NDJSON file. Records each line in a journal beside the file, so that the same command " +
      "continues after an interruption. Failed lines go to <file>.failures.ndjson, which you can fix and import."
    ],
    argument: {
      name: "file",
      help: "Input file: NDJSON or CSV, optionally gzip-compressed. Use `-` to read stdin; pipes work too."
    },
    groups: [{
      title: "Options",
      options: [
        check,
        dryRun,
        format,
        ignoreUnknownColumns,
        concurrency,
        rate,
        limit,
        restart,
        json,
        Otlp.option
      ]
    }],
    examples: ["import tiers.csv --check", "import tiers.csv --rate 50/s", "import tiers.csv.failures.ndjson"],
    run: (given) =>
      Effect.gen(function*() {
        const asJson = yield* given.get(json)
        const [isCheck, isDryRun] = yield* Effect.all([given.get(check), given.get(dryRun)])
        const isRestart = yield* given.get(restart)
        const settings = {
          concurrency: yield* given.get(concurrency),
          rate: yield* given.get(rate),
          limit: Option.getOrElse(yield* given.get(limit), () => Number.POSITIVE_INFINITY)
        }
        const source = yield* Source.open(given.argument, {
          format: yield* given.get(format),
          ignoreUnknownColumns: yield* given.get(ignoreUnknownColumns)
        })
        if (isCheck || isDryRun) {
          const past = isCheck || isRestart ? Journal.nothing : yield* Import.pastOf(source)
          return yield* Check.run(source, { past, isDryRun, limit: settings.limit, json: asJson }).pipe(
            whenInterrupted(() => failed("Stopped before all lines were checked"))
          )
        }
        const policy = TrustlyRetry.policy(yield* TrustlyRetry.config)
        const sending = Effect.gen(function*() {
          const work = yield* Import.prepare(source, isRestart)
          yield* perform(work, { ...settings, policy, deadline: yield* deadline }, asJson)
        })
        yield* Effect.provide(sending, customers)
      }).pipe(
        Effect.scoped,
        whenInterrupted(() => resumable("Stopped before anything was sent. The same command starts the import"))
      )
  })
