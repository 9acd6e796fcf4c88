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
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Customer, CustomerRecord } from "./Customer.ts"
import type { CustomerChange, CustomerUpdate } from "./CustomerUpdate.ts"
import type { Asked } from "./internal/classify.ts"
import * as Codec from "./internal/codec.ts"
import * as Exchange from "./internal/exchange.ts"
import * as Input from "./internal/input.ts"
import * as Locks from "./internal/locks.ts"
import { retryingWith } from "./internal/retrying.ts"
import * as Telemetry from "./internal/telemetry.ts"
import * as TrustlyConfig from "./TrustlyConfig.ts"
import type { Operation, TrustlyError } from "./TrustlyError.ts"

/**
 * What identifies a customer: the merchant's own identifier or Trustly's.
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
   * The operations. None needs anything from its caller: the `HttpClient` is captured when the layer is built.
   *
   * @since 0.1.0
   * @category services
   */
  interface Service {
    /**
     * Sends a whole customer: `POST /customers/{customerId}`. What is absent stays, what is `null` is removed.
     *
     * To change a record that was read, use `modify`: a record that is spread into `update` sends back its masks (`taxId`
     * can read `#####6790`) in place of the real values.
     */
    readonly update: (customerId: string, customer: CustomerUpdate) => Effect.Effect<Customer, TrustlyError>
    /** Reads a customer: `GET /customers/{customerId}`. */
    readonly get: (customerId: string) => Effect.Effect<CustomerRecord, TrustlyError>
    /**
     * Reads a customer, changes it, and sends the four required fields and what was changed; nothing else, so no mask
     * is written back.
     *
     * Within one process, two calls for one customer run one after the other. Another process can write in between: Trustly
     * has no protection against that, and name, email, phone and address go back as they were read. A retry reads again,
     * so a change that adds rather than sets can count twice after an `Unknown` outcome.
     */
    readonly modify: <E = never, R = never>(
      customerId: string,
      change: (current: CustomerRecord) => CustomerChange | Effect.Effect<CustomerChange, E, R>
    ) => Effect.Effect<Customer, TrustlyError | E, R>
    /** Looks for customers: `GET /customers`. No match is an empty array. */
    readonly find: (by: CustomerIdentifier) => Effect.Effect<ReadonlyArray<CustomerRecord>, TrustlyError>
    /**
     * Creates a customer, or updates the one with this identifier: `POST /customers`. An identifier is required, or a retry
     * would create the customer twice.
     */
    readonly createOrUpdate: (customer: CustomerUpdate & CustomerIdentifier) => Effect.Effect<Customer, TrustlyError>
  }
}

const unknowns = { onExcessProperty: "ignore" } as const
const decodeCustomer = Codec.decoder(Schema.Struct({ customer: Customer }), unknowns)
const decodeRecord = Codec.decoder(Schema.Struct({ customer: CustomerRecord }), unknowns)
const decodeRecords = Codec.decoder(Schema.Struct({ customers: Schema.Array(CustomerRecord) }), unknowns)

const asCustomer = (operation: Operation, customerId?: string): Asked<Customer> => ({
  operation,
  writes: true,
  ...(customerId === undefined ? {} : { customerId }),
  decode: (body) => Either.map(decodeCustomer(body), ({ customer }) => customer)
})

const asRecord = (operation: Operation, customerId: string): Asked<CustomerRecord> => ({
  operation,
  writes: false,
  customerId,
  decode: (body) => Either.map(decodeRecord(body), ({ customer }) => customer)
})

const asRecords: Asked<ReadonlyArray<CustomerRecord>> = {
  operation: "find",
  writes: false,
  decode: (body) => Either.map(decodeRecords(body), ({ customers }) => customers)
}

const ofOne = "/customers/{customerId}"
const ofMany = "/customers"

const observed = {
  update: Telemetry.observed("update", ofOne),
  get: Telemetry.observed("get", ofOne),
  modify: Telemetry.observed("modify", ofOne),
  find: Telemetry.observed("find", ofMany),
  createOrUpdate: Telemetry.observed("createOrUpdate", ofMany)
}

