/** Trustly's operations over HTTP: credentials, body, fault, answer, in this order. */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { TrustlyModel } from "effect-trustly/testing"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Answers from "./answers.ts"
import type { Customers } from "./customers.ts"
import type { Faults } from "./faults.ts"
import * as Json from "./json.ts"
import { masked } from "./masks.ts"
import * as NodeHttp from "./nodeHttp.ts"
import { play } from "./play.ts"
import type { Requests } from "./requests.ts"

const isAuthorized = (header: string | undefined, credentials: string): boolean => {
  const [scheme, encoded, ...more] = (header ?? "").split(" ")
  if (scheme?.toLowerCase() !== "basic" || encoded === undefined || more.length > 0) return false
  return Option.contains(Either.getRight(Encoding.decodeBase64String(encoded)), credentials)
}

/** The body of a request, or the answer that refuses it. */
const readBody = (
  request: HttpServerRequest.HttpServerRequest,
  credentials: string
): Effect.Effect<string, HttpServerResponse.HttpServerResponse> =>
  isAuthorized(request.headers["authorization"], credentials)
    ? Effect.catchAll(
      NodeHttp.readText(request),
      // what is no text is no JSON
      (failure) => failure === "TooLarge" ? Effect.fail(Answers.tooLarge) : Effect.succeed("")
    )
    : Effect.fail(Answers.accessDenied)

const fieldsOf = (body: string): ReadonlyArray<string> =>
  Option.match(Option.filter(Json.parse(body), Predicate.isRecord), { onNone: () => [], onSome: Object.keys })

const template = ({ operation }: TrustlyModel.Target): string =>
  operation === "get" || operation === "update" ? "/customers/{customerId}" : "/customers"

export const make = (parts: {
  readonly accessId: string
  readonly accessKey: Redacted.Redacted
  readonly customers: Customers
  readonly faults: Faults
  readonly requests: Requests
}): HttpApp.Default => {
  const { customers, faults, requests } = parts
  const credentials = `${parts.accessId}:${Redacted.value(parts.accessKey)}`

  return Effect.gen(function*() {
    const request = yield* HttpServerRequest.HttpServerRequest
    const { method, url } = request
    const at = yield* Clock.currentTimeMillis
    const read = yield* Effect.either(readBody(request, credentials))
    const body = Either.getOrElse(read, () => "")
    const target = TrustlyModel.target({ method, url, body, nowMillis: at })
    const rule = target === undefined || Either.isLeft(read) ? undefined : yield* faults.next(target)
    const id = yield* requests.arrived({
      at,
      method,
      path: target === undefined ? url.replace(/\?.*/s, "") : template(target),
      ...target,
      fields: fieldsOf(body),
      ...(rule === undefined ? {} : { fault: rule.fault })
    }, body)

    const reply = (options: { readonly write: boolean }): Effect.Effect<TrustlyModel.Reply> =>
      Effect.tap(
        customers.answer({ method, url, body }, options),
        ({ applied }) =>
          options.write && applied !== undefined ? requests.changed(id, { applied: masked(applied) }) : Effect.void
      )

    const answer = Either.isLeft(read)
      ? Effect.succeed(read.left)
      : rule === undefined
      ? Effect.map(reply({ write: true }), Answers.of)
      : play(request, rule, reply)

    return yield* Effect.onExit(
      answer,
      (exit) =>
        Effect.flatMap(
          Clock.currentTimeMillis,
          (now) =>
            requests.changed(id, { millis: now - at, ...(Exit.isSuccess(exit) ? { status: exit.value.status } : {}) })
        )
    )
  })
}
