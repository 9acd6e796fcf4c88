/**
 * Retry policies for `Effect.retry` and `CustomerService.withRetry`. Without one, this library never retries.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { pipe } from "effect/Function"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Monotonic from "./internal/monotonic.ts"
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
  /** Maximum number of retries after the first attempt. Default: 3. */
  readonly times?: number | undefined
  /** Delay before the first retry. It doubles with each retry, with a jitter of 20 %. Default: 250 milliseconds. */
  readonly baseDelay?: Duration.DurationInput | undefined
  /** Maximum backoff delay. Default: 10 seconds. */
  readonly maxDelay?: Duration.DurationInput | undefined
  /** Maximum `Retry-After` to wait for. When Trustly asks for more, the policy gives up. Default: 60 seconds. */
  readonly maxRetryAfter?: Duration.DurationInput | undefined
}

const requestedDelay = (error: unknown): Duration.Duration => Option.getOrElse(retryAfter(error), () => Duration.zero)

/**
 * Retries while the error is a retryable one of this library, with exponential backoff and jitter. It waits at least as long as
 * `Retry-After` asks, and gives up when that is longer than `maxRetryAfter`. It outputs the delays.
 *
 * The error and its `outcome` are those of the last attempt. When an earlier attempt was `Unknown`, the write may have been applied
 * although the last one was refused: `CustomerService.withRetry` reports the worst outcome of all attempts.
 *
 * @since 0.1.0
 * @category policies
 * @example
 * import { Effect } from "effect"
 * import { TrustlyRetry, TrustlyServerError } from "effect-trustly"
 *
 * let attempts = 0
 * const flaky = Effect.suspend(() => ++attempts < 3 ? Effect.fail(new TrustlyServerError({ operation: "update" })) : Effect.succeed("done"))
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
  const longest = Duration.min(maxDelay, Duration.millis(Monotonic.maxSleepMillis))
  const longestAsked = Duration.min(maxRetryAfter, Duration.millis(Monotonic.maxSleepMillis))
  return pipe(
    Schedule.identity<unknown>(),
    Schedule.intersect(Schedule.jittered(Schedule.exponential(baseDelay))),
    Schedule.intersect(Schedule.recurs(times)),
    Schedule.whileInput((error) =>
      isRetryable(error) && Duration.lessThanOrEqualTo(requestedDelay(error), longestAsked)
    ),
    Schedule.modifyDelayEffect(([[error]], delay) =>
      Effect.as(Telemetry.countRetry(error), Duration.max(Duration.min(delay, longest), requestedDelay(error)))
    ),
    Schedule.delays
  )
}

/**
 * The options of {@link policy} from `TRUSTLY_RETRY_TIMES`, `TRUSTLY_RETRY_BASE_DELAY`, `TRUSTLY_RETRY_MAX_DELAY`, and
 * `TRUSTLY_RETRY_MAX_RETRY_AFTER`. A `ConfigError` names the variable and the problem, never the value.
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
    Config.withDescription("Maximum number of retries. Default: 3")
  ),
  baseDelay: Settings.optional("TRUSTLY_RETRY_BASE_DELAY", Settings.delay).pipe(
    Config.withDescription("Delay before the first retry. Default: 250 millis")
  ),
  maxDelay: Settings.optional("TRUSTLY_RETRY_MAX_DELAY", Settings.delay).pipe(
    Config.withDescription("Maximum backoff delay. Default: 10 seconds")
  ),
  maxRetryAfter: Settings.optional("TRUSTLY_RETRY_MAX_RETRY_AFTER", Settings.delay).pipe(
    Config.withDescription("Maximum Retry-After to wait for. Default: 60 seconds")
  )
})
