/**
 * A local Trustly over HTTP.
 *
 * @since 0.1.0
 */
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import type * as HttpServerError from "@effect/platform/HttpServerError"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type { TrustlyModel } from "effect-trustly/testing"
import * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { constTrue } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { FaultRule } from "./Fault.ts"
import * as Access from "./internal/access.ts"
import { bracketed, isEverywhere } from "./internal/address.ts"
import * as Answers from "./internal/answers.ts"
import * as Control from "./internal/control.ts"
import * as Customers from "./internal/customers.ts"
import * as Documented from "./internal/documented.ts"
import * as Events from "./internal/events.ts"
import * as Faults from "./internal/faults.ts"
import * as Invented from "./internal/invented.ts"
import * as NodeHttp from "./internal/nodeHttp.ts"
import * as Requests from "./internal/requests.ts"
import * as Trustly from "./internal/trustly.ts"
import type { RequestLog } from "./RequestLog.ts"

/**
 * @since 0.1.0
 * @category services
 */
export declare namespace TrustlySandbox {
  /**
   * Where to listen, whom to let in, and what to hold.
   *
   * @since 0.1.0
   * @category models
   */
  interface Options {
    /** Default: 0, a free one. */
    readonly port?: number | undefined
    /** Address to bind to. Default: `127.0.0.1`, which other machines cannot reach. */
    readonly host?: string | undefined
    /** User name that is let in. Default: `sandbox`. */
    readonly accessId?: string | undefined
    /** Password that goes with it. Default: `sandbox`. */
    readonly accessKey?: Redacted.Redacted | undefined
    /** How many invented customers there are besides the two of Trustly's document: up to 10,000. Default: 0. */
    readonly seed?: number | undefined
  }

  /**
   * The running server.
   *
   * @since 0.1.0
   * @category services
   */
  interface Service {
    /** Base URL for clients, such as `http://127.0.0.1:4000/api/v1`. */
    readonly url: string
    /** User name that is let in. */
    readonly accessId: string
    /** Password that goes with it. */
    readonly accessKey: Redacted.Redacted
    /** All customers by their identifiers, as stored: wire JSON, nothing masked. */
    readonly customers: Effect.Effect<ReadonlyArray<TrustlyModel.WireCustomer>>
    /** The last two thousand requests to Trustly's operations (fewer of large ones), newest last. */
    readonly requests: Effect.Effect<ReadonlyArray<RequestLog>>
    /** Requests from now on meet this fault, as the rule says. */
    readonly fail: (rule: FaultRule) => Effect.Effect<void>
    /** Back to the customers of the beginning; no requests, no faults. */
    readonly reset: Effect.Effect<void>
  }
}

const urlOf = (host: string, port: number): string =>
  `http://${bracketed(isEverywhere(host) ? "127.0.0.1" : host)}:${port}/api/v1`

const checked = (name: "port" | "seed", value: number, max: number): Effect.Effect<void, ConfigError.ConfigError> =>
  Number.isInteger(value) && value >= 0 && value <= max
    ? Effect.void
    : Effect.fail(ConfigError.InvalidData([name], `must be a whole number from 0 to ${max}`))

const make = (
  options: TrustlySandbox.Options
): Effect.Effect<TrustlySandbox.Service, HttpServerError.ServeError | ConfigError.ConfigError, Scope.Scope> =>
  Effect.gen(function*() {
    const { accessId = "sandbox", accessKey = Redacted.make("sandbox"), host = "127.0.0.1", port = 0, seed = 0 } =
      options
    yield* checked("port", port, 65_535)
    yield* checked("seed", seed, 10_000)
    const events = yield* Events.make
    const customers = yield* Customers.make([...Documented.customers, ...Invented.customers(seed)], events)
    const faults = yield* Faults.make(events)
    const requests = Requests.make(events)
    const reset = Effect.all([
      customers.reset,
      requests.clear,
      faults.clear,
      events.publish({ name: "reset", data: {} })
    ], {
      discard: true
    })

    const server = yield* NodeHttp.listen({ host, port })
    const url = urlOf(host, server.port)
    const trustly = Trustly.make({ accessId, accessKey, customers, faults, requests })
    const control = yield* Control.make({ url, accessId, customers, requests, faults, events, reset })
    const isOwn = Access.isOwn({ host, port: server.port })
    const guarded = Effect.flatMap(
      HttpServerRequest.HttpServerRequest,
      ({ headers }) => isOwn(headers) ? control : Effect.succeed(Answers.foreign)
    )
    const app = HttpRouter.empty.pipe(
      // unlike a route, a mounted app does not end when its client goes away
      HttpRouter.mountApp("/api/v1", Effect.interruptible(trustly)),
      HttpRouter.all("*", guarded)
    )
    // spans of the server would be spans of the program that it tests
    yield* Effect.locally(server.http.serve(app), HttpMiddleware.currentTracerDisabledWhen, constTrue)

    return {
      url,
      accessId,
      accessKey,
      customers: customers.all,
      requests: requests.all,
      fail: faults.add,
      reset
    }
  })

/**
 * A local Trustly over HTTP: state, credentials and errors as Trustly has them, faults on demand, a log of every request.
 *
 * @since 0.1.0
 * @category services
 */
export class TrustlySandbox
  extends Context.Tag("effect-trustly-sandbox/TrustlySandbox")<TrustlySandbox, TrustlySandbox.Service>()
{
  /**
   * A server that runs as long as the layer does. Fails when its address is taken, or an option is not usable.
   *
   * @since 0.1.0
   * @example
   * import { FetchHttpClient } from "@effect/platform"
   * import { Effect, Layer } from "effect"
   * import { CustomerService } from "effect-trustly"
   * import { TrustlySandbox } from "effect-trustly-sandbox"
   *
   * const Customers = Layer.unwrapEffect(
   *   Effect.map(TrustlySandbox, ({ accessId, accessKey, url }) =>
   *     CustomerService.layer({ accessId, accessKey, baseUrl: url }))
   * ).pipe(Layer.provide(FetchHttpClient.layer), Layer.provideMerge(TrustlySandbox.layer()))
   *
   * const program = Effect.gen(function*() {
   *   const customers = yield* CustomerService
   *   const sandbox = yield* TrustlySandbox
   *   yield* customers.modify("1001165729", () => ({ vip: 2 }))
   *   const [read, write] = yield* sandbox.requests
   *   assert.deepStrictEqual([read?.operation, write?.applied?.vip], ["get", 2])
   * })
   *
   * await Effect.runPromise(Effect.provide(program, Customers))
   */
  static layer(
    options: TrustlySandbox.Options = {}
  ): Layer.Layer<TrustlySandbox, HttpServerError.ServeError | ConfigError.ConfigError> {
    return Layer.scoped(TrustlySandbox, make(options))
  }
}
