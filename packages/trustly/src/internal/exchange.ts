import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import { constTrue, identity } from "effect/Function"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Tracer from "effect/Tracer"
import type * as TrustlyConfig from "../TrustlyConfig.ts"
import type { TrustlyError } from "../TrustlyError.ts"
import type { Asked } from "./classify.ts"
import * as Classify from "./classify.ts"
import type { UpdateRefs } from "./deadline.ts"
import type { Body } from "./input.ts"
import * as Settings from "./settings.ts"
import * as Telemetry from "./telemetry.ts"
import * as Transport from "./transport.ts"

/** What is sent: a path below the base URL with a query, or with a customer. */
interface Message {
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: Body
}

/** One request to Trustly and what its answer means. */
export type Exchange = <A>(asked: Asked<A>, message: Message, span: Tracer.Span) => Effect.Effect<A, TrustlyError>

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
 * What must hold in the fiber of every request: the platform's own span, which carries identifiers in its URLs, is off, and so
 * is its Debug line about a failed fiber, which prints the URL.
 */
const quiet: UpdateRefs = (refs, fiberId) =>
  FiberRefs.updateManyAs(refs, {
    entries: [
      [HttpClient.currentTracerDisabledWhen, [[fiberId, constTrue]]],
      [FiberRef.unhandledErrorLogLevel, [[fiberId, Option.none()]]]
    ]
  })

export const make = (
  options: TrustlyConfig.Options
): Effect.Effect<Exchange, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const { accessId, accessKey, baseUrl, maxResponseBytes, timeout } = yield* settings(options)
    const client = (options.transformClient ?? identity)(yield* HttpClient.HttpClient)
    const init = yield* Effect.serviceOption(FetchHttpClient.RequestInit)
    const transport = Transport.make(client, { timeout, maxResponseBytes, updateRefs: quiet })
    // redirects are not followed
    const local = Context.make(FetchHttpClient.RequestInit, { ...Option.getOrUndefined(init), redirect: "manual" })
    const headers = {
      accept: "application/json",
      // what a client unpacks by itself escapes the byte limit
      "accept-encoding": "identity",
      // not HttpClientRequest.basicAuth: it dies on a character outside of Latin-1
      authorization: `Basic ${Encoding.encodeBase64(`${accessId}:${accessKey}`)}`
    }
    const reading = HttpClientRequest.get(baseUrl, { headers })
    const writing = HttpClientRequest.post(baseUrl, { headers })
    const request = ({ body, path, query }: Message): HttpClientRequest.HttpClientRequest =>
      body === undefined
        ? HttpClientRequest.setUrlParams(HttpClientRequest.setUrl(reading, baseUrl + path), query ?? {})
        : HttpClientRequest.bodyUnsafeJson(HttpClientRequest.setUrl(writing, baseUrl + path), body)

    return <A>(asked: Asked<A>, message: Message, span: Tracer.Span) =>
      Effect.withFiberRuntime<A, TrustlyError>((fiber) => {
        if (message.body !== undefined) span.attribute("trustly.fields", Object.keys(message.body))
        const context = Context.merge(fiber.currentContext, Context.add(local, Tracer.ParentSpan, span))
        return Effect.matchEffect(transport(request(message), context), {
          onFailure: (failure) => Effect.fail(Classify.network(asked, failure)),
          onSuccess: (answer) => {
            span.attribute("http.response.status_code", answer.status)
            return Classify.classify(asked, answer, Telemetry.clockOf(fiber).unsafeCurrentTimeMillis())
          }
        })
      })
  })
