/** Validates the options and applies defaults. Errors name the option and the problem, never the value. */
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as DeliveryConfig from "../DeliveryConfig.ts"
import * as Keyring from "./keyring.ts"

/** Durations are milliseconds. */
export interface Settings {
  readonly keyring: Keyring.Keyring
  readonly concurrency: number
  readonly maxBacklog: number
  readonly baseDelay: number
  readonly maxDelay: number
  readonly giveUpAfter: number
  readonly probeInterval: number
  readonly retention: number
}

const invalid = (name: string) => (problem: string) => ConfigError.InvalidData([name], problem)

const count = (max: number) => (value: number): Either.Either<number, string> =>
  Number.isSafeInteger(value) && value > 0 && value <= max
    ? Either.right(value)
    : Either.left(`must be a whole number from 1 to ${max}`)

/** A query names every customer in flight, and databases limit the parameters of a query. */
export const parseConcurrency = count(10_000)

export const parseMaxBacklog = count(1_000_000_000)

/** About 100 years. A longer duration, added to the current time, can exceed what a database column or a date holds. */
const maxDuration = Duration.days(36_500)

/** Fails with a message that names the problem, never the value. */
export const parseDuration = (value: unknown): Either.Either<Duration.Duration, string> =>
  Either.fromOption(
    Option.filter(
      Duration.decodeUnknown(value),
      (duration) => Duration.greaterThan(duration, Duration.zero) && Duration.lessThanOrEqualTo(duration, maxDuration)
    ),
    () => "must be a duration above zero and at most 36500 days, such as \"30 seconds\""
  )

const millis = (name: string, value: Duration.DurationInput): Either.Either<number, ConfigError.ConfigError> =>
  Either.mapBoth(parseDuration(value), {
    onLeft: invalid(name),
    onRight: (duration) => Math.ceil(Duration.toMillis(duration))
  })

export const make = (options: DeliveryConfig.Options): Either.Either<Settings, ConfigError.ConfigError> =>
  Either.all({
    keyring: Either.mapLeft(Keyring.make(options.keys), invalid("keys")),
    concurrency: Either.mapLeft(parseConcurrency(options.concurrency ?? 16), invalid("concurrency")),
    maxBacklog: Either.mapLeft(parseMaxBacklog(options.maxBacklog ?? 100_000), invalid("maxBacklog")),
    baseDelay: millis("baseDelay", options.baseDelay ?? "500 millis"),
    maxDelay: millis("maxDelay", options.maxDelay ?? "30 seconds"),
    giveUpAfter: millis("giveUpAfter", options.giveUpAfter ?? "3 days"),
    probeInterval: millis("probeInterval", options.probeInterval ?? "30 seconds"),
    retention: millis("retention", options.retention ?? "7 days")
  })
