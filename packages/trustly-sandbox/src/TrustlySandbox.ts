/**
 * A local Trustly over HTTP.
 *
 * @since 0.1.0
 */
import * as HttpMiddleware from "@effect/platform/HttpMiddleware"
import * as HttpRouter from "@effect/platform/HttpRouter"
import type * as HttpServer from "@effect/platform/HttpServer"
import type * as HttpServerError from "@effect/platform/HttpServerError"
import { TrustlyModel } from "effect-trustly/testing"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { constTrue } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import type { FaultRule } from "./Fault.ts"
import * as Faults from "./internal/faults.ts"
import * as NodeHttp from "./internal/nodeHttp.ts"
import * as Requests from "./internal/requests.ts"
import * as Seed from "./internal/seed.ts"
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
    /** How many invented customers there are besides the two of Trustly's document. Default: 0. */
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
    /** The last thousand requests to Trustly's operations, newest last. */
    readonly requests: Effect.Effect<ReadonlyArray<RequestLog>>
    /** Requests from now on meet this fault, as the rule says. */
    readonly fail: (rule: FaultRule) => Effect.Effect<void>
    /** Back to the customers of the beginning; no requests, no faults. */
    readonly reset: Effect.Effect<void>
  }
}

const urlOf = ({ address }: HttpServer.HttpServer): string => {
  if (address._tag === "UnixAddress") return address.path
  const { hostname, port } = address
  const host = hostname === "0.0.0.0" ? "127.0.0.1" : hostname
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}/api/v1`
}

const make = (
  options: TrustlySandbox.Options
): Effect.Effect<TrustlySandbox.Service, HttpServerError.ServeError, Scope.Scope> =>
  Effect.gen(function*() {
    const { accessId = "sandbox", accessKey = Redacted.make("sandbox"), host = "127.0.0.1", port = 0 } = options
    const initial = TrustlyModel.make(Seed.documented)
    const state = yield* Ref.make(initial)
    const faults = yield* Faults.make
    const requests = yield* Requests.make
    const app = HttpRouter.empty.pipe(
      HttpRouter.mountApp("/api/v1", Trustly.make({ accessId, accessKey, state, faults, requests }))
    )

    const server = yield* NodeHttp.listen({ host, port })
    // spans of the server would be spans of the program that it tests
    yield* Effect.locally(server.serve(app), HttpMiddleware.currentTracerDisabledWhen, constTrue)

    return {
      url: urlOf(server),
      accessId,
      accessKey,
      customers: Effect.map(Ref.get(state), TrustlyModel.customers),
      requests: requests.all,
      fail: faults.add,
      reset: Effect.all([Ref.set(state, initial), requests.clear, faults.clear], { discard: true })
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
   * A server that runs as long as the layer does. Fails when its address is taken.
   *
   * @since 0.1.0
   */
  static readonly layer = (
    options: TrustlySandbox.Options = {}
  ): Layer.Layer<TrustlySandbox, HttpServerError.ServeError> => Layer.scoped(TrustlySandbox, make(options))
}
