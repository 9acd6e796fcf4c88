import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import type { CustomerService } from "effect-trustly"
import { TrustlyRetry } from "effect-trustly"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Check from "../import/Check.ts"
import type { Work } from "../import/Import.ts"
import * as Import from "../import/Import.ts"
import * as Journal from "../import/Journal.ts"
import * as Progress from "../import/Progress.ts"
import * as Source from "../import/Source.ts"
import * as Tally from "../import/Tally.ts"
import * as Otlp from "../Otlp.ts"
import * as Output from "../Output.ts"
import { failed, interruptedAs, stopped } from "../Problem.ts"
import { wholeNumber } from "./shared.ts"

const file = Args.text({ name: "file" }).pipe(
  Args.withDescription(
    "File with commands or customers, as NDJSON or CSV, packed if it ends in .gz; - for the standard input."
  )
)

const format = Options.choice("format", ["ndjson", "csv"]).pipe(
  Options.withDescription("What the file is, where its name does not tell."),
  Options.optional
)

const check = Options.boolean("check").pipe(
  Options.withDescription("Tell every line that cannot be imported, and send nothing.")
)

const dryRun = Options.boolean("dry-run").pipe(
  Options.withDescription("Tell what would be sent for each line, and send nothing.")
)

const restart = Options.boolean("restart").pipe(
  Options.withDescription("Begin with the first line again, whatever was recorded before, and forget the failures.")
)

const concurrency = wholeNumber("concurrency", 1, 1000).pipe(
  Options.withDescription("How many lines are under way at a time."),
  Options.withDefault(16)
)

const limit = wholeNumber("limit", 1, 999_999_999).pipe(
  Options.withDescription("How many lines to send at the most; the same command goes on with the next ones."),
  Options.optional
)

const intervals: Readonly<Record<string, "1 second" | "1 minute" | "1 hour">> = {
  s: "1 second",
  min: "1 minute",
  h: "1 hour"
}

const rate = Options.text("rate").pipe(
  Options.withDescription(
    "How many calls to begin at the most, such as 50/s, 600/min or 10000/h; a retry is a call of its own."
  ),
  Options.filterMap((text) => {
    const [, calls, unit = ""] = /^(\d{1,7}(?:\.\d{1,3})?)\/(s|min|h)$/.exec(text) ?? []
    return Option.fromNullable(intervals[unit]).pipe(
      Option.map((interval) => ({ limit: Number(calls), interval })),
      Option.filter((given) => given.limit > 0)
    )
  }, "--rate: expected a number and a time, such as 50/s, 600/min or 10000/h"),
  Options.optional
)

const json = Options.boolean("json").pipe(Options.withDescription("Print progress and summary as JSON, a line each."))

const summary = ({ failuresFile, tally }: Work, asJson: boolean) =>
  Output.print(
    ...(asJson
      ? [JSON.stringify({ summary: Tally.toJson(tally) })]
      : [
        ...Tally.lines(tally),
        ...(Tally.failures(tally) > 0 ? [`  what failed is in ${Output.harmless(failuresFile)}`] : [])
      ])
  )

/** Does the work, and shows how far it is and what it came to, however it ends. */
export const perform = (work: Work, settings: Import.Settings, asJson: boolean) =>
  Effect.gen(function*() {
    const share = () => Option.getOrUndefined(Option.map(work.source.size, (size) => size === 0 ? 1 : work.read / size))
    const progress = Progress.show({ tally: work.tally, share }, asJson)
    yield* Effect.scoped(Effect.zipRight(progress, Import.perform(work, settings))).pipe(
      interruptedAs(stopped(Option.match(work.source.file, {
        onNone: () => "Stopped before the end of the standard input",
        onSome: () => "Stopped. The same command goes on from here"
      }))),
      Effect.onError(() => Effect.ignore(summary(work, asJson)))
    )
    yield* summary(work, asJson)
  })

/** Only an import that sends something needs the service, and so credentials. */
export const importing = <E>(customers: Layer.Layer<CustomerService, E>) =>
  Command.make(
    "import",
    { file, format, check, dryRun, restart, concurrency, limit, rate, json, otlp: Otlp.option },
    ({ check: isCheck, dryRun: isDryRun, file: given, format: asked, json: asJson, restart: anew, ...settings }) =>
      Effect.gen(function*() {
        const source = yield* Source.open(given, asked)
        if (isCheck || isDryRun) {
          const past = isCheck || anew ? Journal.nothing : yield* Import.pastOf(source)
          const most = Option.getOrElse(settings.limit, () => Number.POSITIVE_INFINITY)
          return yield* Check.run(source, { past, commands: isDryRun, limit: most, json: asJson })
        }
        const policy = TrustlyRetry.policy(yield* TrustlyRetry.config)
        const sending = Effect.gen(function*() {
          const work = yield* Import.prepare(source, anew)
          yield* perform(work, { ...settings, policy }, asJson)
          const failures = Tally.failures(work.tally)
          if (failures > 0) {
            return yield* failed(
              `${Tally.count(failures, "line")} failed. When the cause is mended, import ${
                Output.harmless(work.failuresFile)
              }`
            )
          }
        })
        yield* Effect.provide(sending, customers)
      }).pipe(Effect.scoped, interruptedAs(stopped("Stopped before anything was sent")))
  ).pipe(
    Command.withDescription(
      "Updates many customers. What is done is recorded in a journal beside the file, so that the same command goes on after " +
        "whatever stopped it. It needs credentials like update."
    )
  )
