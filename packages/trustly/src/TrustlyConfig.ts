/**
 * How to reach Trustly: credentials, base URL, deadline, byte limit.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import type * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import * as Settings from "./internal/settings.ts"

/**
 * Base URL of Trustly's sandbox, the default.
 *
 * @since 0.1.0
 * @category constants
 * @example
 * import { TrustlyConfig } from "effect-trustly"
 *
 * assert.strictEqual(new URL(TrustlyConfig.sandboxUrl).protocol, "https:")
 */
export const sandboxUrl = Settings.sandboxUrl

/**
 * Base URL of Trustly's production environment.
 *
 * @since 0.1.0
 * @category constants
 * @example
 * import { Redacted } from "effect"
 * import { CustomerService, TrustlyConfig } from "effect-trustly"
 *
 * export const production = CustomerService.layer({
 *   accessId: "id",
 *   accessKey: Redacted.make("key"),
 *   baseUrl: TrustlyConfig.productionUrl
 * })
 */
export const productionUrl = "https://api.trustly.one/api/v1"

/**
 * The options of a `CustomerService`. Those that cannot work are refused when its layer is built.
 *
 * @since 0.1.0
 * @category models
 * @example
 * import { HttpClient, HttpClientRequest } from "@effect/platform"
 * import { Redacted } from "effect"
 * import type { TrustlyConfig } from "effect-trustly"
 *
 * export const options: TrustlyConfig.Options = {
 *   accessId: "id",
 *   accessKey: Redacted.make("key"),
 *   timeout: "10 seconds",
 *   maxResponseBytes: 64 * 1024,
 *   transformClient: HttpClient.mapRequest(HttpClientRequest.setHeader("via", "1.1 proxy"))
 * }
 */
export interface Options {
  /** User name of HTTP Basic: the access id of the merchant in this environment. */
  readonly accessId: string
  /** Password of HTTP Basic: the access key that goes with the access id. */
  readonly accessKey: Redacted.Redacted
  /** Where Trustly's operations are; https, but for loopback. Default: {@link sandboxUrl}. */
  readonly baseUrl?: string | undefined
  /** Deadline of one attempt, from connecting to the last byte of the answer. Default: 30 seconds. `Infinity`: none. */
  readonly timeout?: Duration.DurationInput | undefined
  /** Largest answer that is read, in bytes. Default: 1048576 (1 MiB). */
  readonly maxResponseBytes?: number | undefined
  /** Send credentials over plain http to any host. Default: only to loopback. */
  readonly allowInsecureHttp?: boolean | undefined
  /** Last change to the HttpClient, such as a proxy's header. It must not follow redirects and must not print requests. */
  readonly transformClient?: ((client: HttpClient.HttpClient) => HttpClient.HttpClient) | undefined
}

/**
 * The options from `TRUSTLY_ACCESS_ID`, `TRUSTLY_ACCESS_KEY`, `TRUSTLY_BASE_URL` and `TRUSTLY_TIMEOUT`. A `ConfigError` names the
 * key and says what is wrong, never the value.
 *
 * @since 0.1.0
 * @category config
 * @example
 * import { ConfigProvider, Effect } from "effect"
 * import { TrustlyConfig } from "effect-trustly"
 *
 * const env = new Map([["TRUSTLY_ACCESS_ID", "id"], ["TRUSTLY_ACCESS_KEY", "key"], ["TRUSTLY_TIMEOUT", "10 seconds"]])
 *
 * const options = Effect.runSync(TrustlyConfig.config.pipe(Effect.withConfigProvider(ConfigProvider.fromMap(env))))
 * assert.strictEqual(options.accessId, "id")
 * assert.strictEqual(String(options.accessKey), "<redacted>")
 */
export const config: Config.Config<Options> = Config.all({
  accessId: Settings.required("TRUSTLY_ACCESS_ID", Settings.accessId).pipe(
    Config.withDescription("Access id of the merchant, the user name of HTTP Basic")
  ),
  accessKey: Settings.required("TRUSTLY_ACCESS_KEY", Settings.accessKey).pipe(
    Config.map(Redacted.make),
    Config.withDescription("Access key of the merchant, the password of HTTP Basic")
  ),
  baseUrl: Settings.optional("TRUSTLY_BASE_URL", Settings.baseUrl(false)).pipe(
    Config.withDescription(`Where Trustly is. Default: its sandbox, ${sandboxUrl}`)
  ),
  timeout: Settings.optional("TRUSTLY_TIMEOUT", Settings.timeout).pipe(
    Config.withDescription("Deadline of one attempt, such as \"10 seconds\", or \"Infinity\". Default: 30 seconds")
  )
})
