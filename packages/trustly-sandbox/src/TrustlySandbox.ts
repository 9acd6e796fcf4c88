/**
 * A local mock of Trustly's Customers API over HTTP.
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
import * as Either from "effect/Either"
import { constTrue } from "effect/Function"
import * as Layer from "effect/Layer"
import * as LogLevel from "effect/LogLevel"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type { FaultRule, FaultRuleError } from "./Fault.ts"
import * as Access from "./internal/access.ts"
import { isLoopback, isUrlHost, isWildcard, urlHost } from "./internal/address.ts"
import * as Control from "./internal/control.ts"
import * as CustomersFile from "./internal/customersFile.ts"
import * as CustomersRoutes from "./internal/customersRoutes.ts"
import * as CustomerStore from "./internal/customerStore.ts"
import * as Events from "./internal/events.ts"
import * as Faults from "./internal/faults.ts"
import * as GeneratedCustomers from "./internal/generatedCustomers.ts"
import * as NodeHttp from "./internal/nodeHttp.ts"
import * as RequestStore from "./internal/requestStore.ts"
import * as Responses from "./internal/responses.ts"
import * as SampleCustomers from "./internal/sampleCustomers.ts"
import type { RequestLog } from "./RequestLog.ts"

/**
 * @since 0.1.0
 * @category services
 */
export declare namespace TrustlySandbox {
  /**
   * Where the sandbox listens, which credentials it accepts, and which customers it starts with.
   *
   * @since 0.1.0
   * @category models
   */
  interface Options {
    /** Port to listen on; 0 for any free port. Default: any free port. With a port, the sandbox logs its URL at level Info. */
    readonly port?: number | undefined
    /** Address to listen on. Default: `127.0.0.1`, which other machines cannot reach. */
    readonly host?: string | undefined
    /**
     * Host names, besides the server's own addresses, under which the page and the control path can be used, such as `sandbox` or
     * `localhost:8080`. Without a port, the name is valid with the port of the server.
     */
    readonly allowHosts?: ReadonlyArray<string> | undefined
    /** User name that clients must send. Default: `sandbox`. */
    readonly accessId?: string | undefined
    /** Password that clients must send. Default: `sandbox`. */
    readonly accessKey?: Redacted.Redacted | undefined
    /** Customers to start with, at most 100,000. Default: the two of Trustly's documentation. */
    readonly customers?: Iterable<TrustlyModel.WireCustomer> | undefined
    /** Number of generated customers to add, at most 10,000. Default: 0. */
    readonly seed?: number | undefined
  }

  /**
   * A running sandbox.
   *
   * @since 0.1.0
   * @category services
   */
  interface Service {
    /** Base URL for clients, such as `http://127.0.0.1:4000/api/v1`. */
    readonly url: string
    /** User name that clients must send. */
    readonly accessId: string
    /** Password that clients must send. */
    readonly accessKey: Redacted.Redacted
    /** All customers as stored, sorted by `customerId`: wire JSON, unmasked. */
    readonly customers: Effect.Effect<ReadonlyArray<TrustlyModel.WireCustomer>>
    /** The latest 2,000 requests to Trustly's operations, oldest first; fewer if they are large. */
    readonly requests: Effect.Effect<ReadonlyArray<RequestLog>>
    /** Activates a fault rule. Fails if the rule is not valid, or if 100 rules are active. */
    readonly fail: (rule: FaultRule) => Effect.Effect<void, FaultRuleError>
    /** Restores the initial customers, and removes all requests and faults. */
    readonly reset: Effect.Effect<void>
  }
}

const defaultKey = "sandbox"

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** What a user needs to connect a client. The access key is printed only if it is the default one. */
const startupLines = (url: string, accessId: string, accessKey: Redacted.Redacted): ReadonlyArray<string> => [
  `Trustly sandbox: ${url}`,
  `Page: ${new URL(url).origin}/`,
  `export TRUSTLY_BASE_URL=${quote(url)}`,
  `export TRUSTLY_ACCESS_ID=${quote(accessId)}`,
  Redacted.value(accessKey) === defaultKey
    ? `export TRUSTLY_ACCESS_KEY=${quote(defaultKey)}`
    : "export TRUSTLY_ACCESS_KEY=  # the access key that the sandbox was started with"
]

const invalid = (option: keyof TrustlySandbox.Options, problem: string): ConfigError.ConfigError =>
  ConfigError.InvalidData([option], problem)

const checkInteger = (
  name: "port" | "seed",
  value: number,
  max: number
): Effect.Effect<void, ConfigError.ConfigError> =>
  Number.isInteger(value) && value >= 0 && value <= max
    ? Effect.void
    : Effect.fail(invalid(name, `must be an integer from 0 to ${max}`))

