/** Describes a failure in one line: what went wrong, what happened to the customer, what to do next. */
import type { TrustlyError } from "effect-trustly"
import { isTrustlyError } from "effect-trustly"
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as Output from "./Output.ts"
import type { Problem } from "./Problem.ts"
import { failed, usage } from "./Problem.ts"

/** Everything that a command can fail with. */
export type Failure = TrustlyError | ConfigError.ConfigError | Problem

const formatSeconds = (duration: Duration.Duration): string => `${Number(Duration.toSeconds(duration).toFixed(2))} s`

const describeOutcome = ({ operation, outcome }: TrustlyError): string => {
  if (operation === "get" || operation === "find") return ""
  switch (outcome) {
    case "NotSent":
      return "No update was sent. "
    case "Rejected":
      return "Nothing was changed. "
    case "Unknown":
      return "The update may have been applied. "
    case "Applied":
      return "The update was applied. "
  }
}

/** What to do about an error. */
const advice = (error: TrustlyError): string => {
  switch (error._tag) {
    case "TrustlyValidationError":
      return "Fix the fields named above and run it again"
    case "TrustlyAuthError":
      return "Check TRUSTLY_ACCESS_ID and TRUSTLY_ACCESS_KEY, and that they belong to the environment of TRUSTLY_BASE_URL"
    case "TrustlyNotFoundError":
      return "Check the customerId, and that TRUSTLY_BASE_URL is the environment that has this customer"
    case "TrustlyRejectedError":
      return error.status !== undefined && error.status < 400
        ? "Check TRUSTLY_BASE_URL: something else than Trustly responds there"
        : "Retrying won't help. Look up the status and the codes in Trustly's documentation"
    case "TrustlyRateLimitError":
      return `Run it again ${error.retryAfter === undefined ? "later" : `in ${formatSeconds(error.retryAfter)}`}`
    case "TrustlyServerError":
      return error.isRetryable
        ? "Run it again later. Sending the same values twice is safe"
        : "Retrying won't help. Check TRUSTLY_BASE_URL"
    case "TrustlyNetworkError":
      return networkAdvice[error.reason]
    case "TrustlyDecodeError":
      return error.outcome === "Applied"
        ? "Don't send it again. Check with `get` what Trustly holds now"
        : "Check TRUSTLY_BASE_URL: the response is not one of Trustly's"
  }
}

const networkAdvice = {
  Dns: "Check TRUSTLY_BASE_URL and the network",
  Connect: "Check TRUSTLY_BASE_URL, HTTPS_PROXY, and the network",
  Tls: "Check TRUSTLY_BASE_URL, and the clock and certificates of this machine",
  Timeout: "Run it again: sending the same values twice is safe. TRUSTLY_TIMEOUT sets the deadline of an attempt",
  Reset: "Run it again: sending the same values twice is safe",
  Protocol: "Check TRUSTLY_BASE_URL, also whether it starts with http or https"
} as const

const describeTrustlyError = (error: TrustlyError): Problem => {
  const line = `${error.message}. ${describeOutcome(error)}${advice(error)}`
  const isUsage = error._tag === "TrustlyAuthError" ||
    (error._tag === "TrustlyValidationError" && error.status === undefined)
  return isUsage ? usage(line) : failed(line)
}

interface Settings {
  readonly missing: ReadonlyArray<string>
  readonly invalid: ReadonlyArray<string>
}

const settingsOf = (error: ConfigError.ConfigError): Settings => {
  if (ConfigError.isAnd(error) || ConfigError.isOr(error)) {
    const [left, right] = [settingsOf(error.left), settingsOf(error.right)]
    return { missing: [...left.missing, ...right.missing], invalid: [...left.invalid, ...right.invalid] }
  }
  const name = error.path.join(".")
  return ConfigError.isMissingData(error)
    ? { missing: [name], invalid: [] }
    : { missing: [], invalid: [`${name} ${error.message}`] }
}

const describeConfigError = (error: ConfigError.ConfigError): Problem => {
  const { invalid, missing } = settingsOf(error)
  return usage([
    ...invalid.map((problem) => `${problem}.`),
    ...(missing.length === 0 ? [] : [
      `Set ${
        missing.join(" and ")
      }. To try it without credentials, run \`trustly-customers sandbox\`, which prints what to set`
    ])
  ].join(" "))
}

/** The line and the exit status of a failure. */
export const problem = (failure: Failure): Problem => {
  if (isTrustlyError(failure)) return describeTrustlyError(failure)
  return ConfigError.isConfigError(failure) ? describeConfigError(failure) : failure
}

/** A retry policy that reports each retry before it waits: what failed, and how long the wait is. */
export const announced = <In>(
  policy: Schedule.Schedule<Duration.Duration, In>,
  onRetry: (line: string) => Effect.Effect<void> = Output.printError
): Schedule.Schedule<Duration.Duration, In> =>
  Schedule.identity<In>().pipe(
    Schedule.intersect(policy),
    Schedule.onDecision(([error, delay], decision) =>
      ScheduleDecision.isContinue(decision) && isTrustlyError(error)
        ? onRetry(`${error.message}. Retrying in ${formatSeconds(delay)}`)
        : Effect.void
    ),
    Schedule.map(([, delay]) => delay)
  )
