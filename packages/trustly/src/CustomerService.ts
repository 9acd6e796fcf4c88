/**
 * The service that a backend uses to keep its customers current at Trustly.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import type { Customer, CustomerRecord } from "./Customer.ts"
import * as CustomerRequest from "./CustomerRequest.ts"
import type { CustomerChange, CustomerUpdate } from "./CustomerUpdate.ts"
import * as Call from "./internal/call.ts"
import * as Modify from "./internal/modify.ts"
import * as Operations from "./internal/operations.ts"
import * as Retry from "./internal/retry.ts"
import * as Settings from "./internal/settings.ts"
import * as TrustlyConfig from "./TrustlyConfig.ts"
import type { TrustlyError } from "./TrustlyError.ts"

/**
 * What identifies a customer: the merchant's own ID, or Trustly's.
 *
 * @since 0.1.0
 * @category models
 */
export type CustomerIdentifier = { readonly externalId: string } | { readonly customerId: string }

/**
 * @since 0.1.0
 * @category services
 */
export declare namespace CustomerService {
  /**
   * The operations. They need nothing from their caller: the `HttpClient` is captured when the layer is built.
   *
   * @since 0.1.0
   * @category services
   */
  interface Service {
    /**
     * Sends a whole customer: `POST /customers/{customerId}`. Omitted fields are left unchanged; `null` clears a field.
     *
     * Trustly's masks are never written: a secret such as `#####6790` counts as omitted, so a customer that was read can be sent
     * back.
     */
    readonly update: (customerId: string, customer: CustomerUpdate) => Effect.Effect<Customer, TrustlyError>
    /** Reads a customer: `GET /customers/{customerId}`. */
    readonly get: (customerId: string) => Effect.Effect<CustomerRecord, TrustlyError>
    /**
     * Reads a customer, changes it, and sends the four required fields and the changed fields. An empty change sends nothing.
     *
     * Calls for one customer run one after the other within the process, however many layers were built. A nested call for a
     * customer that an outer call holds fails with `TrustlyValidationError`; it hangs if the outer call waits for it through a
     * queue or a promise. Another process can write in between: Trustly has no protection against that, and name, email, phone,
     * and address go back as they were read. A retry reads again, so a change that adds to a value can count twice after an
     * `Unknown` outcome.
     */
    readonly modify: <E = never, R = never>(
      customerId: string,
      change: (current: CustomerRecord) => CustomerChange | Effect.Effect<CustomerChange, E, R>
    ) => Effect.Effect<Customer, TrustlyError | E, R>
    /** Finds customers: `GET /customers`. No match is an empty array. */
    readonly find: (by: CustomerIdentifier) => Effect.Effect<ReadonlyArray<CustomerRecord>, TrustlyError>
    /**
     * Creates a customer, or updates the one with this identifier: `POST /customers`. Without an identifier, a retry would create
     * the customer twice, so one is required.
     */
    readonly createOrUpdate: (customer: CustomerUpdate & CustomerIdentifier) => Effect.Effect<Customer, TrustlyError>
  }
}

const make = (
  options: TrustlyConfig.Options
): Effect.Effect<CustomerService.Service, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Effect.gen(function*() {
    const settings = yield* Settings.check(options)
    const { call, send } = yield* Call.make(settings, options)

    return CustomerService.of({
      update: (customerId, customer) => call(Operations.update, CustomerRequest.update(customerId, customer)),
      get: (customerId) => call(Operations.get, CustomerRequest.get(customerId)),
      find: (by) => call(Operations.find, CustomerRequest.find(by)),
      createOrUpdate: (customer) => call(Operations.createOrUpdate, CustomerRequest.createOrUpdate(customer)),
      modify: Modify.make(settings, send)
    })
  })

/**
 * The service that keeps customers current at Trustly.
 *
 * @since 0.1.0
 * @category services
 */
