/** Runs a command to its end: reports its failure in one line on stderr, handles signals, and sets the exit status. */
import * as Runtime from "@effect/platform/Runtime"
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { constVoid } from "effect/Function"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Output from "./Output.ts"
import type { FailureStatus, Problem } from "./Problem.ts"
import { failed } from "./Problem.ts"
import * as Report from "./Report.ts"

declare const PACKAGE_VERSION: string

export const info = {
  name: "trustly-customers",
  // set by the bundler
  version: typeof PACKAGE_VERSION === "undefined" ? "0.0.0" : PACKAGE_VERSION
}

export const sections = [
  {
    title: "Exit status",
    lines: [
      "0  done",
      "1  failed, or some lines of an import failed",
      "2  the command line, a file, or the configuration has to change",
      "3  an import stopped, and the same command continues it"
    ]
  },
  {
    title: "Environment",
    lines: [
      "TRUSTLY_ACCESS_ID, TRUSTLY_ACCESS_KEY  required by get, update, and import",
      "TRUSTLY_BASE_URL               default: Trustly's hosted sandbox",
      "TRUSTLY_ALLOW_INSECURE_HTTP    default: false, plain http to loopback only",
      "TRUSTLY_TIMEOUT                deadline of a request, default: 30 seconds",
      "TRUSTLY_RETRY_TIMES            default: 3",
      "TRUSTLY_RETRY_BASE_DELAY       default: 250 millis",
      "TRUSTLY_RETRY_MAX_DELAY        default: 10 seconds",
      "TRUSTLY_RETRY_MAX_RETRY_AFTER  default: 60 seconds",
      "HTTPS_PROXY, HTTP_PROXY, NO_PROXY  proxies, and hosts reached without one",
      "OTEL_EXPORTER_OTLP_ENDPOINT    collector of traces and metrics"
    ]
  }
]

const defectNames = (cause: Cause.Cause<unknown>): string =>
  Array.from(Cause.defects(cause), (defect) => defect instanceof Error ? defect.name : typeof defect).join(", ")

/** The failure to report; none where a server was stopped, which is how it ends. */
const problemOf = (cause: Cause.Cause<Report.Failure>): Option.Option<Problem> => {
  const failure = Cause.failureOption(cause)
  if (Option.isSome(failure)) return Option.some(Report.problem(failure.value))
  // a defect may hold anything, so only its name is shown
  return Cause.isInterruptedOnly(cause)
    ? Option.none()
    : Option.some(failed(`This is a bug of ${info.name}: ${defectNames(cause)}`))
}

/** A failure that has already been reported to the user. */
class ReportedFailure extends Data.TaggedError("ReportedFailure")<{ readonly status: FailureStatus }> {}

/** Reports a failure, and fails with its exit status. */
export const reportFailure = <A, R>(
  program: Effect.Effect<A, Report.Failure, R>
): Effect.Effect<void, ReportedFailure, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      yield* Output.tolerateClosedPipes
      const exit = yield* Effect.exit(restore(program))
      const problem = Exit.isFailure(exit) ? problemOf(exit.cause) : Option.none()
      if (Option.isNone(problem)) return
      yield* Output.printError(problem.value.message)
      return yield* new ReportedFailure({ status: problem.value.status })
    })
  ).pipe(
    // stdout is for results
    Effect.provide(Logger.replace(Logger.defaultLogger, Logger.prettyLogger({ stderr: true })))
  )

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const

/**
 * The first signal stops the command. `npx` relays Ctrl-C, so that one key press arrives as two signals: only the third one kills,
 * without waiting for lines in flight.
 */
export const runMain = Runtime.makeRunMain(({ fiber, teardown }) => {
  // @effect-diagnostics-next-line globalTimers:off -- keeps the process alive while it waits for something that does not
  const keepAlive = setInterval(constVoid, 2 ** 31 - 1)
  let received = 0
  const onSignal = (signal: NodeJS.Signals) => {
    received += 1
    if (received === 1) fiber.unsafeInterruptAsFork(fiber.id())
    if (received < 3) return
    for (const name of signals) process.off(name, onSignal)
    process.kill(process.pid, signal)
  }
  for (const name of signals) process.on(name, onSignal)
  // a write beyond the size limit of files then fails with an error, as on a full disk
  process.on("SIGXFSZ", constVoid)
  fiber.addObserver((exit) => {
    clearInterval(keepAlive)
    teardown(exit, (status) => process.exit(status))
  })
})

/** Ends the process with the status of the reported failure; 0 for a server that was stopped. */
export const teardown: Runtime.Teardown = (exit, onExit) => {
  const failure = Exit.isFailure(exit) ? Cause.failureOption(exit.cause) : Option.none()
  onExit(Option.isSome(failure) && failure.value instanceof ReportedFailure ? failure.value.status : 0)
}
