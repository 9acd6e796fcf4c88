/** What every response has in common, and the responses that belong to no route. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import { HttpApiDecodeError } from "@effect/platform/HttpApiError"
import * as HttpApp from "@effect/platform/HttpApp"
import type * as HttpRouter from "@effect/platform/HttpRouter"
import { RouteNotFound } from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { TrustlyValidationError } from "effect-trustly"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { Api, isExpectation } from "./Api.ts"
import * as Callers from "./Callers.ts"
import { Drain } from "./Drain.ts"
import * as Page from "./Page.ts"
import * as RequestBody from "./RequestBody.ts"

const tagged = (status: number, _tag: string, headers: Readonly<Record<string, string>> = {}) =>
  HttpServerResponse.unsafeJson({ _tag }, { status, headers })

const notDecoded = ({ issues }: HttpApiDecodeError) =>
  new TrustlyValidationError({
    operation: "modify",
    issues: issues.map(({ message, path }) => ({
      path: path.join("."),
      problem: "invalid",
      ...(isExpectation(message) ? { expected: message } : {})
    }))
  })

const pathOf = (url: string): string => url.replace(/[?#].*$/s, "")

/** Encodes semicolons, because the router takes what follows one in a path for the query. */
const withoutSemicolons = (request: HttpServerRequest.HttpServerRequest) =>
  request.modify({ url: request.url.replace(/^[^?#]*/, (path) => path.replaceAll(";", "%3B")) })

const isDecodable = (path: string): boolean => Option.isSome(Option.liftThrowable(decodeURIComponent)(path))

type Routes = Chunk.Chunk<HttpRouter.Route<unknown, unknown>>

const methodsOf = (routes: Routes, path: string): ReadonlyArray<string> =>
  Chunk.toReadonlyArray(routes)
    .filter((route) => new RegExp(`^${route.path.replaceAll(/:\w+/g, "[^/]*")}$`).test(path))
    .flatMap(({ method }) => method === "GET" ? ["GET", "HEAD"] : [method])

const unrouted = (routes: Routes, method: string, path: string) => {
  if (!isDecodable(path)) return Effect.fail(RequestBody.invalid("path", "valid percent-encoding"))
  const methods = methodsOf(routes, path)
  if (methods.length === 0) return Effect.succeed(tagged(404, "RouteNotFound"))
  // a route with this method has not matched because a parameter is empty
  if (methods.includes(method)) return Effect.fail(RequestBody.invalid("path", "no empty segment"))
  const headers = { allow: [...methods, "OPTIONS"].join(", ") }
  return Effect.succeed(
    method === "OPTIONS" ? HttpServerResponse.empty({ headers }) : tagged(405, "MethodNotAllowed", headers)
  )
}

const nameOf = (error: unknown): string => error instanceof Error ? error.name : typeof error

// registered on the request, because errors become responses outside of the middleware
const setCommonHeaders = HttpApp.appendPreResponseHandler(({ url }, response) =>
  Effect.succeed(HttpServerResponse.setHeaders(response, {
    "content-security-policy": Page.policyOf(pathOf(url)),
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...(response.status === 429 || response.status === 503 ? { "retry-after": "1" } : {})
  }))
)

/** Wraps every route. `names` are the host names under which clients reach this backend, besides its addresses. */
export const layer = (names: ReadonlyArray<string>) => {
  const isAllowed = Callers.isAllowed(names)
  return HttpApiBuilder.middleware(
    Api,
    Effect.gen(function*() {
      const drain = yield* Drain
      const { router } = yield* HttpApiBuilder.Router
      return (app: HttpApp.Default) =>
        Effect.gen(function*() {
          yield* setCommonHeaders
          const { headers, method, url } = yield* HttpServerRequest.HttpServerRequest
          const path = pathOf(url)
          if (!isAllowed(headers)) return tagged(403, "Forbidden")
          if ((yield* drain.isDraining) && path !== "/health/live") {
            return tagged(503, "Draining", { connection: "close" })
          }
          // health is answered also when as many requests wait as may run
          const handled = path.startsWith("/health/") ? app : drain.track(app)
          const routed = Effect.updateService(handled, HttpServerRequest.HttpServerRequest, withoutSemicolons)
          return yield* Effect.catchAllCause(routed, (cause) => {
            const error = Cause.squash(cause)
            if (error instanceof HttpApiDecodeError) return Effect.fail(notDecoded(error))
            if (error instanceof RouteNotFound) {
              return Effect.flatMap(router, ({ routes }) => unrouted(routes, method, path))
            }
            // the name only: the message of an unexpected error can hold anything
            return Cause.isDie(cause)
              ? Effect.as(
                Effect.logError(`${method} failed unexpectedly: ${nameOf(error)}`),
                tagged(500, "InternalError")
              )
              : Effect.failCause(cause)
          })
        })
    })
  ).pipe(Layer.provide(HttpApiBuilder.Router.Live))
}
