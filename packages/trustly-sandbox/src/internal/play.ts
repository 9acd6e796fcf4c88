/** What a fault does to a request. */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type { TrustlyModel } from "effect-trustly/testing"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Fault, FaultRule } from "../Fault.ts"
import * as Answers from "./answers.ts"
import * as NodeHttp from "./nodeHttp.ts"

const bodiless: ReadonlySet<number> = new Set([204, 205, 304])

const answerWith = (
  { body, retryAfter, status }: Extract<Fault, { readonly _tag: "Status" }>
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  const options = { status, headers: retryAfter === undefined ? {} : { "retry-after": String(retryAfter) } }
  // a client would wait for the body that the headers announce
  if (bodiless.has(status)) return Effect.succeed(HttpServerResponse.empty(options))
  const envelope = status >= 500 ? Answers.failed : { message: "Fault of the sandbox" }
  const json = body === undefined ? envelope : body
  return Effect.orElseSucceed(
    HttpServerResponse.json(json, options),
    () => HttpServerResponse.text(String(json), options)
  )
}

const noCustomer = "{\"customer\":\"OK\"}"

/**
 * Plays a fault. `reply` is Trustly's own answer; asked for with `write: true` it changes the customer, as a rule with
 * `applied` wants before its fault hides it.
 */
export const play = (
  request: HttpServerRequest.HttpServerRequest,
  { applied = false, fault }: FaultRule,
  reply: (options: { readonly write: boolean }) => Effect.Effect<TrustlyModel.Reply>
): Effect.Effect<HttpServerResponse.HttpServerResponse> => {
  if (fault._tag === "Delay") {
    const wait = Effect.sleep(Duration.millis(fault.millis))
    const answer = reply({ write: true })
    return Effect.map(applied ? Effect.zipLeft(answer, wait) : Effect.zipRight(wait, answer), Answers.of)
  }
  return Effect.flatMap(reply({ write: applied }), ({ body }) => {
    switch (fault._tag) {
      case "Status":
        return answerWith(fault)
      case "Silence":
        return Effect.never
      case "Reset":
        return fault.where === "body" ? NodeHttp.resetInBody(request, JSON.stringify(body)) : NodeHttp.reset(request)
      case "Malformed":
        return Effect.succeed(HttpServerResponse.text(fault.body ?? noCustomer, { contentType: "application/json" }))
    }
  })
}
