/**
 * Durable, ordered delivery of customer changes to Trustly.
 *
 * @since 0.1.0
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { CustomerBatch, TrustlyValidationError } from "effect-trustly"
import { CustomerService } from "effect-trustly"
import * as Clock from "effect/Clock"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Stream from "effect/Stream"
import { randomBytes } from "node:crypto"
import * as DeliveryConfig from "./DeliveryConfig.ts"
import type { BacklogFull, IdempotencyConflict, ReceiptNotFound, StorageError, Superseded } from "./DeliveryError.ts"
import { KeyMissing } from "./DeliveryError.ts"
import type { Counts, Ended, Failed, State, Status } from "./DeliveryStatus.ts"
import * as Lanes from "./internal/lanes.ts"
import * as MemoryOutbox from "./internal/memoryOutbox.ts"
import * as Sender from "./internal/sender.ts"
import * as Service from "./internal/service.ts"
import * as Settings from "./internal/settings.ts"
import * as SqlOutbox from "./internal/sqlOutbox.ts"
import * as Upkeep from "./internal/upkeep.ts"
import type { Receipt } from "./Receipt.ts"

/**
 * A change of one customer, identified by Trustly's `customerId`. `{ customerId, change }` sends the fields to change;
 * `{ customerId, update }` sends a complete customer.
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
     * Accepts a change: validates, encrypts, and stores it. Inside `sql.withTransaction` of the same `SqlClient`, the change
     * is committed together with your own rows, or not at all.
     *
     * Changes of one customer are delivered in the order in which they were accepted. With an `idempotencyKey`, enqueuing the
     * same change again within `retention` returns the first receipt.
     */
    readonly enqueue: (
      change: Change,
      options?: { readonly idempotencyKey?: string | undefined }
    ) => Effect.Effect<Receipt, TrustlyValidationError | BacklogFull | IdempotencyConflict | StorageError>
    /** Returns the status of a change. */
    readonly status: (receipt: Receipt) => Effect.Effect<Status, ReceiptNotFound | StorageError>
    /** Waits until any process has delivered or discarded the change, or made it a dead letter. */
    readonly await: (receipt: Receipt) => Effect.Effect<Ended, ReceiptNotFound | StorageError>
    /** Streams dead letters, oldest first. Pass `after` to start after the change with that receipt. */
    readonly failed: (
      options?: { readonly after?: Receipt | undefined }
    ) => Stream.Stream<Failed, ReceiptNotFound | StorageError>
    /**
     * Queues a dead letter again, after the other changes of its customer. Fails with `Superseded` if the customer has a newer
     * accepted change, unless `evenIfSuperseded` is set.
     */
    readonly retry: (
      receipt: Receipt,
      options?: { readonly evenIfSuperseded?: boolean | undefined }
    ) => Effect.Effect<void, ReceiptNotFound | Superseded | StorageError>
    /** Discards a dead letter and erases its payload. */
    readonly discard: (receipt: Receipt) => Effect.Effect<void, ReceiptNotFound | StorageError>
    /** Counts queued changes and dead letters, across all processes. */
    readonly counts: Effect.Effect<Counts, StorageError>
    /** Whether delivery is running or paused, across all processes. */
    readonly state: Effect.Effect<State, StorageError>
  }
}

const parseSettings = (options: DeliveryConfig.Options) => Effect.suspend(() => Settings.make(options))

/** Opens the outbox. Fails with `KeyMissing` if a stored payload needs a key that is not in the keyring. */
const openOutbox = (settings: Settings.Settings) =>
  Effect.gen(function*() {
    const outbox = yield* SqlOutbox.make
    const missing = (yield* outbox.keyIds).find((keyId) => !settings.keyring.has(keyId))
    if (missing !== undefined) return yield* new KeyMissing({ keyId: missing })
    return outbox
  })

// less than the 15 s that a container gets to stop
const drainTimeout = Duration.seconds(10)
// uses the live clock: a test clock would not advance while the layer closes
const makeDrain = (lanes: Lanes.Lanes) =>
  lanes.idle.pipe(
    Effect.interruptible,
    Effect.timeoutOption(drainTimeout),
    Effect.withClock(Clock.make()),
    Effect.zipRight(lanes.interrupt)
  )

const makeSql = (options: DeliveryConfig.Options) =>
  Effect.gen(function*() {
    const settings = yield* parseSettings(options)
    const sql = yield* SqlClient.SqlClient
    const customers = yield* CustomerService
    const outbox = yield* openOutbox(settings)
    // the credentials may have changed since the last run, so let the first probe run immediately
    yield* outbox.claimProbe(Number.MAX_SAFE_INTEGER, 0)
    const backlog = yield* Upkeep.count(outbox)
    yield* Upkeep.prune(outbox, settings.retention)
    const lanes = yield* sql.onDialectOrElse({ sqlite: () => Lanes.single, orElse: () => Lanes.cluster })
    const { wake } = yield* Sender.make({ customers, lanes, outbox, settings, drain: makeDrain(lanes) })
    return Service.make({ backlog, outbox, settings, wake })
  })

const makeProducer = (options: DeliveryConfig.Options) =>
  Effect.gen(function*() {
    const settings = yield* parseSettings(options)
    const outbox = yield* openOutbox(settings)
    return Service.make({ backlog: yield* Upkeep.count(outbox), outbox, settings, wake: Effect.void })
  })

const makeMemory = (options: Partial<DeliveryConfig.Options>) =>
  Effect.gen(function*() {
    const key = Redacted.make(randomBytes(32).toString("base64"))
    const settings = yield* parseSettings({ keys: [key], ...options })
    const customers = yield* CustomerService
    const outbox = MemoryOutbox.make()
    yield* Upkeep.prune(outbox, settings.retention)
    const lanes = yield* Lanes.single
    const { wake } = yield* Sender.make({ customers, lanes, outbox, settings, drain: lanes.interrupt })
    const backlog = Effect.map(outbox.counts, ({ queued }) => queued)
    return Service.make({ backlog, outbox, settings, wake })
  })

