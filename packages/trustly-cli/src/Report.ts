/** What is said about a failure, in one line: what went wrong, what became of the record, what to do next. */
import * as HelpDoc from "@effect/cli/HelpDoc"
import type * as ValidationError from "@effect/cli/ValidationError"
import type { TrustlyError } from "effect-trustly"
import { isTrustlyError } from "effect-trustly"
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import { stripVTControlCharacters } from "node:util"
import type { OutputClosed } from "./Output.ts"
import * as Output from "./Output.ts"
import type { Problem } from "./Problem.ts"
import { failed, usage } from "./Problem.ts"

/** Everything that a command can fail with. */
export type Failure =
  | TrustlyError
  | ConfigError.ConfigError
  | ValidationError.ValidationError
  | Problem
  | OutputClosed

const seconds = (duration: Duration.Duration): string => `${Number(Duration.toSeconds(duration).toFixed(2))} s`

const fate = ({ operation, outcome }: TrustlyError): string => {
  if (operation === "get" || operation === "find") return ""
  switch (outcome) {
    case "NotSent":
      return "No update was sent. "
    case "Rejected":
      return "Nothing was changed. "
    case "Unknown":
      return "It is unknown whether the update was applied. "
    case "Applied":
      return "The update was applied. "
  }
}

/** What to do about an error. */
export const advice = (error: TrustlyError): string => {
  switch (error._tag) {
    case "TrustlyValidationError":
      return "Correct what is named and run it again"
    case "TrustlyAuthError":
      return "Check TRUSTLY_ACCESS_ID and TRUSTLY_ACCESS_KEY, and that they belong to the environment of TRUSTLY_BASE_URL"
    case "TrustlyNotFoundError":
      return "Check the customerId, and that TRUSTLY_BASE_URL is the environment that has this customer"
    case "TrustlyRejectedError":
      return error.status < 400
        ? "Check TRUSTLY_BASE_URL: something there answers in place of Trustly"
        : "Another try does not help: look the status and the codes up in Trustly's documentation"
    case "TrustlyRateLimitError":
      return `Run it again ${error.retryAfter === undefined ? "later" : `in ${seconds(error.retryAfter)}`}`
    case "TrustlyServerError":
      return error.isRetryable
        ? "Run it again later: the same values sent twice leave the same record"
        : "Another try does not help: check TRUSTLY_BASE_URL"
    case "TrustlyNetworkError":
      return network[error.reason]
    case "TrustlyDecodeError":
      return error.outcome === "Applied"
        ? "Do not send it again: see with `get` what the record holds now"
        : "Check TRUSTLY_BASE_URL: the answer is not one of Trustly's"
  }
}

const network = {
  Dns: "Check TRUSTLY_BASE_URL and the network",
  Connect: "Check TRUSTLY_BASE_URL and the network",
  Tls: "Check TRUSTLY_BASE_URL, the clock and the certificates of this machine",
  Timeout: "Run it again: the same values sent twice leave the same record. TRUSTLY_TIMEOUT gives an attempt more time",
  Reset: "Run it again: the same values sent twice leave the same record",
  Protocol: "Check TRUSTLY_BASE_URL, http or https included"
} as const

const trustlyProblem = (error: TrustlyError): Problem => {
  const line = `${error.message}. ${fate(error)}${advice(error)}`
  const isOurCheck = error._tag === "TrustlyValidationError" && error.status === undefined
  return isOurCheck ? usage(line) : failed(line)
}

interface Settings {
  readonly missing: ReadonlyArray<string>
  readonly wrong: ReadonlyArray<string>
}

const settings = (error: ConfigError.ConfigError): Settings => {
  if (ConfigError.isAnd(error) || ConfigError.isOr(error)) {
    const [left, right] = [settings(error.left), settings(error.right)]
    return { missing: [...left.missing, ...right.missing], wrong: [...left.wrong, ...right.wrong] }
  }
  const name = error.path.join(".")
  return ConfigError.isMissingData(error)
    ? { missing: [name], wrong: [] }
    : { missing: [], wrong: [`${name} ${error.message}`] }
}

const configProblem = (error: ConfigError.ConfigError): Problem => {
  const { missing, wrong } = settings(error)
  return usage([
    ...wrong.map((problem) => `${problem}.`),
    ...(missing.length === 0 ? [] : [
      `Set ${
        missing.join(" and ")
      }. To try it without credentials, start \`sandbox\`: it needs none and prints what to set`
    ])
  ].join(" "))
}

const unexpected = /^Received unknown argument: '(--[A-Za-z][\w-]*)'$/

const parserProblem = ({ error }: ValidationError.ValidationError): Problem => {
  const text = stripVTControlCharacters(HelpDoc.toAnsiText(error)).replaceAll(/\s+/g, " ").trim()
  const option = unexpected.exec(text)?.[1]
  const what = option !== undefined
    ? `${option} is not known here, is given twice, or lacks its value`
    // what was not expected may be a value that went astray, so it is not shown
    : text.startsWith("Received unknown argument")
    ? "An argument was not expected; a value that holds spaces needs quotes"
    : text === ""
    ? "An option is not known"
    : text.replace(/[.?]$/, "")
  return usage(`${what}. See --help`)
}

/** The line and the exit status of a failure. */
export const problem = (failure: Exclude<Failure, OutputClosed>): Problem => {
  if (isTrustlyError(failure)) return trustlyProblem(failure)
  if (ConfigError.isConfigError(failure)) return configProblem(failure)
  return failure._tag === "Problem" ? failure : parserProblem(failure)
}

/** A policy that tells of each retry before it waits: what failed, and how long the wait is. */
export const announced = <In>(
  policy: Schedule.Schedule<Duration.Duration, In>,
  tell: (line: string) => Effect.Effect<void> = Output.tell
): Schedule.Schedule<Duration.Duration, In> =>
  Schedule.identity<In>().pipe(
    Schedule.intersect(policy),
    Schedule.onDecision(([error, delay], decision) =>
      ScheduleDecision.isContinue(decision) && isTrustlyError(error)
        ? tell(`${error.message}. Trying again in ${seconds(delay)}`)
        : Effect.void
    ),
    Schedule.map(([, delay]) => delay)
  )
