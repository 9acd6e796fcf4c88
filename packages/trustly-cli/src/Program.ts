/** Runs the commands: one line on standard error for every failure, and the exit status that goes with it. */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import type { Teardown } from "@effect/platform/Runtime"
import type * as Terminal from "@effect/platform/Terminal"
import * as Cause from "effect/Cause"
import type * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import { stripVTControlCharacters } from "node:util"
import * as Output from "./Output.ts"
import type { Problem } from "./Problem.ts"
import { failed, interruption } from "./Problem.ts"
import * as Report from "./Report.ts"

const name = "customer-updates"

export const command = Command.make(name).pipe(
  Command.withDescription("Looks at customers at Trustly and keeps them current.")
)

export const info = {
  name,
  version: "0.1.0",
  footer: HelpDoc.blocks([
    HelpDoc.h1("EXIT STATUS"),
    HelpDoc.p(
      "0 done, 1 failed or stopped (of import: some lines failed), 2 the command line, a file or the configuration has to " +
        "change, 3 an import was stopped and goes on when it is run again."
    ),
    HelpDoc.h1("ENVIRONMENT"),
    HelpDoc.p(
      "TRUSTLY_ACCESS_ID and TRUSTLY_ACCESS_KEY are required by get, update and import. TRUSTLY_BASE_URL is Trustly's sandbox, " +
        "TRUSTLY_TIMEOUT 30 seconds, TRUSTLY_RETRY_TIMES 3, TRUSTLY_RETRY_BASE_DELAY 250 millis, " +
        "TRUSTLY_RETRY_MAX_DELAY 10 seconds, and TRUSTLY_RETRY_MAX_RETRY_AFTER 60 seconds unless set."
    )
  ])
}

// without regard to case the parser would take an option and then lose its value
export const parser = CliConfig.layer({ isCaseSensitive: true })

/** A failure that has been told. */
class Told extends Data.TaggedError("Told")<{ readonly status: number }> {}

// the parser lists each command with all of its options, on a line of several hundred characters
const listed = /^( {2}- )(\w+).*? {2,}(?=\S)/gm

/** A console for the parser: help that can be read, without colours where they are not wanted, and no pages of errors. */
const quiet = (console: Console.Console, isColoured: boolean): Console.Console => ({
  ...console,
  log: (...args) =>
    console.log(
      ...args.map((arg) =>
        (isColoured ? String(arg) : stripVTControlCharacters(String(arg)))
          .replace(listed, (_, bullet: string, subcommand: string) => bullet + subcommand.padEnd(9))
      )
    ),
  error: () => Effect.void
})

/** What has gone wrong, if anything has. */
const problem = (cause: Cause.Cause<Report.Failure>): Effect.Effect<Option.Option<Problem>> => {
  if (Cause.isInterruptedOnly(cause)) return interruption
  const failure = Option.getOrUndefined(Cause.failureOption(cause))
  if (failure?._tag === "OutputClosed") return Effect.succeedNone
  // a defect may hold anything, so only its kind is shown
  return Effect.succeedSome(
    failure === undefined ? failed(`This is a bug of ${name}: ${kinds(cause)}`) : Report.problem(failure)
  )
}

const kinds = (cause: Cause.Cause<unknown>): string =>
  Array.from(Cause.defects(cause), (defect) => defect instanceof Error ? defect.name : typeof defect).join(", ")

/** Tells of every failure in one line, stopped or not. */
export const reported = <A, R>(
  program: Effect.Effect<A, Report.Failure, R>
): Effect.Effect<void, Told, R | Terminal.Terminal> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      yield* Output.tolerateClosedPipes
      const console = quiet(yield* Effect.console, yield* Output.isColoured)
      const exit = yield* Effect.exit(restore(Effect.withConsole(program, console)))
      const told = Exit.isFailure(exit) ? yield* problem(exit.cause) : Option.none()
      if (Option.isNone(told)) return
      yield* Output.tell(told.value.message)
      return yield* new Told({ status: told.value.status })
    })
  ).pipe(
    Effect.provide(parser),
    // standard output is for results
    Effect.provide(Logger.replace(Logger.defaultLogger, Logger.prettyLogger({ stderr: true })))
  )

/** 0: done. 1: failed, or stopped before the end. 2: the command line, a file or the configuration has to change. 3: see `stopped`. */
export const teardown: Teardown = (exit, onExit) => {
  const told = Exit.isFailure(exit) ? Cause.failureOption(exit.cause) : Option.none()
  onExit(Option.isSome(told) && told.value instanceof Told ? told.value.status : 0)
}
