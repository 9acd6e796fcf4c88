import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Clock from "effect/Clock"
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as FiberRef from "effect/FiberRef"
import { constTrue, identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as TrustlyConfig from "../TrustlyConfig.ts"
import type { TrustlyError } from "../TrustlyError.ts"
import type { Asked } from "./classify.ts"
import * as Classify from "./classify.ts"
import type { Body } from "./input.ts"
import * as Settings from "./settings.ts"
import * as Transport from "./transport.ts"

/** What is sent: a path below the base URL with a query, or with a customer. */
interface Message {
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: Body
}

/** One request to Trustly and what its answer means. */
export type Exchange = <A>(asked: Asked<A>, message: Message) => Effect.Effect<A, TrustlyError>

const checked = <A>(name: string, setting: Either.Either<A, string>): Either.Either<A, ConfigError.ConfigError> =>
  Either.mapLeft(setting, (problem) => ConfigError.InvalidData([name], problem))

const settings = (options: TrustlyConfig.Options) =>
  Either.all({
    accessId: checked("accessId", Settings.accessId(options.accessId)),
    accessKey: checked(
      "accessKey",
      Settings.accessKey(Redacted.isRedacted(options.accessKey) && Redacted.value(options.accessKey))
    ),
    baseUrl: checked(
      "baseUrl",
      Settings.baseUrl(options.allowInsecureHttp ?? false)(options.baseUrl ?? Settings.sandboxUrl)
    ),
    timeout: checked("timeout", Settings.timeout(options.timeout ?? Duration.seconds(30))),
    maxResponseBytes: checked("maxResponseBytes", Settings.maxResponseBytes(options.maxResponseBytes ?? 1024 * 1024))
  })

/**
 * The client with what must hold for every request: redirects are not followed, the platform's own span, which carries
 * identifiers in its URLs, is off, and so is its Debug line about a failed fiber, which prints the URL.
 */
const guarded = (client: HttpClient.HttpClient, init: Option.Option<globalThis.RequestInit>): HttpClient.HttpClient =>
  client.pipe(
    HttpClient.withTracerDisabledWhen(constTrue),
    HttpClient.transformResponse(
      Effect.provideService(FetchHttpClient.RequestInit, { ...Option.getOrUndefined(init), redirect: "manual" })
    )
  )

const nameFields = ({ body }: Message): Effect.Effect<void> =>
  body === undefined ? Effect.void : Effect.annotateCurrentSpan("trustly.fields", Object.keys(body))

export const make = (
  options: TrustlyConfig.Options
): Effect.Effect<Exchange, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const { accessId, accessKey, baseUrl, maxResponseBytes, timeout } = yield* settings(options)
    const client = (options.transformClient ?? identity)(yield* HttpClient.HttpClient)
    const init = yield* Effect.serviceOption(FetchHttpClient.RequestInit)
    const transport = Transport.make(guarded(client, init), { timeout, maxResponseBytes })
    const headers = {
      accept: "application/json",
      // what a client unpacks by itself escapes the byte limit
      "accept-encoding": "identity",
      // not HttpClientRequest.basicAuth: it dies on a character outside of Latin-1
      authorization: `Basic ${Encoding.encodeBase64(`${accessId}:${accessKey}`)}`
    }
    const request = ({ body, path, query }: Message): HttpClientRequest.HttpClientRequest =>
      body === undefined
        ? HttpClientRequest.get(baseUrl + path, { headers, urlParams: query })
        : HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(baseUrl + path, { headers }), body)

    return (asked, message) =>
      transport(request(message)).pipe(
        Effect.mapError((failure) => Classify.network(asked, failure)),
        Effect.flatMap((answer) =>
          Effect.annotateCurrentSpan("http.response.status_code", answer.status).pipe(
            Effect.zipRight(Clock.currentTimeMillis),
            Effect.flatMap((now) => Classify.classify(asked, answer, now))
          )
        ),
        Effect.locally(FiberRef.unhandledErrorLogLevel, Option.none()),
        (attempt) => Effect.zipRight(nameFields(message), attempt)
      )
  })
