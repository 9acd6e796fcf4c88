/** Assembles the backend: configuration, layers, startup, and shutdown. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import { CustomerService, TrustlyConfig } from "effect-trustly"
import { CustomerDelivery, DeliveryConfig } from "effect-trustly-delivery"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { createServer } from "node:http"
import * as Database from "./Database.ts"
import { Drain } from "./Drain.ts"
import * as Handlers from "./Handlers.ts"
import * as Page from "./Page.ts"
import { Profiles } from "./Profiles.ts"
import * as Responses from "./Responses.ts"

// not `Config.port`, whose error quotes the value
const listenPort = Config.string("PORT").pipe(
  Config.mapOrFail((text) =>
    /^\d{1,5}$/.test(text) && Number(text) <= 65_535
      ? Either.right(Number(text))
      : Either.left(ConfigError.InvalidData([], "must be a whole number from 0 to 65535"))
  ),
  Config.withDefault(3000)
)

const settings = Config.all({
  host: Config.withDefault(Config.nonEmptyString("HOST"), "127.0.0.1"),
  port: listenPort,
  // additional host names under which clients reach this backend
  names: Config.withDefault(Config.array(Config.nonEmptyString(), "ALLOWED_HOSTS"), []),
  delivery: DeliveryConfig.config,
  trustly: TrustlyConfig.config
})

/** Maximum time from SIGTERM to exit. */
const drainLimit = "14 seconds"

/**
 * On interruption, waits up to `drainLimit` for the effect to end, so that a database that hangs cannot block the exit. Stored
 * changes are delivered after the next start.
 */
const withDrainLimit = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(Effect.forkDaemon(restore(effect)), (fiber) =>
      Effect.onInterrupt(
        restore(Fiber.join(fiber)),
        () => Fiber.interrupt(fiber).pipe(Effect.interruptible, Effect.timeoutOption(drainLimit))
      ))
  )

/** Serves everything. `names` are the host names under which clients reach this backend, in addition to its addresses. */
export const http = (names: ReadonlyArray<string>) =>
  HttpApiBuilder.serve().pipe(
    Layer.provide([Page.layer, Responses.layer(names)]),
    Layer.provide(Handlers.layer),
    Layer.provide(Profiles.layer),
    // the router's default is shorter than a customer id can be
    Layer.provide(HttpRouter.setRouterConfig({ maxParamLength: 16_384 }))
  )

/** Runs until it is interrupted, and then drains. `onStart` runs once it serves requests, with its URL. */
export const run = (onStart: (url: string) => Effect.Effect<void>) =>
  Effect.gen(function*() {
    const { host, names, port, ...options } = yield* settings
    const scope = yield* Effect.scope
    const database = yield* Layer.build(Database.layer)

    // in a scope of its own, so that delivery can drain while the server still responds
    const deliveryScope = yield* Scope.fork(scope, ExecutionStrategy.sequential)
    const delivery = yield* CustomerDelivery.layer(options.delivery).pipe(
      // without a retry policy: delivery already retries
      Layer.provide(CustomerService.layer(options.trustly)),
      Layer.provide(NodeHttpClient.layerUndici),
      Layer.provide(Layer.succeedContext(database)),
      Layer.buildWithScope(deliveryScope)
    )
    const drain = yield* Layer.build(Drain.layer)

    const server = createServer()
    const serving = yield* http([host, ...names]).pipe(
      Layer.provideMerge(NodeHttpServer.layer(() => server, { host, port })),
      Layer.provide(Layer.succeedContext(Context.mergeAll(database, delivery, drain))),
      Layer.build
    )
    yield* onStart(HttpServer.formatAddress(Context.get(serving, HttpServer.HttpServer).address))

    yield* Effect.addFinalizer(() =>
      Effect.gen(function*() {
        yield* Context.get(drain, Drain).startDraining
        yield* Scope.close(deliveryScope, Exit.void)
        server.close()
        server.closeAllConnections()
      })
    )
    return yield* Effect.never
  }).pipe(Effect.scoped, withDrainLimit)
