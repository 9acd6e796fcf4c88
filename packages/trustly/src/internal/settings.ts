/** The rules for settings. The left side says what is wrong, never the value. */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as TrustlyConfig from "../TrustlyConfig.ts"

type Checked<A> = Either.Either<A, string>

/** A setting that is read as a string and checked here: `Config.url`, `.duration` and `.integer` quote the value in their errors. */
export const required = <A>(name: string, check: (value: string) => Checked<A>): Config.Config<A> =>
  Config.mapOrFail(
    Config.string(name),
    (value) => Either.mapLeft(check(value), (problem) => ConfigError.InvalidData([], problem))
  )

export const optional = <A>(name: string, check: (value: string) => Checked<A>): Config.Config<A | undefined> =>
  Config.withDefault(required(name, check), undefined)

const unless = <A>(value: A, problem: string | undefined): Checked<A> =>
  problem === undefined ? Either.right(value) : Either.left(problem)

export const sandboxUrl = "https://sandbox.trustly.one/api/v1"

const credential = (value: unknown): Checked<string> => {
  if (typeof value !== "string") return Either.left("must be a string")
  if (value === "") return Either.left("must not be empty")
  if (value.trim() !== value) return Either.left("must not begin or end with white space")
  return unless(value, /[\p{Cc}\p{Surrogate}]/u.test(value) ? "must not contain control characters" : undefined)
}

export const accessId = (value: unknown): Checked<string> =>
  Either.flatMap(
    credential(value),
    (id) => unless(id, id.includes(":") ? "must not contain a colon, which HTTP Basic cannot send" : undefined)
  )

export const accessKey = credential

const isLoopback = (host: string): boolean =>
  host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host)

/** The base URL without its trailing slashes. */
export const baseUrl = (allowInsecureHttp: boolean) => (value: unknown): Checked<string> => {
  const url = typeof value === "string" ? Option.liftThrowable(() => new URL(value))() : Option.none()
  if (Option.isNone(url)) return Either.left("must be a URL")
  const { hash, hostname, origin, password, pathname, protocol, search, username } = url.value
  if (protocol !== "https:" && protocol !== "http:") return Either.left("must be an https URL")
  if (protocol === "http:" && !allowInsecureHttp && !isLoopback(hostname)) {
    return Either.left("must be an https URL: plain http is allowed for loopback only")
  }
  if (username !== "" || password !== "") return Either.left("must not contain a user name or password")
  if (search !== "" || hash !== "" || /[?#]/.test(String(value))) {
    return Either.left("must not contain a query or a hash")
  }
  return Either.right(`${origin}${pathname}`.replace(/\/+$/, ""))
}

const positive = (duration: Duration.Duration): boolean => Duration.greaterThan(duration, Duration.zero)

const duration = (value: unknown): Option.Option<Duration.Duration> =>
  value === "Infinity" ? Option.some(Duration.infinity) : Duration.decodeUnknown(value)

export const timeout = (value: unknown): Checked<Duration.Duration> =>
  Either.fromOption(
    Option.filter(duration(value), positive),
    () => "must be a duration above zero, such as \"10 seconds\""
  )

const maxResponseBytes = (value: unknown): Checked<number> =>
  typeof value === "number" && Number.isSafeInteger(value) && value > 0
    ? Either.right(value)
    : Either.left("must be a whole number above zero")

/** A finite delay of zero or more. */
export const delay = (value: unknown): Checked<Duration.Duration> =>
  Either.fromOption(
    Option.filter(duration(value), (wait) =>
      Duration.isFinite(wait) && Duration.greaterThanOrEqualTo(wait, Duration.zero)),
    () =>
      "must be a duration, such as \"10 seconds\""
  )

export const times = (value: unknown): Checked<number> =>
  typeof value === "string" && /^\d{1,9}$/.test(value)
    ? Either.right(Number(value))
    : Either.left("must be a whole number")

/** Reads a yes or no, spelled as `Config.boolean` accepts it. */
export const flag = (value: unknown): Checked<boolean> => {
  const text = typeof value === "string" ? value.trim().toLowerCase() : ""
  if (["true", "yes", "on", "1"].includes(text)) return Either.right(true)
  if (["false", "no", "off", "0"].includes(text)) return Either.right(false)
  return Either.left("must be true or false")
}

export interface Settings {
  readonly accessId: string
  readonly accessKey: string
  /** Without a trailing slash. */
  readonly baseUrl: string
  readonly timeout: Duration.Duration
  readonly maxResponseBytes: number
}

const named = <A>(name: string, setting: Checked<A>): Either.Either<A, ConfigError.ConfigError> =>
  Either.mapLeft(setting, (problem) => ConfigError.InvalidData([name], problem))

/** Checks the options of a service. */
export const check = (options: TrustlyConfig.Options): Either.Either<Settings, ConfigError.ConfigError> =>
  Either.all({
    accessId: named("accessId", accessId(options.accessId)),
    accessKey: named(
      "accessKey",
      // throws for a plain string, and for a secret that was wiped
      Either.try({
        try: () => Redacted.value(options.accessKey),
        catch: () => "must be a Redacted, as from Redacted.make, that was not wiped"
      }).pipe(Either.flatMap(accessKey))
    ),
    baseUrl: named("baseUrl", baseUrl(options.allowInsecureHttp ?? false)(options.baseUrl ?? sandboxUrl)),
    timeout: named("timeout", timeout(options.timeout ?? Duration.seconds(30))),
    maxResponseBytes: named("maxResponseBytes", maxResponseBytes(options.maxResponseBytes ?? 1024 * 1024))
  })
