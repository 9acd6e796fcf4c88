/** The page and the control path, which the page and programs in any language use. Without credentials: access.ts guards both. */
import * as HttpApiSwagger from "@effect/platform/HttpApiSwagger"
import type * as HttpApp from "@effect/platform/HttpApp"
import * as HttpLayerRouter from "@effect/platform/HttpLayerRouter"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Assets from "./assets.ts"
import type { CustomerStore } from "./customerStore.ts"
import type { Events } from "./events.ts"
import type { Faults } from "./faults.ts"
import * as Json from "./json.ts"
import * as NodeHttp from "./nodeHttp.ts"
import { api, openApi } from "./openApi.ts"
import type { RequestStore } from "./requestStore.ts"
import * as Responses from "./responses.ts"

/** The request body as JSON, or the response that refuses it. */
const readJson = Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => NodeHttp.readText(request)).pipe(
  Effect.mapError((failure) => failure === "TooLarge" ? Responses.tooLarge : Responses.invalidJson),
  Effect.flatMap((text) =>
    Option.match(Json.parse(text), { onNone: () => Effect.fail(Responses.invalidJson), onSome: Effect.succeed })
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
  /** The access key if it is the default one, which is no secret. */
  readonly defaultKey: string | undefined
  readonly customers: CustomerStore
  readonly requests: RequestStore
  readonly faults: Faults
  readonly events: Events
  readonly reset: Effect.Effect<void>
}

const json = (body: unknown, status = 200) => HttpServerResponse.unsafeJson(body, { status })
const done = HttpServerResponse.empty({ status: 204 })
const notFound = HttpServerResponse.text("Not found", { status: 404 })

const allowed: ReadonlyArray<readonly [path: RegExp, methods: string]> = [
  [/^\/_sandbox\/(?:state|events|requests(?:\/[^/]+)?)$/, "GET, HEAD"],
  [/^\/_sandbox\/faults$/, "GET, HEAD, POST, DELETE"],
  [/^\/_sandbox\/(?:reset|customers\/[^/]+)$/, "POST"]
]

// the router does not distinguish a wrong method from a wrong path
const unrouted = (url: string) => {
  const path = url.replace(/\?.*/s, "")
  const known = allowed.find(([pattern]) => pattern.test(path))
  return known === undefined
    ? notFound
    : HttpServerResponse.text("Method not allowed", { status: 405, headers: { allow: known[1] } })
}

const controlRouter = (parts: Parts) => {
  const { customers, events, faults, requests, reset } = parts
  const state = Effect.all({
    url: Effect.succeed(parts.url),
    accessId: Effect.succeed(parts.accessId),
    defaultKey: Effect.succeed(parts.defaultKey),
    customers: customers.views,
    requests: requests.all,
    faults: faults.active
  })

  const addFault = readJson.pipe(
    Effect.flatMap((rule) => Effect.zipRight(faults.add(rule), faults.active)),
    Effect.map((active) => json(active, 201)),
    Effect.catchTag("FaultRuleError", ({ issues }) => Effect.succeed(json({ issues }, 400)))
  )

  const edit = Effect.gen(function*() {
    const { id = "" } = yield* HttpRouter.params
    const edited = customers.edit(id, yield* readJson)
    const { customer } = yield* Effect.mapError(
      edited,
      (refusal) => "_tag" in refusal ? Responses.sandboxFull(refusal.limit) : Responses.fromModel(refusal)
    )
    return json({ customer })
  })

  const detail = Effect.gen(function*() {
    const { id = "" } = yield* HttpRouter.params
    const found = yield* requests.detail(Number(id))
    return found === undefined ? notFound : json(found)
  })

  return HttpRouter.empty.pipe(
    HttpRouter.get("/openapi.json", json(openApi)),
    HttpRouter.get("/_sandbox/state", Effect.map(state, (body) => json(body))),
    HttpRouter.get("/_sandbox/events", eventStream(events)),
    HttpRouter.get("/_sandbox/requests", Effect.map(requests.all, (body) => json(body))),
    HttpRouter.get("/_sandbox/requests/:id", detail),
    HttpRouter.get("/_sandbox/faults", Effect.map(faults.active, (body) => json(body))),
    HttpRouter.post("/_sandbox/faults", addFault),
    HttpRouter.del("/_sandbox/faults", Effect.as(faults.clear, done)),
    HttpRouter.post("/_sandbox/customers/:id", edit),
    HttpRouter.post("/_sandbox/reset", Effect.as(reset, done))
  )
}

// nothing from another origin, and only the page's own scripts
const pagePolicy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
// the API viewer has its script and styles inside its document
const viewerPolicy = `${pagePolicy}; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src 'self' data:`

const secured = (policy: string) =>
  HttpServerResponse.setHeaders({
    "content-security-policy": policy,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store"
  })

const viewerStyle =
  "display:block;padding:0.75rem 20px;font:0.875rem system-ui,sans-serif;color:#174ea6;background:#fff"

/** Adds a link to the page and the page's icon to the API viewer, which has neither. */
const withBackLink = (viewer: HttpServerResponse.HttpServerResponse): HttpServerResponse.HttpServerResponse => {
  if (viewer.body._tag !== "Uint8Array") return viewer
  const html = new TextDecoder().decode(viewer.body.body)
    .replace("</head>", `<link rel="icon" type="image/svg+xml" href="/icon.svg"></head>`)
    .replace("<body>", `<body><nav><a href="/" style="${viewerStyle}">\u2190 Trustly sandbox</a></nav>`)
  return HttpServerResponse.text(html, { contentType: "text/html; charset=utf-8" })
}

export const make = (parts: Parts): Effect.Effect<HttpApp.Default<never, Scope.Scope>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const docs = yield* HttpLayerRouter.toHttpEffect(HttpApiSwagger.layerHttpLayerRouter({ api, path: "/docs" }))
    const files = yield* Assets.load
    const router = files.reduce((routes, [path, file]) => HttpRouter.get(routes, path, file), controlRouter(parts))
    const app = Effect.catchAll(
      router,
      (refusal) =>
        Effect.succeed(HttpServerResponse.isServerResponse(refusal) ? refusal : unrouted(refusal.request.url))
    )
    const viewer = Effect.orElseSucceed(Effect.map(docs, withBackLink), () => notFound)
    return Effect.flatMap(
      HttpServerRequest.HttpServerRequest,
      ({ url }) =>
        /^\/docs(?:\?|$)/.test(url) ? Effect.map(viewer, secured(viewerPolicy)) : Effect.map(app, secured(pagePolicy))
    )
  })
