/**
 * Retry policies for `Effect.retry`: nothing is retried unless a program says so.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { pipe } from "effect/Function"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Settings from "./internal/settings.ts"
import * as Telemetry from "./internal/telemetry.ts"
import { isRetryable, retryAfter } from "./TrustlyError.ts"

/**
 * The options of {@link policy}.
 *
 * @since 0.1.0
 * @category models
 * @example
 * import { TrustlyRetry } from "effect-trustly"
 *
 * const patient: TrustlyRetry.Options = { times: 10, maxDelay: "1 minute", maxRetryAfter: "5 minutes" }
 *
 * export const policy = TrustlyRetry.policy(patient)
 */
export interface Options {
  /** How many retries at the most, after the first attempt. Default: 3. */
  readonly times?: number | undefined
  /** Wait before the first retry; it doubles with each further one, with jitter of a fifth. Default: 250 milliseconds. */
  readonly baseDelay?: Duration.DurationInput | undefined
  /** Longest wait that the doubling comes to. Default: 10 seconds. */
  readonly maxDelay?: Duration.DurationInput | undefined
  /** Longest wait that Trustly may ask for; when it asks for more, there is no further try. Default: 60 seconds. */
  readonly maxRetryAfter?: Duration.DurationInput | undefined
}

// a longer wait than a timer of the platform can hold would never end
const maxTimer = Duration.millis(2 ** 31 - 1)

const asked = (error: unknown): Duration.Duration => Option.getOrElse(retryAfter(error), () => Duration.zero)

/**
 * Tries again while the error is a retryable one of this library: with growing, jittered delays, never sooner than
 * Trustly's `Retry-After` asks, and not at all when that is too long to wait. Outputs the delays.
 *
 * The error that comes out is that of the last attempt, and so is its `outcome`: when an earlier attempt was `Unknown`, the write
 * may have been applied although the last one was refused. `CustomerService.withRetry` reports the worst of all attempts.
 *
 * @since 0.1.0
 * @category policies
 * @example
 * import { Effect } from "effect"
 * import { TrustlyRetry, TrustlyServerError } from "effect-trustly"
 *
 * let attempts = 0
 * const flaky = Effect.suspend(() => ++attempts < 3 ? Effect.fail(new TrustlyServerError({})) : Effect.succeed("done"))
 *
 * const result = await Effect.runPromise(Effect.retry(flaky, TrustlyRetry.policy({ baseDelay: "1 millis" })))
 * assert.deepStrictEqual([result, attempts], ["done", 3])
 */
export const policy = (
  {
    baseDelay = "250 millis",
    maxDelay = "10 seconds",
    maxRetryAfter = "60 seconds",
    times = 3
  }: Options = {}
): Schedule.Schedule<Duration.Duration, unknown> => {
  const longest = Duration.min(maxDelay, maxTimer)
  const longestAsked = Duration.min(maxRetryAfter, maxTimer)
  return pipe(
    Schedule.identity<unknown>(),
    Schedule.intersect(Schedule.jittered(Schedule.exponential(baseDelay))),
    Schedule.intersect(Schedule.recurs(times)),
    Schedule.whileInput((error) => isRetryable(error) && Duration.lessThanOrEqualTo(asked(error), longestAsked)),
    Schedule.modifyDelayEffect(([[error]], delay) =>
      Effect.as(Telemetry.countRetry(error), Duration.max(Duration.min(delay, longest), asked(error)))
    ),
    Schedule.delays
  )
}

/**
 * The options of {@link policy} from `TRUSTLY_RETRY_TIMES`, `TRUSTLY_RETRY_BASE_DELAY`, `TRUSTLY_RETRY_MAX_DELAY` and
 * `TRUSTLY_RETRY_MAX_RETRY_AFTER`. A `ConfigError` names the key and says what is wrong, never the value.
 *
 * @since 0.1.0
 * @category config
 * @example
 * import { ConfigProvider, Effect } from "effect"
 * import { TrustlyRetry } from "effect-trustly"
 *
 * const policy = Effect.map(TrustlyRetry.config, TrustlyRetry.policy)
 *
 * const env = ConfigProvider.fromMap(new Map([["TRUSTLY_RETRY_TIMES", "5"]]))
 * const options = Effect.runSync(TrustlyRetry.config.pipe(Effect.withConfigProvider(env)))
 * assert.strictEqual(options.times, 5)
 */
export const config: Config.Config<Options> = Config.all({
  times: Settings.optional("TRUSTLY_RETRY_TIMES", Settings.times).pipe(
    Config.withDescription("How many retries at the most. Default: 3")
  ),
  baseDelay: Settings.optional("TRUSTLY_RETRY_BASE_DELAY", Settings.delay).pipe(
    Config.withDescription("Wait before the first retry. Default: 250 millis")
  ),
  maxDelay: Settings.optional("TRUSTLY_RETRY_MAX_DELAY", Settings.delay).pipe(
    Config.withDescription("Longest wait that the doubling comes to. Default: 10 seconds")
  ),
  maxRetryAfter: Settings.optional("TRUSTLY_RETRY_MAX_RETRY_AFTER", Settings.delay).pipe(
    Config.withDescription("Longest wait that Trustly may ask for. Default: 60 seconds")
  )
})
