import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type { TrustlyModel } from "effect-trustly/testing"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Fault, FaultRule } from "../Fault.ts"
import * as NodeHttp from "./nodeHttp.ts"
import * as Responses from "./responses.ts"

const statusesWithoutBody: ReadonlySet<number> = new Set([204, 205, 304])

const statusResponse = (
  { body, retryAfter, status }: Extract<Fault, { readonly _tag: "Status" }>
): HttpServerResponse.HttpServerResponse => {
  const options = { status, headers: retryAfter === undefined ? {} : { "retry-after": String(retryAfter) } }
  // a client would wait for the body that the headers announce
  if (statusesWithoutBody.has(status)) return HttpServerResponse.empty(options)
  const envelope = status >= 500 ? Responses.internalError : { message: "Fault of the sandbox" }
  return HttpServerResponse.unsafeJson(body === undefined ? envelope : body, options)
}

const noCustomer = "{\"customer\":\"OK\"}"

/**
 * Responds to a request as a fault says. `respond` produces Trustly's response; with `write: true` it also applies the write, for a rule
 * with `applied`.
 */
export const injectFault = <E>(
  request: HttpServerRequest.HttpServerRequest,
  { applied = false, fault }: FaultRule,
  respond: (options: { readonly write: boolean }) => Effect.Effect<TrustlyModel.Response, E>
): Effect.Effect<HttpServerResponse.HttpServerResponse, E> => {
  if (fault._tag === "Delay") {
    const wait = Effect.sleep(Duration.millis(fault.millis))
    const response = respond({ write: true })
    return Effect.map(applied ? Effect.zipLeft(response, wait) : Effect.zipRight(wait, response), Responses.fromModel)
  }
  return Effect.flatMap(respond({ write: applied }), ({ body }) => {
    switch (fault._tag) {
      case "Status":
        return Effect.succeed(statusResponse(fault))
      case "Silence":
        return Effect.never
      case "Reset":
        return fault.where === "body" ? NodeHttp.resetInBody(request, JSON.stringify(body)) : NodeHttp.reset(request)
      case "Malformed":
        return Effect.succeed(HttpServerResponse.text(fault.body ?? noCustomer, { contentType: "application/json" }))
    }
  })
}
