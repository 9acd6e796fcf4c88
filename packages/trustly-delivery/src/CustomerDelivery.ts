/**
 * Durable, ordered delivery of customer changes to Trustly.
 *
 * @since 0.1.0
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { CustomerBatch, CustomerService, TrustlyValidationError } from "effect-trustly"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import * as DeliveryConfig from "./DeliveryConfig.ts"
import type {
  BacklogFull,
  IdempotencyConflict,
  KeyMissing,
  ReceiptNotFound,
  StorageError,
  Superseded
} from "./DeliveryError.ts"
import type { Counts, Ended, Failed, State, Status } from "./DeliveryStatus.ts"
import { makeMemory } from "./internal/temporaryMemory.ts"
import type { Receipt } from "./Receipt.ts"

/**
 * A change of one customer, named by Trustly's `customerId`: `{ customerId, change }` sends the fields to change,
 * `{ customerId, update }` sends a whole customer.
 *
 * @since 0.1.0
 * @category models
 */
export type Change = Extract<CustomerBatch.Command, { readonly customerId: string }>

/**
 * @since 0.1.0
 * @category services
 */
export declare namespace CustomerDelivery {
  /**
   * The operations of {@link CustomerDelivery}.
   *
   * @since 0.1.0
   * @category services
   */
  interface Service {
    /**
     * Accepts a change: validates it, encrypts it, and stores it. Inside `sql.withTransaction` of the same `SqlClient`, the
     * change is committed with your own rows or not at all.
     *
     * Changes of one customer are delivered in the order in which they were accepted. With an `idempotencyKey`, the same
     * change again returns the first receipt, within `retention`.
     */
    readonly enqueue: (
      change: Change,
      options?: { readonly idempotencyKey?: string | undefined }
    ) => Effect.Effect<Receipt, TrustlyValidationError | BacklogFull | IdempotencyConflict | StorageError>
    /** What became of a change. */
    readonly status: (receipt: Receipt) => Effect.Effect<Status, ReceiptNotFound | StorageError>
    /** Waits until a change has ended, in whichever process. */
    readonly await: (receipt: Receipt) => Effect.Effect<Ended, ReceiptNotFound | StorageError>
    /** Dead letters in the order in which they were accepted, starting after the dead letter with the receipt `after`. */
    readonly failed: (
      options?: { readonly after?: Receipt | undefined }
    ) => Stream.Stream<Failed, ReceiptNotFound | StorageError>
    /**
     * Queues a dead letter again, behind the other changes of its customer. Fails with `Superseded` when the customer has a
     * newer accepted change, unless `evenIfSuperseded` is set.
     */
    readonly retry: (
      receipt: Receipt,
      options?: { readonly evenIfSuperseded?: boolean | undefined }
    ) => Effect.Effect<void, ReceiptNotFound | Superseded | StorageError>
    /** Discards a dead letter and erases its payload. */
    readonly discard: (receipt: Receipt) => Effect.Effect<void, ReceiptNotFound | StorageError>
    /** How many changes are queued and how many are dead letters, in all processes. */
    readonly counts: Effect.Effect<Counts, StorageError>
    /** Whether delivery is running or paused, in all processes. */
    readonly state: Effect.Effect<State, StorageError>
  }
}

/**
 * Accepts changes of customers and delivers them to Trustly: durably, in order for each customer, at least once.
 *
 * @since 0.1.0
 * @category services
 */
export class CustomerDelivery
  extends Context.Tag("effect-trustly-delivery/CustomerDelivery")<CustomerDelivery, CustomerDelivery.Service>()
{
  /**
   * Accepts changes and delivers them. On Postgres, any number of processes share the work. On SQLite, the process takes the
   * database file for itself.
   *
   * @since 0.1.0
   */
  static layer(
    options: DeliveryConfig.Options
  ): Layer.Layer<
    CustomerDelivery,
    ConfigError.ConfigError | KeyMissing | StorageError,
    SqlClient.SqlClient | CustomerService
  > {
    return CustomerDelivery.layerMemory(options)
  }

  /**
   * The same as `layer`, with the options from `DELIVERY_*` unless another `Config` is given.
   *
   * @since 0.1.0
   */
  static layerConfig(
    config: Config.Config<DeliveryConfig.Options> = DeliveryConfig.config
  ): Layer.Layer<
    CustomerDelivery,
    ConfigError.ConfigError | KeyMissing | StorageError,
    SqlClient.SqlClient | CustomerService
  > {
    return Layer.unwrapEffect(Effect.map(config, (options) => CustomerDelivery.layer(options)))
  }

  /**
   * Accepts changes and sends nothing: another process on the same Postgres database delivers them.
   *
   * @since 0.1.0
   */
  static layerProducer(
    options: DeliveryConfig.Options
  ): Layer.Layer<CustomerDelivery, ConfigError.ConfigError | KeyMissing | StorageError, SqlClient.SqlClient> {
    return Layer.die(options)
  }

  /**
   * Keeps changes in memory and delivers them through `CustomerService`: for unit tests, without a database and with the time
   * of Effect's `Clock`.
   *
   * @since 0.1.0
   */
  static layerMemory(
    options: Partial<DeliveryConfig.Options> = {}
  ): Layer.Layer<CustomerDelivery, never, CustomerService> {
    return Layer.scoped(CustomerDelivery, makeMemory(options))
  }
}
