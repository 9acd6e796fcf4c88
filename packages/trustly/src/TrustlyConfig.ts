/**
 * How to reach Trustly: credentials, base URL, deadline, and byte limit.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import type * as Duration from "effect/Duration"
import * as Either from "effect/Either"
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
 * The options of a `CustomerService`. Its layer checks them when it is built.
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
  /** Base URL of Trustly's operations. It must be https, except for loopback. Default: {@link sandboxUrl}. */
  readonly baseUrl?: string | undefined
  /** Deadline of one request, from connecting to the last byte of the response. Default: 30 seconds. `Infinity`: none. */
  readonly timeout?: Duration.DurationInput | undefined
  /** Maximum size of a response, in bytes. Default: 1048576 (1 MiB). */
  readonly maxResponseBytes?: number | undefined
  /** Whether credentials may be sent over plain http to any host. Default: to loopback only. */
  readonly allowInsecureHttp?: boolean | undefined
  /** Changes the HttpClient, for example to add a proxy's header. It must not follow redirects, and must not log requests. */
  readonly transformClient?: ((client: HttpClient.HttpClient) => HttpClient.HttpClient) | undefined
}

/**
 * The options from `TRUSTLY_ACCESS_ID`, `TRUSTLY_ACCESS_KEY`, `TRUSTLY_BASE_URL`, `TRUSTLY_TIMEOUT`, and
 * `TRUSTLY_ALLOW_INSECURE_HTTP`. A `ConfigError` names the variable and the problem, never the value.
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
    Config.withDescription("Access ID of the merchant, the user name of HTTP Basic")
  ),
  accessKey: Settings.required("TRUSTLY_ACCESS_KEY", Settings.accessKey).pipe(
    Config.map(Redacted.make),
    Config.withDescription("Access key of the merchant, the password of HTTP Basic")
  ),
  baseUrl: Settings.optional("TRUSTLY_BASE_URL", Settings.baseUrl(true)).pipe(
    Config.withDescription(`Base URL of Trustly. Default: its sandbox, ${sandboxUrl}`)
  ),
  timeout: Settings.optional("TRUSTLY_TIMEOUT", Settings.timeout).pipe(
    Config.withDescription("Deadline of one request, such as \"10 seconds\", or \"Infinity\". Default: 30 seconds")
  ),
  allowInsecureHttp: Settings.optional("TRUSTLY_ALLOW_INSECURE_HTTP", Settings.flag).pipe(
    Config.withDescription("Whether credentials may be sent over plain http to any host, true or false. Default: false")
  )
}).pipe(
  Config.mapOrFail((options) =>
    Either.mapBoth(Settings.baseUrl(options.allowInsecureHttp ?? false)(options.baseUrl ?? sandboxUrl), {
      onLeft: (problem) => ConfigError.InvalidData(["TRUSTLY_BASE_URL"], problem),
      onRight: () => options
    })
  )
)
