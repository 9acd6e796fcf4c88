/** The page, what it asks for and sets, and the same for programs in any language. No credentials: see access.ts. */
import * as HttpApiSwagger from "@effect/platform/HttpApiSwagger"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Answers from "./answers.ts"
import * as Assets from "./assets.ts"
import type { Customers } from "./customers.ts"
import type { Events } from "./events.ts"
import type { Faults } from "./faults.ts"
import * as Json from "./json.ts"
import * as NodeHttp from "./nodeHttp.ts"
import type { Requests } from "./requests.ts"
import * as RuleInput from "./ruleInput.ts"
import * as TrustlyApi from "./trustlyApi.ts"

/** The JSON of a body, or the answer that refuses it. */
const readJson = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => NodeHttp.readText(request)).pipe(
  Effect.mapError((failure) => failure === "TooLarge" ? Answers.tooLarge : Answers.notJson),
  Effect.flatMap((text) =>
    Option.match(Json.parse(text), { onNone: () => Effect.fail(Answers.notJson), onSome: Effect.succeed })
  )
)

const eventStream = (events: Events) =>
  Effect.map(
    HttpServerRequest.HttpServerRequest,
    (request) =>
      HttpServerResponse.stream(Stream.unwrapScoped(events.listen(NodeHttp.drop(request))), {
        contentType: "text/event-stream"
      })
  )

export interface Parts {
  readonly url: string
  readonly accessId: string
  readonly customers: Customers
  readonly requests: Requests
  readonly faults: Faults
  readonly events: Events
  readonly reset: Effect.Effect<void>
}

const json = (body: unknown, status = 200) => HttpServerResponse.unsafeJson(body, { status })
const done = HttpServerResponse.empty({ status: 204 })
const notFound = HttpServerResponse.text("Not found", { status: 404 })

const allowed: ReadonlyArray<readonly [path: RegExp, methods: string]> = [
  [/^\/_sandbox\/(?:state|events)$/, "GET, HEAD"],
  [/^\/_sandbox\/faults$/, "GET, HEAD, POST, DELETE"],
  [/^\/_sandbox\/(?:reset|customers\/[^/]+)$/, "POST"]
]

// the router does not tell a wrong method from a wrong path
const unrouted = (url: string) => {
  const path = url.replace(/\?.*/s, "")
  const known = allowed.find(([pattern]) => pattern.test(path))
  return known === undefined
    ? notFound
    : HttpServerResponse.text("Method not allowed", { status: 405, headers: { allow: known[1] } })
}

const controlRouter = ({ accessId, customers, events, faults, requests, reset, url }: Parts) => {
  const state = Effect.all({
    url: Effect.succeed(url),
    accessId: Effect.succeed(accessId),
    customers: customers.shown,
    requests: requests.all,
    faults: faults.active
  })

  const addFault = Effect.flatMap(readJson, (body) =>
    Either.match(RuleInput.decode(body), {
      onLeft: (issues) => Effect.succeed(json({ issues }, 400)),
      onRight: (rule) => Effect.map(Effect.zipRight(faults.add(rule), faults.active), (active) => json(active, 201))
    }))

  const edit = Effect.gen(function*() {
    const { id = "" } = yield* HttpRouter.params
    const edited = customers.edit(id, yield* readJson)
    const { customer } = yield* Effect.mapError(edited, Answers.of)
    return json({ customer })
  })

  return HttpRouter.empty.pipe(
    HttpRouter.get("/openapi.json", json(TrustlyApi.openApi)),
    HttpRouter.get("/_sandbox/state", Effect.map(state, (body) => json(body))),
    HttpRouter.get("/_sandbox/events", eventStream(events)),
    HttpRouter.get("/_sandbox/faults", Effect.map(faults.active, (body) => json(body))),
    HttpRouter.post("/_sandbox/faults", addFault),
    HttpRouter.del("/_sandbox/faults", Effect.as(faults.clear, done)),
    HttpRouter.post("/_sandbox/customers/:id", edit),
    HttpRouter.post("/_sandbox/reset", Effect.as(reset, done))
  )
}

// nothing from elsewhere, and no script but the page's own
const ownFiles = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
// the viewer has its script and styles inside of its document
const viewer = `${ownFiles}; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:`

const secured = (policy: string) =>
  HttpServerResponse.setHeaders({
    "content-security-policy": policy,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store"
  })

export const make = (parts: Parts): Effect.Effect<HttpApp.Default<never, Scope.Scope>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const docs = yield* HttpLayerRouter.toHttpEffect(
      HttpApiSwagger.layerHttpLayerRouter({ api: TrustlyApi.api, path: "/docs" })
    )
    const files = yield* Assets.load
    const router = files.reduce((routes, [path, file]) => HttpRouter.get(routes, path, file), controlRouter(parts))
    const app = Effect.catchAll(
      router,
      (refusal) =>
        Effect.succeed(HttpServerResponse.isServerResponse(refusal) ? refusal : unrouted(refusal.request.url))
    )
    const documents = Effect.orElseSucceed(docs, () => notFound)
    return Effect.flatMap(
      HttpServerRequest.HttpServerRequest,
      ({ url }) =>
        /^\/docs(?:\?|$)/.test(url) ? Effect.map(documents, secured(viewer)) : Effect.map(app, secured(ownFiles))
    )
  })
