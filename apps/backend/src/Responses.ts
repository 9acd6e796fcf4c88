/** Common response headers, and responses for requests that no route handles. */
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
import { Api, isSafeMessage } from "./Api.ts"
import * as Callers from "./Callers.ts"
import { Drain } from "./Drain.ts"
import * as Page from "./Page.ts"
import * as RequestBody from "./RequestBody.ts"

const errorResponse = (status: number, _tag: string, headers: Readonly<Record<string, string>> = {}) =>
  HttpServerResponse.unsafeJson({ _tag }, { status, headers })

const validationErrorOf = ({ issues }: HttpApiDecodeError) =>
  new TrustlyValidationError({
    operation: "modify",
    issues: issues.map(({ message, path }) => ({
      path: path.join("."),
      problem: "invalid",
      ...(isSafeMessage(message) ? { expected: message } : {})
    }))
  })

const pathOf = (url: string): string => url.replace(/[?#].*$/s, "")

/** The router treats a semicolon as the start of the query, so encode it. */
const withoutSemicolons = (request: HttpServerRequest.HttpServerRequest) =>
  request.modify({ url: request.url.replace(/^[^?#]*/, (path) => path.replaceAll(";", "%3B")) })

const isDecodable = (path: string): boolean => Option.isSome(Option.liftThrowable(decodeURIComponent)(path))

type Routes = Chunk.Chunk<HttpRouter.Route<unknown, unknown>>

const methodsOf = (routes: Routes, path: string): ReadonlyArray<string> =>
  Chunk.toReadonlyArray(routes)
    .filter((route) => new RegExp(`^${route.path.replaceAll(/:\w+/g, "[^/]*")}$`).test(path))
    .flatMap(({ method }) => method === "GET" ? ["GET", "HEAD"] : [method])

const responseWithoutRoute = (routes: Routes, method: string, path: string) => {
  if (!isDecodable(path)) return Effect.fail(RequestBody.invalid("path", "valid percent-encoding"))
  const methods = methodsOf(routes, path)
  if (methods.length === 0) return Effect.succeed(errorResponse(404, "RouteNotFound"))
  // a route with this method has not matched because a parameter is empty
  if (methods.includes(method)) return Effect.fail(RequestBody.invalid("path", "no empty segment"))
  const headers = { allow: [...methods, "OPTIONS"].join(", ") }
  return Effect.succeed(
    method === "OPTIONS" ? HttpServerResponse.empty({ headers }) : errorResponse(405, "MethodNotAllowed", headers)
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

/** Wraps every route. `names` are the host names under which clients reach this backend, in addition to its addresses. */
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
          if (!isAllowed(headers)) return errorResponse(403, "Forbidden")
          if ((yield* drain.isDraining) && path !== "/health/live") {
            return errorResponse(503, "Draining", { connection: "close" })
          }
          // health checks bypass the request limit
          const handled = path.startsWith("/health/") ? app : drain.trackRequest(app)
          const routed = Effect.updateService(handled, HttpServerRequest.HttpServerRequest, withoutSemicolons)
          return yield* Effect.catchAllCause(routed, (cause) => {
            const error = Cause.squash(cause)
            if (error instanceof HttpApiDecodeError) return Effect.fail(validationErrorOf(error))
            if (error instanceof RouteNotFound) {
              return Effect.flatMap(router, ({ routes }) => responseWithoutRoute(routes, method, path))
            }
            // only the error's name: its message can contain values
            return Cause.isDie(cause)
              ? Effect.as(
                Effect.logError(`${method} failed unexpectedly: ${nameOf(error)}`),
                errorResponse(500, "InternalError")
              )
              : Effect.failCause(cause)
          })
        })
    })
  ).pipe(Layer.provide(HttpApiBuilder.Router.Live))
}