const make = (
  options: TrustlyConfig.Options
): Effect.Effect<CustomerService.Service, ConfigError.ConfigError, HttpClient.HttpClient> =>
  Effect.map(Exchange.make(options), (exchange): CustomerService.Service => {
    const locked = Locks.make()

    return {
      update: (customerId, customer) =>
        observed.update((span) =>
          Effect.flatMap(
            Either.all([Input.pathSegment("update", customerId), Input.updateBody(customerId, customer)]),
            ([segment, body]) =>
              exchange(asCustomer("update", customerId), { path: `/customers/${segment}`, body }, span)
          )
        ),

      get: (customerId) =>
        observed.get((span) =>
          Effect.flatMap(
            Input.pathSegment("get", customerId),
            (segment) => exchange(asRecord("get", customerId), { path: `/customers/${segment}` }, span)
          )
        ),

      modify: (customerId, change) =>
        observed.modify((span) =>
          Effect.gen(function*() {
            const segment = yield* Input.pathSegment("modify", customerId)
            const path = `/customers/${segment}`
            const readChangeSend = Effect.gen(function*() {
              const record = yield* exchange(asRecord("modify", customerId), { path }, span)
              const changed = change(record)
              const body = yield* Input.modifyBody(
                customerId,
                record,
                Effect.isEffect(changed) ? yield* Effect.withParentSpan(changed, span) : changed
              )
              return yield* exchange(asCustomer("modify", customerId), { path, body }, span)
            })
            return yield* locked(customerId, readChangeSend, Input.modifyInsideItself)
          })
        ),

      find: (by) =>
        observed.find((span) =>
          Effect.flatMap(Input.query(by), (query) => exchange(asRecords, { path: "/customers", query }, span))
        ),

      createOrUpdate: (customer) =>
        observed.createOrUpdate((span) =>
          Effect.flatMap(
            Input.upsertBody(customer),
            (body) => exchange(asCustomer("createOrUpdate", body.customerId), { path: "/customers", body }, span)
          )
        )
    }
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
   * A service of its own, for programs that work for several merchants. Fails with a `ConfigError` that names the option that
   * is not usable, never its value.
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
   * The service with options from the program.
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
   * The service with options from `Config`; from the environment variables of `TrustlyConfig.config` unless told otherwise.
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
   * A service for unit tests: the operations that are given, and a defect from each other one. For a service that keeps
   * state, see `CustomersMemory` in `effect-trustly/testing`.
   *
   * @since 0.1.0
   * @example
   * import { Effect } from "effect"
   * import { CustomerService, TrustlyNotFoundError } from "effect-trustly"
   *
   * const nobody = CustomerService.layerTest({ get: () => Effect.fail(new TrustlyNotFoundError({ operation: "get" })) })
   *
   * const error = await CustomerService.pipe(
   *   Effect.flatMap((customers) => customers.get("1001165729")),
   *   Effect.flip,
   *   Effect.provide(nobody),
   *   Effect.runPromise
   * )
   * assert.strictEqual(error._tag, "TrustlyNotFoundError")
   */
  static layerTest(partial: Partial<CustomerService.Service> = {}): Layer.Layer<CustomerService> {
    return Layer.mock(CustomerService, partial)
  }

  /**
   * Puts a retry policy on every operation of a layer. The error that comes out is that of the last attempt, with the worst
   * `outcome` of all attempts: `Unknown` beats `Rejected` beats `NotSent`.
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
  ): <E, R>(layer: Layer.Layer<CustomerService, E, R>) => Layer.Layer<CustomerService, E, R> {
    const retrying = retryingWith(policy)
    const service = (customers: CustomerService.Service): CustomerService.Service => ({
      update: (customerId, customer) => retrying(customers.update(customerId, customer)),
      get: (customerId) => retrying(customers.get(customerId)),
      modify: (customerId, change) => retrying(customers.modify(customerId, change)),
      find: (by) => retrying(customers.find(by)),
      createOrUpdate: (customer) => retrying(customers.createOrUpdate(customer))
    })
    return (layer) =>
      Layer.map(layer, (context) => Context.make(CustomerService, service(Context.get(context, CustomerService))))
  }
}
