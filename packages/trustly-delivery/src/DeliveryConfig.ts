/**
 * The options of delivery: encryption keys, concurrency, backlog, retries, and retention.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import type * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as Keyring from "./internal/keyring.ts"
import { parseConcurrency, parseDuration, parseMaxBacklog } from "./internal/settings.ts"

/**
 * The options of `CustomerDelivery.layer`.
 *
 * @since 0.1.0
 * @category models
 * @example
 * import { Redacted } from "effect"
 * import type { DeliveryConfig } from "effect-trustly-delivery"
 *
 * export const options: DeliveryConfig.Options = {
 *   keys: [Redacted.make("bmV3IGtleSBuZXcga2V5IG5ldyBrZXkgbmV3IGtleSE="), Redacted.make("b2xkIGtleSBvbGQga2V5IG9sZCBrZXkgb2xkIGtleSE=")],
 *   concurrency: 32,
 *   giveUpAfter: "1 day"
 * }
 */
export interface Options {
  /** Base64-encoded 32-byte encryption keys. The first key encrypts; all keys decrypt. Prepend a key to rotate. */
  readonly keys: readonly [Redacted.Redacted, ...ReadonlyArray<Redacted.Redacted>]
  /** Maximum number of customers in flight in this process, at most 10,000. Default: 16. */
  readonly concurrency?: number | undefined
  /** Number of queued changes at which `enqueue` fails with `BacklogFull`. Default: 100,000. */
  readonly maxBacklog?: number | undefined
  /** Backoff after the first failed attempt of a change. Doubles with every attempt. Default: 500 ms. */
  readonly baseDelay?: Duration.DurationInput | undefined
  /** Maximum backoff. A longer `Retry-After` takes precedence. Default: 30 s. */
  readonly maxDelay?: Duration.DurationInput | undefined
  /** A change that keeps failing for this long becomes a dead letter. Default: 3 days. */
  readonly giveUpAfter?: Duration.DurationInput | undefined
  /** How often one change is sent as a probe while delivery is paused. Default: 30 s. */
  readonly probeInterval?: Duration.DurationInput | undefined
  /** How long delivered and discarded changes and their idempotency keys are kept. Default: 7 days. */
  readonly retention?: Duration.DurationInput | undefined
}

const setting = <A>(name: string, parse: (text: string) => Either.Either<A, string>): Config.Config<A> =>
  Config.mapOrFail(
    Config.string(name),
    (text) => Either.mapLeft(parse(text), (problem) => ConfigError.InvalidData([], problem))
  )

const optional = <A>(name: string, parse: (text: string) => Either.Either<A, string>): Config.Config<A | undefined> =>
  Config.withDefault(setting(name, parse), undefined)

const digits = (text: string): number => /^\d+$/.test(text) ? Number(text) : Number.NaN

const keys = (text: string): Either.Either<Options["keys"], string> => {
  const [first = "", ...rest] = text.split(",").map((key) => key.trim())
  const secrets: Options["keys"] = [Redacted.make(first), ...rest.map((key) => Redacted.make(key))]
  return Either.map(Keyring.make(secrets), () => secrets)
}

/**
 * The options from `DELIVERY_KEYS` (comma-separated), `DELIVERY_CONCURRENCY`, `DELIVERY_MAX_BACKLOG`, `DELIVERY_BASE_DELAY`,
 * `DELIVERY_MAX_DELAY`, `DELIVERY_GIVE_UP_AFTER`, `DELIVERY_PROBE_INTERVAL`, and `DELIVERY_RETENTION`. A `ConfigError` names
 * the variable and the problem, never the value.
 *
 * @since 0.1.0
 * @category config
 * @example
 * import { ConfigProvider, Effect } from "effect"
 * import { DeliveryConfig } from "effect-trustly-delivery"
 *
 * const env = new Map([
 *   ["DELIVERY_KEYS", "bmV3IGtleSBuZXcga2V5IG5ldyBrZXkgbmV3IGtleSE="],
 *   ["DELIVERY_CONCURRENCY", "32"]
 * ])
 *
 * const options = Effect.runSync(DeliveryConfig.config.pipe(Effect.withConfigProvider(ConfigProvider.fromMap(env))))
 * assert.strictEqual(options.concurrency, 32)
 */
export const config: Config.Config<Options> = Config.all({
  keys: setting("DELIVERY_KEYS", keys).pipe(
    Config.withDescription(
      "Base64-encoded 32-byte encryption keys, separated by commas. The first key encrypts; all keys decrypt"
    )
  ),
  concurrency: optional("DELIVERY_CONCURRENCY", (text) => parseConcurrency(digits(text))).pipe(
    Config.withDescription("Maximum number of customers in flight per process. Default: 16")
  ),
  maxBacklog: optional("DELIVERY_MAX_BACKLOG", (text) => parseMaxBacklog(digits(text))).pipe(
    Config.withDescription("Number of queued changes at which enqueue fails with BacklogFull. Default: 100000")
  ),
  baseDelay: optional("DELIVERY_BASE_DELAY", parseDuration).pipe(
    Config.withDescription("Backoff after the first failed attempt. Default: 500 millis")
  ),
  maxDelay: optional("DELIVERY_MAX_DELAY", parseDuration).pipe(
    Config.withDescription("Maximum backoff. Default: 30 seconds")
  ),
  giveUpAfter: optional("DELIVERY_GIVE_UP_AFTER", parseDuration).pipe(
    Config.withDescription("A change that keeps failing for this long becomes a dead letter. Default: 3 days")
  ),
  probeInterval: optional("DELIVERY_PROBE_INTERVAL", parseDuration).pipe(
    Config.withDescription("How often one change is sent as a probe while delivery is paused. Default: 30 seconds")
  ),
  retention: optional("DELIVERY_RETENTION", parseDuration).pipe(
    Config.withDescription("How long delivered and discarded changes are kept. Default: 7 days")
  )
})