export class CustomerService
  extends Context.Tag("effect-trustly/CustomerService")<CustomerService, CustomerService.Service>()
{
  /**
   * A service without a layer, for programs that work for several merchants. It fails with a `ConfigError` that names the invalid
   * option, never its value.
   *
   * @since 0.1.0
   * @example
   * import { FetchHttpClient } from "@effect/platform"
   * import { Effect, Redacted } from "effect"
   * import { CustomerService } from "effect-trustly"
   *
   * const merchants = Effect.all({
   *   north: CustomerService.make({ accessId: "north", accessKey: Redacted.make("key") }),
   *   south: CustomerService.make({ accessId: "south", accessKey: Redacted.make("key") })
   * }).pipe(Effect.provide(FetchHttpClient.layer))
   *
   * assert.strictEqual(typeof Effect.runSync(merchants).north.update, "function")
   */
  static make(
    options: TrustlyConfig.Options
  ): Effect.Effect<CustomerService.Service, ConfigError.ConfigError, HttpClient.HttpClient> {
    return make(options)
  }

  /**
   * The service, with options from the program.
   *
   * @since 0.1.0
   * @example
   * import { FetchHttpClient } from "@effect/platform"
   * import { Layer, Redacted } from "effect"
   * import { CustomerService } from "effect-trustly"
   *
   * const customers = CustomerService.layer({ accessId: "id", accessKey: Redacted.make("key"), timeout: "10 seconds" })
   *
   * export const main = Layer.provide(customers, FetchHttpClient.layer)
   */
  static layer(
    options: TrustlyConfig.Options
  ): Layer.Layer<CustomerService, ConfigError.ConfigError, HttpClient.HttpClient> {
    return Layer.effect(CustomerService, make(options))
  }

  /**
   * The service, with options from `Config`. Without an argument: from the environment variables of `TrustlyConfig.config`.
   *
   * @since 0.1.0
   * @example
   * import { FetchHttpClient } from "@effect/platform"
   * import { Config, Layer } from "effect"
   * import { CustomerService } from "effect-trustly"
   *
   * const fromEnvironment = CustomerService.layerConfig()
   * const fromElsewhere = CustomerService.layerConfig({
   *   accessId: Config.string("MERCHANT_ID"),
   *   accessKey: Config.redacted("MERCHANT_KEY")
   * })
   *
   * export const main = Layer.provide(fromEnvironment, FetchHttpClient.layer)
   * export const other = Layer.provide(fromElsewhere, FetchHttpClient.layer)
   */
  static layerConfig(
    config: Config.Config.Wrap<TrustlyConfig.Options> = TrustlyConfig.config
  ): Layer.Layer<CustomerService, ConfigError.ConfigError, HttpClient.HttpClient> {
    return Layer.effect(CustomerService, Effect.flatMap(Config.unwrap(config), make))
  }

  /**
   * A service for unit tests, with the given operations. Each other operation dies with an error that names it. For a service
   * that keeps state, see `CustomersMemory` in `effect-trustly/testing`.
   *
   * @since 0.1.0
   * @example
   * import { Effect } from "effect"
   * import { CustomerService, TrustlyNotFoundError } from "effect-trustly"
   *
   * const withoutCustomers = CustomerService.layerTest({ get: () => Effect.fail(new TrustlyNotFoundError({ operation: "get" })) })
   *
   * const error = await CustomerService.pipe(
   *   Effect.flatMap((customers) => customers.get("1001165729")),
   *   Effect.flip,
   *   Effect.provide(withoutCustomers),
   *   Effect.runPromise
   * )
   * assert.strictEqual(error._tag, "TrustlyNotFoundError")
   */
  static layerTest(partial: Partial<CustomerService.Service> = {}): Layer.Layer<CustomerService> {
    return Layer.mock(CustomerService, partial)
  }

  /**
   * Adds a retry policy to every operation of a layer, and keeps the layer's other services. The error is that of the last attempt,
   * with the worst `outcome` of all attempts. From worst to best: `Applied`, `Unknown`, `Rejected`, `NotSent`.
   *
   * @since 0.1.0
   * @example
   * import { FetchHttpClient } from "@effect/platform"
   * import { Layer } from "effect"
   * import { CustomerService, TrustlyRetry } from "effect-trustly"
   *
   * export const main = CustomerService.layerConfig().pipe(
   *   CustomerService.withRetry(TrustlyRetry.policy({ times: 5 })),
   *   Layer.provide(FetchHttpClient.layer)
   * )
   */
  static withRetry(
    policy: Schedule.Schedule<unknown, unknown>
  ): <A, E, R>(layer: Layer.Layer<CustomerService | A, E, R>) => Layer.Layer<CustomerService | A, E, R> {
    const withPolicy = Retry.retry(policy)
    const retrying = (customers: CustomerService.Service) =>
      CustomerService.of({
        update: (customerId, customer) => withPolicy(customers.update(customerId, customer)),
        get: (customerId) => withPolicy(customers.get(customerId)),
        modify: (customerId, change) => withPolicy(customers.modify(customerId, change)),
        find: (by) => withPolicy(customers.find(by)),
        createOrUpdate: (customer) => withPolicy(customers.createOrUpdate(customer))
      })
    return (layer) =>
      Layer.map(
        layer,
        (context) => Context.add(context, CustomerService, retrying(Context.unsafeGet(context, CustomerService)))
      )
  }
}
