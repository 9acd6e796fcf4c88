/** Trustly's four Customers operations over HTTP: checks the credentials, reads the body, injects a fault, and responds. */
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
import type { CustomerStore } from "./customerStore.ts"
import type { Faults } from "./faults.ts"
import { injectFault } from "./injectFault.ts"
import * as Json from "./json.ts"
import { maskCustomer, maskUrl } from "./masking.ts"
import * as NodeHttp from "./nodeHttp.ts"
import * as RecordedMessage from "./recordedMessage.ts"
import type { RequestStore } from "./requestStore.ts"
import * as Responses from "./responses.ts"

const isAuthorized = (header: string | undefined, credentials: string): boolean => {
  const [scheme, encoded, ...more] = (header ?? "").split(" ")
  if (scheme?.toLowerCase() !== "basic" || encoded === undefined || more.length > 0) return false
  return Option.contains(Either.getRight(Encoding.decodeBase64String(encoded)), credentials)
}

/** The body of a request, or the response that refuses it. */
const readBody = (
  request: HttpServerRequest.HttpServerRequest,
  credentials: string
): Effect.Effect<string, HttpServerResponse.HttpServerResponse> =>
  isAuthorized(request.headers["authorization"], credentials)
    ? NodeHttp.readText(request).pipe(
      // bytes that are not UTF-8 cannot be JSON either, which the model refuses
      Effect.catchAll((failure) => failure === "TooLarge" ? Effect.fail(Responses.tooLarge) : Effect.succeed("")),
      Effect.filterOrFail(Json.isShallow, () => Responses.badRequest)
    )
    : Effect.fail(Responses.accessDenied)

const fieldsOf = (body: string): ReadonlyArray<string> =>
  Option.match(Option.filter(Json.parse(body), Predicate.isRecord), { onNone: () => [], onSome: Object.keys })

const pathTemplate = ({ operation }: TrustlyModel.Target): string =>
  operation === "get" || operation === "update" ? "/customers/{customerId}" : "/customers"

export const make = (parts: {
  readonly accessId: string
  readonly accessKey: Redacted.Redacted
  readonly customers: CustomerStore
  readonly faults: Faults
  readonly requests: RequestStore
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
    const log = {
      at,
      method,
      path: target === undefined ? url.replace(/\?.*/s, "") : pathTemplate(target),
      ...target,
      fields: fieldsOf(body),
      ...(rule === undefined ? {} : { fault: rule.fault })
    }
    const messages = { url: maskUrl(url), request: RecordedMessage.ofRequest(request, body) }
    const id = yield* requests.add(log, messages, body)

    const respond = (options: { readonly write: boolean }) =>
      customers.handle({ method, url, body }, options).pipe(
        Effect.tap(({ response: { applied }, written }) =>
          applied === undefined || written === undefined ? Effect.void : requests.update(id, {
            log: { applied: maskCustomer(applied) },
            messages: { changes: RecordedMessage.changesOf(written) }
          })
        ),
        Effect.mapBoth({
          onFailure: ({ limit }) => Responses.sandboxFull(limit),
          onSuccess: (handled) => handled.response
        })
      )

    const response = Either.isLeft(read)
      ? Effect.succeed(read.left)
      : rule === undefined
      ? Effect.map(respond({ write: true }), Responses.fromModel)
      : injectFault(request, rule, respond)

    return yield* Effect.onExit(
      Effect.merge(response),
      (exit) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) =>
          requests.update(id, {
            log: { millis: now - at, ...(Exit.isSuccess(exit) ? { status: exit.value.status } : {}) },
            messages: Exit.isSuccess(exit) ? { response: RecordedMessage.ofResponse(exit.value) } : {}
          }))
    )
  })
}
