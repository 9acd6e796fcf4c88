/** Puts the backend together: configuration, layers, and the order in which they start and end. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpRouter from "@effect/platform/HttpRouter"
import { CustomerService } from "effect-trustly"
import { CustomerDelivery } from "effect-trustly-delivery"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
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
const port = Config.string("PORT").pipe(
  Config.mapOrFail((text) =>
    /^\d{1,5}$/.test(text) && Number(text) <= 65_535
      ? Either.right(Number(text))
      : Either.left(ConfigError.InvalidData([], "must be a whole number from 0 to 65535"))
  ),
  Config.withDefault(3000)
)

/** Where to listen. */
export const listen = Config.all({
  host: Config.withDefault(Config.nonEmptyString("HOST"), "127.0.0.1"),
  port,
  // host names of this backend besides HOST, for clients that do not call it by an address
  names: Config.withDefault(Config.array(Config.nonEmptyString(), "ALLOWED_HOSTS"), [])
})

// without a retry policy: delivery is the retry
const Customers = CustomerService.layerConfig().pipe(Layer.provide(NodeHttpClient.layerUndici))

const Delivery = CustomerDelivery.layerConfig().pipe(Layer.provide(Customers))

/** Runs until it is interrupted, and then drains. `onStart` runs once it serves requests. */
export const run = (onStart: Effect.Effect<void>) =>
  Effect.gen(function*() {
    const { host, names, port } = yield* listen
    const scope = yield* Effect.scope
    const database = yield* Layer.build(Database.layer)

    // in a scope of its own, so that delivery can drain while the server still responds
    const deliveryScope = yield* Scope.fork(scope, ExecutionStrategy.sequential)
    const delivery = yield* Layer.buildWithScope(Delivery, deliveryScope).pipe(Effect.provide(database))
    const drain = yield* Layer.build(Drain.layer)

    const server = createServer()
    yield* HttpApiBuilder.serve().pipe(
      Layer.provide([Page.layer, Responses.layer([host, ...names])]),
      Layer.provide(Handlers.layer),
      Layer.provide(Profiles.layer),
      // the router's default is shorter than a customer id can be
      Layer.provide(HttpRouter.setRouterConfig({ maxParamLength: 16_384 })),
      Layer.provide(NodeHttpServer.layer(() => server, { host, port })),
      Layer.provide(Layer.succeedContext(Context.mergeAll(database, delivery, drain))),
      Layer.build
    )
    yield* onStart

    yield* Effect.addFinalizer(() =>
      Effect.gen(function*() {
        yield* Context.get(drain, Drain).start
        yield* Scope.close(deliveryScope, Exit.void)
        server.close()
        server.closeAllConnections()
      })
    )
    return yield* Effect.never
  }).pipe(Effect.scoped)
