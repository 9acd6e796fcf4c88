import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import { identity } from "effect/Function"
import type * as Tracer from "effect/Tracer"
import type { Request } from "../CustomerRequest.ts"
import type * as TrustlyConfig from "../TrustlyConfig.ts"
import type { TrustlyError } from "../TrustlyError.ts"
import * as Attempt from "./attempt.ts"
import type { Operation } from "./operations.ts"
import * as Redirects from "./redirects.ts"
import * as Response from "./response.ts"
import type * as Settings from "./settings.ts"
import * as Telemetry from "./telemetry.ts"

/** Sends one request of an operation and reads its response, as part of the span of a call. */
export type Send = <A>(operation: Operation<A>, request: Request, span: Tracer.Span) => Effect.Effect<A, TrustlyError>

/** Performs an operation of one request, with a span and metrics. */
export type Call = <A>(
  operation: Operation<A>,
  request: Either.Either<Request, TrustlyError>
) => Effect.Effect<A, TrustlyError>

/** The HTTP request of an operation: `GET` with a query, or `POST` with JSON. */
const httpRequest = ({ accessId, accessKey, baseUrl }: Settings.Settings) => {
  const headers = {
    accept: "application/json",
    // a client decompresses by itself, past the byte limit
    "accept-encoding": "identity",
    // not HttpClientRequest.basicAuth, which dies on a character outside of Latin-1
    authorization: `Basic ${Encoding.encodeBase64(`${accessId}:${accessKey}`)}`
  }
  const get = HttpClientRequest.get(baseUrl, { headers })
  const post = HttpClientRequest.post(baseUrl, { headers })
  return ({ method, path }: Operation<unknown>, { body, customerId = "", query = {} }: Request) => {
    const url = baseUrl + path.replace("{customerId}", encodeURIComponent(customerId))
    return method === "GET"
      ? HttpClientRequest.setUrlParams(HttpClientRequest.setUrl(get, url), query)
      : HttpClientRequest.bodyUnsafeJson(HttpClientRequest.setUrl(post, url), body)
  }
}

export const make = (
  settings: Settings.Settings,
  { transformClient = identity }: TrustlyConfig.Options
): Effect.Effect<{ readonly call: Call; readonly send: Send }, never, HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const client = transformClient(yield* Redirects.withoutRedirects(yield* HttpClient.HttpClient))
    const toHttp = httpRequest(settings)
    const attempt = Attempt.make(client, settings)

    const send: Send = (operation, request, span) =>
      Effect.suspend(() => {
        if (request.body !== undefined) span.attribute("trustly.fields", Object.keys(request.body))
        return attempt(toHttp(operation, request), span)
      }).pipe(
        Effect.matchEffect({
          onFailure: (failure) => Effect.fail(Response.networkError(operation, failure)),
          onSuccess: (response) => {
            span.attribute("http.response.status_code", response.status)
            return Effect.flatMap(
              Clock.currentTimeMillis,
              (now) => Response.interpret(operation, request.customerId, response, now)
            )
          }
        })
      )

    return {
      send,
      call: (operation, request) =>
        Telemetry.observe(operation)((span) => Effect.flatMap(request, (checked) => send(operation, checked, span)))
    }
  })