/**
 * Accepts customer changes and delivers them to Trustly: durably, in order for each customer, at least once.
 *
 * @since 0.1.0
 * @category services
 */
export class CustomerDelivery
  extends Context.Tag("effect-trustly-delivery/CustomerDelivery")<CustomerDelivery, CustomerDelivery.Service>()
{
  /**
   * Accepts changes and delivers them. On Postgres, any number of processes share the work, and one process at a time
   * delivers the changes of a customer. On SQLite, the process holds an exclusive lock on the database file until it exits.
   *
   * Fails with `ConfigError` when an option is invalid, with `KeyMissing` when stored changes need a key that `keys` does not
   * contain, and with `StorageError` when a database operation fails or another process is using the database file.
   *
   * Closing the layer waits up to 10 s for in-flight requests to finish.
   *
   * @since 0.1.0
   * @example
   * import { NodeHttpClient } from "@effect/platform-node"
   * import { SqliteClient } from "@effect/sql-sqlite-node"
   * import { Layer, Redacted } from "effect"
   * import { CustomerService } from "effect-trustly"
   * import { CustomerDelivery } from "effect-trustly-delivery"
   *
   * const customers = CustomerService.layerConfig().pipe(Layer.provide(NodeHttpClient.layerUndici))
   * const database = SqliteClient.layer({ filename: "trustly-delivery.db" })
   *
   * export const delivery = CustomerDelivery.layer({
   *   keys: [Redacted.make("bmV3IGtleSBuZXcga2V5IG5ldyBrZXkgbmV3IGtleSE=")]
   * }).pipe(Layer.provide([customers, database]))
   */
  static layer(
    options: DeliveryConfig.Options
  ): Layer.Layer<
    CustomerDelivery,
    ConfigError.ConfigError | KeyMissing | StorageError,
    SqlClient.SqlClient | CustomerService
  > {
    return Layer.scoped(CustomerDelivery, makeSql(options))
  }

  /**
   * Like `layer`, but reads the options from the `DELIVERY_*` environment variables, or from the given `Config`.
   *
   * Provide a `CustomerService` without `withRetry`: delivery already retries.
   *
   * @since 0.1.0
   * @example
   * import { NodeHttpClient } from "@effect/platform-node"
   * import { PgClient } from "@effect/sql-pg"
   * import { Config, Layer } from "effect"
   * import { CustomerService } from "effect-trustly"
   * import { CustomerDelivery } from "effect-trustly-delivery"
   *
   * const customers = CustomerService.layerConfig().pipe(Layer.provide(NodeHttpClient.layerUndici))
   * const database = PgClient.layerConfig({ url: Config.redacted("DATABASE_URL") })
   *
   * export const delivery = CustomerDelivery.layerConfig().pipe(Layer.provide([customers, database]))
   */
  static layerConfig(
    config: Config.Config<DeliveryConfig.Options> = DeliveryConfig.config
  ): Layer.Layer<
    CustomerDelivery,
    ConfigError.ConfigError | KeyMissing | StorageError,
    SqlClient.SqlClient | CustomerService
  > {
    return Layer.scoped(CustomerDelivery, Effect.flatMap(config, makeSql))
  }

  /**
   * Accepts changes without delivering them: another process on the same Postgres database delivers them.
   *
   * @since 0.1.0
   * @example
   * import { PgClient } from "@effect/sql-pg"
   * import { Config, Layer, Redacted } from "effect"
   * import { CustomerDelivery } from "effect-trustly-delivery"
   *
   * export const producer = CustomerDelivery.layerProducer({
   *   keys: [Redacted.make("bmV3IGtleSBuZXcga2V5IG5ldyBrZXkgbmV3IGtleSE=")]
   * }).pipe(Layer.provide(PgClient.layerConfig({ url: Config.redacted("DATABASE_URL") })))
   */
  static layerProducer(
    options: DeliveryConfig.Options
  ): Layer.Layer<CustomerDelivery, ConfigError.ConfigError | KeyMissing | StorageError, SqlClient.SqlClient> {
    return Layer.scoped(CustomerDelivery, makeProducer(options))
  }

  /**
   * Keeps changes in memory and delivers them through `CustomerService`, for unit tests. It needs no database and runs on
   * Effect's `Clock`, such as `TestClock`. Options default to those of `layer`, with a random encryption key.
   *
   * @since 0.1.0
   * @example
   * import { Effect, Layer } from "effect"
   * import { CustomersMemory } from "effect-trustly/testing"
   * import { CustomerDelivery } from "effect-trustly-delivery"
   *
   * const joe = { customerId: "1", name: "Joe", email: "joe@example.com", phone: "+1", address: { country: "US" } }
   *
   * const program = Effect.gen(function*() {
   *   const delivery = yield* CustomerDelivery
   *   const receipt = yield* delivery.enqueue({ customerId: "1", change: { vip: 2 } })
   *   const ended = yield* delivery.await(receipt)
   *   assert.strictEqual(ended._tag, "Delivered")
   * })
   *
   * const layer = CustomerDelivery.layerMemory().pipe(Layer.provide(CustomersMemory.layer([joe])))
   * await Effect.runPromise(Effect.provide(program, layer))
   */
  static layerMemory(
    options: Partial<DeliveryConfig.Options> = {}
  ): Layer.Layer<CustomerDelivery, ConfigError.ConfigError, CustomerService> {
    return Layer.scoped(CustomerDelivery, makeMemory(options))
  }
}