const checkCustomers = (
  customers: Iterable<TrustlyModel.WireCustomer>
): Effect.Effect<ReadonlyArray<TrustlyModel.WireCustomer>, ConfigError.ConfigError> =>
  Effect.forEach(
    customers,
    (customer, index) =>
      Either.mapLeft(CustomersFile.validate(customer), (problem) => invalid("customers", `item ${index}: ${problem}`))
  ).pipe(
    Effect.filterOrFail(
      ({ length }) => length <= CustomerStore.maxCustomers,
      () => invalid("customers", `must be at most ${CustomerStore.maxCustomers.toLocaleString("en")}`)
    )
  )

const make = (
  options: TrustlySandbox.Options
): Effect.Effect<TrustlySandbox.Service, HttpServerError.ServeError | ConfigError.ConfigError, Scope.Scope> =>
  Effect.gen(function*() {
    const { accessId = "sandbox", accessKey = Redacted.make(defaultKey), allowHosts = [], host = "127.0.0.1" } = options
    const { port = 0, seed = 0 } = options
    yield* checkInteger("port", port, 65_535)
    yield* checkInteger("seed", seed, 10_000)
    if (!isUrlHost(host)) {
      return yield* Effect.fail(invalid("host", "must be an IP address without a zone, or a host name"))
    }
    // HTTP Basic separates user name and password by a colon
    if (accessId.includes(":")) return yield* Effect.fail(invalid("accessId", "must not contain a colon"))
    if (!allowHosts.every(Access.isHost)) {
      return yield* Effect.fail(invalid("allowHosts", "must be host names, such as sandbox or localhost:8080"))
    }
    const initial = options.customers === undefined
      ? SampleCustomers.customers
      : yield* checkCustomers(options.customers)
    const events = yield* Events.make
    const customers = yield* CustomerStore.make([...GeneratedCustomers.customers(seed), ...initial], events)
    const faults = yield* Faults.make(events)
    const requests = RequestStore.make(events)
    const reset = Effect.all([
      customers.reset,
      requests.clear,
      faults.clear,
      events.publish({ name: "reset", data: {} })
    ], {
      discard: true
    })

    const server = yield* NodeHttp.listen({ host, port })
    const url = `http://${urlHost(isWildcard(host) ? "127.0.0.1" : host)}:${server.port}/api/v1`
    const isDefaultKey = Redacted.value(accessKey) === defaultKey
    const customersApp = CustomersRoutes.make({ accessId, accessKey, customers, faults, requests })
    const control = yield* Control.make({
      url,
      accessId,
      defaultKey: isDefaultKey ? defaultKey : undefined,
      customers,
      requests,
      faults,
      events,
      reset
    })
    const isTrusted = Access.isTrusted({ host, port: server.port, allowHosts })
    const guarded = Effect.flatMap(
      HttpServerRequest.HttpServerRequest,
      ({ headers }) => isTrusted(headers) ? control : Effect.succeed(Responses.forbidden)
    )
    const app = HttpRouter.empty.pipe(
      // unlike a route, a mounted app is not interrupted when its client disconnects
      HttpRouter.mountApp("/api/v1", Effect.interruptible(customersApp)),
      HttpRouter.all("*", guarded),
      Effect.updateService(HttpServerRequest.HttpServerRequest, NodeHttp.toOriginForm)
    )
    // spans of the server would end up among those of the program under test
    yield* Effect.locally(server.http.serve(app), HttpMiddleware.currentTracerDisabledWhen, constTrue)

    // a test that takes any free port gets the URL from the service, and should not print it
    const level = options.port === undefined ? LogLevel.Debug : LogLevel.Info
    yield* Effect.forEach(
      startupLines(url, accessId, accessKey),
      (line) => Effect.logWithLevel(level, line),
      { discard: true }
    )
    if (!isLoopback(host)) {
      yield* Effect.logWarning(
        `Anyone who can reach ${urlHost(host)}:${server.port} can use the page and the control path /_sandbox: ` +
          "they need no credentials"
      )
    }

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
 * A local mock of Trustly's Customers API over HTTP: the status codes, credentials check, error envelope, and masks of Trustly,
 * customers in memory, faults on demand, and a log of every request.
 *
 * @since 0.1.0
 * @category services
 */
export class TrustlySandbox
  extends Context.Tag("effect-trustly-sandbox/TrustlySandbox")<TrustlySandbox, TrustlySandbox.Service>()
{
  /**
   * Starts a sandbox that runs as long as the layer. It logs its URL and the variables for a client: at level Info if `port` is
   * given, else at level Debug. Fails with `ServeError` if it cannot listen there, and with `ConfigError` if an option is invalid.
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
