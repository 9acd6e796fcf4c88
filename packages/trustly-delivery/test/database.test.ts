import type { SqlError } from "@effect/sql"
import { SqlClient } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { SqliteClient } from "@effect/sql-sqlite-node"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import type { ConfigError } from "effect"
import { Cause, Deferred, Effect, Exit, Fiber, Layer, Metric, Option, Redacted, Stream, Tracer } from "effect"
import { type TrustlyError, TrustlyNotFoundError, TrustlyRejectedError, TrustlyServerError } from "effect-trustly"
import { CustomersMemory } from "effect-trustly/testing"
import { randomBytes } from "node:crypto"
import { inspect } from "node:util"
import { CustomerDelivery, type DeliveryConfig, Receipt } from "../src/index.ts"
import * as Keyring from "../src/internal/keyring.ts"
import * as SqlOutbox from "../src/internal/sqlOutbox.ts"
import { orStorageError } from "../src/internal/storage.ts"
import { customer } from "./support/customer.ts"
import * as Pg from "./support/postgres.ts"

const keys = [Redacted.make(randomBytes(32).toString("base64"))] as const

let postgres: Pg.Postgres | undefined
let databases = 0
beforeAll(async () => {
  if (Pg.isInstalled) postgres = await Pg.Postgres.start()
})
afterAll(() => postgres?.stop())

type Database = Layer.Layer<SqlClient.SqlClient, ConfigError.ConfigError | SqlError.SqlError>
const sqlite: Database = SqliteClient.layer({ filename: ":memory:" })
const onPostgres: Database = Layer.suspend(() =>
  PgClient.layer({ url: Redacted.make(postgres?.createDatabase(`test_${++databases}`) ?? "") })
)
const storages = [
  { name: "SQLite", isSkipped: false, database: sqlite },
  { name: "Postgres", isSkipped: !Pg.isInstalled, database: onPostgres }
]

const trustly = CustomersMemory.layer([customer("1"), customer("2")])
const deliveryLayer = CustomerDelivery.layer({ keys, retention: "1 hour" })
const layerOn = (database: Database, options: Partial<DeliveryConfig.Options> = {}) =>
  Layer.provideMerge(
    CustomerDelivery.layer({ keys, retention: "1 hour", ...options }),
    Layer.merge(database, trustly)
  )

const failNext = (error: TrustlyError) => Effect.flatMap(CustomersMemory, (memory) => memory.failNext(error))

const createDeadLetter = (customerId: string, vip: number) =>
  Effect.gen(function*() {
    const delivery = yield* CustomerDelivery
    yield* failNext(new TrustlyRejectedError({ operation: "update" }))
    const receipt = yield* delivery.enqueue({ customerId, change: { vip } })
    yield* delivery.await(receipt)
    return receipt
  })

/** Retries a dead letter, which Trustly refuses again. */
const retryInVain = (receipt: Receipt) =>
  Effect.gen(function*() {
    const delivery = yield* CustomerDelivery
    yield* failNext(new TrustlyRejectedError({ operation: "update" }))
    yield* delivery.retry(receipt, { evenIfSuperseded: true })
    yield* delivery.await(receipt)
  })

/** Runs `effect` while another transaction holds the locks that `lock` takes. */
const whileLocked = <A, E, R, E2, R2>(lock: Effect.Effect<unknown, E, R>, effect: Effect.Effect<A, E2, R2>) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const isLocked = yield* Deferred.make<void>()
    const isDone = yield* Deferred.make<void>()
    const other = yield* Effect.fork(sql.withTransaction(
      Effect.zipRight(Effect.zipRight(lock, Deferred.succeed(isLocked, undefined)), Deferred.await(isDone))
    ))
    yield* Deferred.await(isLocked)
    const result = yield* effect
    yield* Deferred.succeed(isDone, undefined)
    yield* Fiber.join(other)
    return result
  })

/** Waits until calls of `enqueue` or `retry` are waiting for the lock of a customer's row. */
const untilWaiting = (calls: number) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) =>
    Effect.repeat(
      Effect.zipRight(
        Effect.sleep("20 millis"),
        sql`
          SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
          AND query LIKE '%INSERT INTO trustly_delivery_customers%'`
      ),
      { until: (waiting) => waiting.length === calls }
    ))

const insertProfile = (sql: SqlClient.SqlClient) => sql`INSERT INTO profiles (id, nickname) VALUES ('1', 'Jo')`

for (const { database, isSkipped, name } of storages) {
  describe.skipIf(isSkipped)(`on ${name}${isSkipped ? " (skipped: install Debian's postgresql package)" : ""}`, () => {
    const layer = Layer.fresh(layerOn(database))

    describe("enqueue inside the caller's transaction", () => {
      it.live("commits the change together with the caller's rows", () =>
        Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          const delivery = yield* CustomerDelivery
          yield* sql`CREATE TABLE profiles (id TEXT, nickname TEXT)`
          const receipt = yield* sql.withTransaction(Effect.zipRight(
            insertProfile(sql),
            delivery.enqueue({ customerId: "1", change: { vip: 2 } })
          ))
          assert.strictEqual((yield* delivery.await(receipt))._tag, "Delivered")
          assert.strictEqual((yield* sql`SELECT * FROM profiles`).length, 1)
        }).pipe(Effect.provide(layer)))

      it.live("stores nothing when the transaction fails", () =>
        Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          const delivery = yield* CustomerDelivery
          yield* sql`CREATE TABLE profiles (id TEXT, nickname TEXT)`
          let receipt = Option.none<Effect.Effect.Success<ReturnType<CustomerDelivery["Type"]["enqueue"]>>>()
          const error = yield* Effect.flip(sql.withTransaction(Effect.gen(function*() {
            yield* insertProfile(sql)
            receipt = Option.some(yield* delivery.enqueue({ customerId: "1", change: { vip: 2 } }))
            return yield* Effect.fail("rolled back" as const)
          })))
          assert.strictEqual(error, "rolled back")
          assert.strictEqual((yield* sql`SELECT * FROM profiles`).length, 0)
          const unknown = yield* Effect.flip(delivery.status(yield* receipt))
          assert.strictEqual(unknown._tag, "ReceiptNotFound")
        }).pipe(Effect.provide(layer)))
    })

    describe("receipts and idempotency keys", () => {
      it.live("fails with ReceiptNotFound for a string that is not a receipt", () =>
        Effect.gen(function*() {
          const delivery = yield* CustomerDelivery
          for (const text of ["", "nope", "\0", "\ud800", "9".repeat(100_000), "' OR 1=1 --"]) {
            const receipt = Receipt.make(text)
            for (const lookup of [delivery.status, delivery.await, delivery.retry, delivery.discard]) {
              assert.strictEqual((yield* Effect.flip(Effect.asVoid(lookup(receipt))))._tag, "ReceiptNotFound")
            }
            const failed = Stream.runCollect(delivery.failed({ after: receipt }))
            assert.strictEqual((yield* Effect.flip(failed))._tag, "ReceiptNotFound")
          }
        }).pipe(Effect.provide(layer)))

      it.live("stores concurrent changes with the same idempotency key once", () =>
        Effect.gen(function*() {
          const delivery = yield* CustomerDelivery
          const idempotencyKeys = Array.from({ length: 60 }, (_, index) => `key-${index % 20}`)
          const receipts = yield* Effect.forEach(idempotencyKeys, (idempotencyKey) =>
            delivery.enqueue({ customerId: "1", change: { vip: 3 } }, { idempotencyKey }), { concurrency: "unbounded" })
          assert.strictEqual(new Set(receipts).size, 20)
          assert.deepStrictEqual(receipts.slice(20, 40), receipts.slice(0, 20))
        }).pipe(Effect.provide(layer)))

      it.live("fails for another change with the same key, and keeps the keys of customers apart", () =>
        Effect.gen(function*() {
          const delivery = yield* CustomerDelivery
          const options = { idempotencyKey: "order-1" }
          const first = yield* delivery.enqueue({ customerId: "1", change: { vip: 2 } }, options)
          const conflict = yield* Effect.flip(delivery.enqueue({ customerId: "1", change: { vip: 3 } }, options))
          assert.deepInclude(conflict, { _tag: "IdempotencyConflict", receipt: first })
          const other = yield* delivery.enqueue({ customerId: "2", change: { vip: 3 } }, options)
          assert.notStrictEqual(other, first)
          assert.strictEqual((yield* delivery.await(other))._tag, "Delivered")
        }).pipe(Effect.provide(layer)))
    })

    // SQLite has one connection, so transactions cannot overlap
    it.live.skipIf(name === "SQLite")(
      "accepts no change of a customer while a transaction that accepted one is open",
      () =>
        Effect.gen(function*() {
          const sql = yield* SqlClient.SqlClient
          const delivery = yield* CustomerDelivery
          // a change that waits for its next attempt
          yield* failNext(new TrustlyServerError({ operation: "update", status: 503 }))
          const first = yield* delivery.enqueue({ customerId: "1", change: { vip: 1 } })
          yield* Effect.repeat(delivery.status(first), { until: ({ attempts }) => attempts > 0 })
          const latch = yield* Deferred.make<void>()
          let isAccepted = false
          const later = yield* Effect.fork(Effect.gen(function*() {
            yield* Deferred.await(latch)
            yield* delivery.enqueue({ customerId: "1", change: { vip: 3 } })
            isAccepted = true
          }))
          yield* sql.withTransaction(Effect.gen(function*() {
            yield* delivery.enqueue({ customerId: "1", change: { vip: 2 } })
            yield* Deferred.succeed(latch, undefined)
            yield* Effect.repeat(sql`SELECT pid FROM pg_locks WHERE NOT granted`, {
              until: (waiting) => waiting.length > 0 || isAccepted
            })
            assert.isFalse(isAccepted)
          }))
          yield* Fiber.join(later)
          assert.strictEqual((yield* delivery.counts).queued, 3)
        }).pipe(Effect.provide(layerOn(database, { baseDelay: "1 minute", maxDelay: "1 minute" })))
    )

    describe("dead letters that were retried and refused again", () => {
      it.live("are still superseded by the changes that were accepted after them", () =>
        Effect.gen(function*() {
          const delivery = yield* CustomerDelivery
          const older = yield* createDeadLetter("1", 1)
          const newer = yield* createDeadLetter("1", 2)
          yield* retryInVain(older)
          assert.strictEqual((yield* Effect.flip(delivery.retry(older)))._tag, "Superseded")
          yield* delivery.retry(newer)
          assert.strictEqual((yield* delivery.await(newer))._tag, "Delivered")
        }).pipe(Effect.provide(layer)))

      it.live("keep their place in the list of dead letters", () =>
        Effect.gen(function*() {
          const delivery = yield* CustomerDelivery
          const first = yield* createDeadLetter("1", 1)
          const second = yield* createDeadLetter("2", 1)
          yield* retryInVain(first)
          const receiptsOf = (options?: { readonly after: Receipt }) =>
            Effect.map(Stream.runCollect(delivery.failed(options)), (page) => [...page].map(({ receipt }) => receipt))
          assert.deepStrictEqual(yield* receiptsOf(), [first, second])
          assert.deepStrictEqual(yield* receiptsOf({ after: first }), [second])
        }).pipe(Effect.provide(layer)))
    })

    it.live("returns the first receipt for a repeated idempotency key when the backlog is full", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const enqueue = Effect.flatMap(
          CustomerDelivery,
          (delivery) => delivery.enqueue({ customerId: "1", change: { vip: 2 } }, { idempotencyKey: "order-1" })
        )
        const first = yield* enqueue
        yield* Effect.flatMap(CustomerDelivery, (delivery) => delivery.await(first))
        yield* sql`UPDATE trustly_delivery_changes SET state = 'Queued'`
        const full = Layer.fresh(CustomerDelivery.layerProducer({ keys, maxBacklog: 1 }))
        assert.strictEqual(yield* Effect.provide(enqueue, full), first)
      }).pipe(Effect.provide(layer)))

    it.live("moves a change to dead letters when its payload was copied from another customer and does not decrypt", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const delivery = yield* CustomerDelivery
        // one transaction, so that no change is delivered before the rows are edited
        const receipt = yield* sql.withTransaction(Effect.gen(function*() {
          const first = yield* delivery.enqueue({ customerId: "1", change: { vip: 1 } })
          yield* delivery.enqueue({ customerId: "2", change: { vip: 2 } })
          yield* sql`UPDATE trustly_delivery_changes SET payload = (
        SELECT payload FROM trustly_delivery_changes WHERE customer_id = '2'
      ) WHERE customer_id = '1'`
          return first
        }))
        const ended = yield* delivery.await(receipt)
        assert.strictEqual(ended._tag === "Failed" && ended.error._tag, "PayloadUnreadable")
        const { calls } = yield* CustomersMemory
        assert.isFalse((yield* calls).some(({ customerId }) => customerId === "1"))
      }).pipe(Effect.provide(layer)))

    it.live("does not decrypt a payload of another change, nor one whose row was moved to another customer", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const delivery = yield* CustomerDelivery
        const receipts = yield* sql.withTransaction(Effect.gen(function*() {
          const first = yield* delivery.enqueue({ customerId: "1", change: { vip: 1 } })
          const second = yield* delivery.enqueue({ customerId: "1", change: { vip: 2 } })
          const moved = yield* delivery.enqueue({ customerId: "unknown", change: { vip: 3 } })
          yield* sql`UPDATE trustly_delivery_changes SET payload = (
            SELECT payload FROM trustly_delivery_changes WHERE receipt = ${second}
          ) WHERE receipt = ${first}`
          yield* sql`UPDATE trustly_delivery_changes SET customer_id = '2' WHERE receipt = ${moved}`
          yield* sql`UPDATE trustly_delivery_customers SET customer_id = '2' WHERE customer_id = 'unknown'`
          return [first, moved]
        }))
        for (const receipt of receipts) {
          const ended = yield* delivery.await(receipt)
          assert.deepInclude(ended._tag === "Failed" && ended.error, { _tag: "PayloadUnreadable", reason: "Decrypt" })
        }
      }).pipe(Effect.provide(layer)))

    it.live("moves a change to dead letters when its payload decrypts but is not a change of this customer", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const delivery = yield* CustomerDelivery
        const keyring = yield* Keyring.make(keys)
        for (
          const text of ["{", "{}", `{"customerId":"1","change":{"email":""}}`, `{"customerId":"2","change":{"vip":1}}`]
        ) {
          const receipt = yield* sql.withTransaction(Effect.gen(function*() {
            const accepted = yield* delivery.enqueue({ customerId: "1", change: { vip: 1 } })
            const { payload } = keyring.encrypt({ receipt: accepted, customerId: "1" }, text)
            yield* sql`UPDATE trustly_delivery_changes SET payload = ${payload} WHERE receipt = ${accepted}`
            return accepted
          }))
          const ended = yield* delivery.await(receipt)
          assert.deepInclude(
            ended._tag === "Failed" && ended.error,
            { _tag: "PayloadUnreadable", reason: "Decode" },
            text
          )
        }
        assert.strictEqual((yield* (yield* CustomersMemory).calls).length, 0)
      }).pipe(Effect.provide(layer)))

    it.live("moves a change that kept failing for giveUpAfter to dead letters", () =>
      Effect.gen(function*() {
        const delivery = yield* CustomerDelivery
        const error = new TrustlyServerError({ operation: "update", status: 503 })
        yield* Effect.forEach([error, error, error], failNext)
        const ended = yield* delivery.await(yield* delivery.enqueue({ customerId: "1", change: { vip: 1 } }))
        assert.strictEqual(ended._tag === "Failed" && ended.error._tag, "TrustlyServerError")
        // not after the first attempt, because it has not failed for long enough
        assert.strictEqual(ended.attempts, 2)
      }).pipe(Effect.provide(layerOn(database, { giveUpAfter: "1 millis", baseDelay: "2 millis" }))))

    it.live("delivers a dead letter after the newer changes of its customer when its retry is forced", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const delivery = yield* CustomerDelivery
        const { calls } = yield* CustomersMemory
        yield* failNext(new TrustlyRejectedError({ operation: "update" }))
        const deadLetter = yield* delivery.enqueue({ customerId: "1", change: { vip: 1 } })
        yield* delivery.await(deadLetter)
        // one transaction, so that the newer change is still queued when the dead letter is queued again
        yield* sql.withTransaction(Effect.gen(function*() {
          yield* delivery.enqueue({ customerId: "1", change: { vip: 2 } })
          assert.strictEqual((yield* Effect.flip(delivery.retry(deadLetter)))._tag, "Superseded")
          yield* delivery.retry(deadLetter, { evenIfSuperseded: true })
        }))
        assert.strictEqual((yield* delivery.await(deadLetter))._tag, "Delivered")
        assert.deepStrictEqual((yield* calls).map(({ input }) => input?.vip), [undefined, 2, 1])
      }).pipe(Effect.provide(layer)))

    it.live("reduces an error of the driver to its reason and code, without the statement and its values", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const delivery = yield* CustomerDelivery
        yield* sql`ALTER TABLE trustly_delivery_changes RENAME TO sentinel_table`
        const change = { customerId: "sentinel-7", change: { name: "sentinel-name" } }
        for (const enqueue of [delivery.enqueue(change), sql.withTransaction(delivery.enqueue(change))]) {
          const error = yield* Effect.flip(enqueue)
          assert.strictEqual(error._tag, "StorageError")
          assert.deepStrictEqual(Object.fromEntries(Object.entries(error)), {
            _tag: "StorageError",
            reason: "Other",
            code: name === "SQLite" ? "SQLITE_ERROR" : "42P01"
          })
          assert.notInclude(inspect(error, { depth: 9, showHidden: true }), "sentinel")
        }
      }).pipe(Effect.provide(layer)))

    it.live("erases the payload of a delivered change and of a discarded dead letter", () =>
      Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        const delivery = yield* CustomerDelivery
        yield* delivery.await(yield* delivery.enqueue({ customerId: "1", change: { vip: 1 } }))
        const deadLetter = yield* createDeadLetter("2", 1)
        const rowsWithPayload = sql`SELECT receipt FROM trustly_delivery_changes WHERE payload IS NOT NULL`
        assert.deepStrictEqual((yield* rowsWithPayload).map((row) => ({ ...row })), [{ receipt: deadLetter }])
        yield* delivery.discard(deadLetter)
        assert.strictEqual((yield* rowsWithPayload).length, 0)
        const customerRows = yield* sql`SELECT * FROM trustly_delivery_customers`
        assert.strictEqual(customerRows.length, 0)
      }).pipe(Effect.provide(layer)))
  })
}

describe.skipIf(!Pg.isInstalled)("on Postgres, beside other transactions", () => {
  const layer = Layer.fresh(layerOn(onPostgres))

  it.live("fails with StorageError when another transaction keeps the customer's row locked", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const delivery = yield* CustomerDelivery
      const deadLetter = yield* createDeadLetter("1", 1)
      const lockTimeoutOfCaller = yield* Deferred.make<unknown>()
      const lock = delivery.enqueue({ customerId: "1", change: { vip: 3 } }).pipe(
        Effect.zipRight(sql`SELECT current_setting('lock_timeout') AS value`),
        Effect.flatMap(([row]) => Deferred.succeed(lockTimeoutOfCaller, row?.["value"]))
      )
      const errors = yield* whileLocked(
        lock,
        Effect.all([
          Effect.flip(delivery.enqueue({ customerId: "1", change: { vip: 2 } })),
          Effect.flip(delivery.retry(deadLetter))
        ], { concurrency: "unbounded" })
      )
      for (const error of errors) assert.deepInclude(error, { _tag: "StorageError", reason: "Unavailable" })
      assert.strictEqual(yield* Deferred.await(lockTimeoutOfCaller), "0")
      yield* delivery.await(yield* delivery.enqueue({ customerId: "1", change: { vip: 4 } }))
    }).pipe(Effect.provide(layer)))

  it.live("does not wait forever to postpone a customer whose row is locked", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const outbox = yield* SqlOutbox.make
      yield* sql`INSERT INTO trustly_delivery_customers (customer_id, lane, due_at) VALUES ('1', 0, 9000000000000)`
      const error = yield* whileLocked(
        sql`SELECT 1 FROM trustly_delivery_customers FOR UPDATE`,
        Effect.flip(outbox.postpone("1", 0))
      )
      assert.deepInclude(error, { _tag: "StorageError", reason: "Unavailable" })
    }).pipe(Effect.scoped, Effect.provide(layer)))

  it.live("retries a dead letter once when two calls retry it at the same time", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const delivery = yield* CustomerDelivery
      const deadLetter = yield* createDeadLetter("1", 1)
      yield* createDeadLetter("1", 2)
      // the customer is not due, so the change that is retried stays queued
      yield* sql`INSERT INTO trustly_delivery_customers (customer_id, lane, due_at) VALUES ('1', 0, 9000000000000)`
      const retries = yield* whileLocked(
        sql`SELECT 1 FROM trustly_delivery_customers WHERE customer_id = '1' FOR UPDATE`,
        Effect.gen(function*() {
          const first = yield* Effect.fork(delivery.retry(deadLetter, { evenIfSuperseded: true }))
          yield* untilWaiting(1)
          const second = yield* Effect.fork(Effect.flip(delivery.retry(deadLetter)))
          yield* untilWaiting(2)
          return { first, second }
        })
      )
      yield* Fiber.join(retries.first)
      assert.strictEqual((yield* Fiber.join(retries.second))._tag, "ReceiptNotFound")
    }).pipe(Effect.provide(layer)))

  it.live("fails with StorageError Unavailable when the connection breaks during a statement", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      const enqueue = delivery.enqueue({ customerId: "1", change: { vip: 1 } })
      const isLocked = yield* Deferred.make<void>()
      const sql = yield* SqlClient.SqlClient
      yield* Effect.fork(sql.withTransaction(
        Effect.zipRight(enqueue, Effect.zipRight(Deferred.succeed(isLocked, undefined), Effect.never))
      ))
      yield* Deferred.await(isLocked)
      const failing = yield* Effect.fork(Effect.flip(enqueue))
      yield* untilWaiting(1)
      postgres?.pause()
      const error = yield* Effect.ensuring(Fiber.join(failing), Effect.sync(() => postgres?.resume()))
      assert.deepInclude(error, { _tag: "StorageError", reason: "Unavailable" })
    }).pipe(Effect.provide(layer)))

  it.live("stores a change when the earlier one with its idempotency key is pruned while it is being accepted", () =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const delivery = yield* CustomerDelivery
      const enqueue = delivery.enqueue({ customerId: "1", change: { vip: 1 } }, { idempotencyKey: "order-1" })
      const first = yield* enqueue
      yield* delivery.await(first)
      // prunes after the INSERT has found the earlier change
      yield* sql`
        CREATE FUNCTION prune() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN DELETE FROM trustly_delivery_changes WHERE state = 'Delivered'; RETURN NULL; END $$`
      yield* sql`
        CREATE TRIGGER prune AFTER INSERT ON trustly_delivery_changes FOR EACH STATEMENT EXECUTE FUNCTION prune()`
      const second = yield* enqueue
      assert.notStrictEqual(second, first)
      assert.strictEqual((yield* Effect.either(delivery.status(second)))._tag, "Right")
    }).pipe(Effect.provide(layer)))
})

it.live("prunes changes that ended longer ago than the retention, but keeps changes that supersede a dead letter", () =>
  Effect.gen(function*() {
    const [deadLetter, newer, other] = yield* Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      const sql = yield* SqlClient.SqlClient
      const first = yield* createDeadLetter("1", 1)
      const second = yield* delivery.enqueue({ customerId: "1", change: { vip: 2 } })
      const third = yield* delivery.enqueue({ customerId: "2", change: { vip: 2 } })
      yield* Effect.forEach([second, third], delivery.await)
      yield* retryInVain(first)
      yield* sql`UPDATE trustly_delivery_changes SET ended_at = ended_at - 7200000`
      return [first, second, third] as const
    }).pipe(Effect.provide(deliveryLayer))

    yield* Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      yield* Effect.repeat(Effect.zipLeft(Effect.either(delivery.status(other)), Effect.sleep("20 millis")), {
        until: (status) => status._tag === "Left" && status.left._tag === "ReceiptNotFound"
      })
      assert.strictEqual((yield* delivery.status(newer))._tag, "Delivered")
      assert.strictEqual((yield* Effect.flip(delivery.retry(deadLetter)))._tag, "Superseded")
    }).pipe(Effect.provide(deliveryLayer))
  }).pipe(Effect.provide(Layer.merge(sqlite, trustly))))

it.live("accepts changes again after a COMMIT failed, which leaves SQLite in its transaction", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const delivery = yield* CustomerDelivery
    // a constraint that is checked at COMMIT fails it as a full disk does
    yield* sql`CREATE TABLE parents (id INTEGER PRIMARY KEY)`
    yield* sql`CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)`
    yield* sql`CREATE TRIGGER orphan AFTER INSERT ON trustly_delivery_changes BEGIN INSERT INTO children VALUES (1); END`
    const error = yield* Effect.flip(delivery.enqueue({ customerId: "1", change: { vip: 1 } }))
    assert.deepInclude(error, { _tag: "StorageError", code: "SQLITE_CONSTRAINT_FOREIGNKEY" })
    yield* sql`DROP TRIGGER orphan`
    const receipt = yield* delivery.enqueue({ customerId: "1", change: { vip: 2 } })
    assert.strictEqual((yield* delivery.await(receipt))._tag, "Delivered")
    assert.strictEqual((yield* (yield* CustomersMemory).calls).length, 1)
  }).pipe(Effect.provide(layerOn(sqlite))))

it.live("sends no change whose transaction failed to COMMIT, which leaves SQLite in it", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const delivery = yield* CustomerDelivery
    yield* sql`CREATE TABLE parents (id INTEGER PRIMARY KEY)`
    yield* sql`CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)`
    const orphan = sql.withTransaction(Effect.zipLeft(
      delivery.enqueue({ customerId: "1", change: { vip: 1 } }),
      sql`INSERT INTO children VALUES (1)`
    ))
    assert(Exit.isFailure(yield* Effect.exit(orphan)))
    yield* Effect.sleep("1 second")
    const receipt = yield* delivery.enqueue({ customerId: "2", change: { vip: 2 } }).pipe(Effect.retry({ times: 1 }))
    yield* delivery.await(receipt)
    const { calls } = yield* CustomersMemory
    assert.deepStrictEqual((yield* calls).map(({ customerId }) => customerId), ["2"])
  }).pipe(Effect.provide(layerOn(sqlite))))

it.live("recognizes a change under its idempotency key after the encryption key was rotated", () =>
  Effect.gen(function*() {
    const options = { idempotencyKey: "order-1" }
    const enqueue = (vip: number) =>
      Effect.flatMap(CustomerDelivery, (delivery) => delivery.enqueue({ customerId: "1", change: { vip } }, options))
    const first = yield* Effect.provide(enqueue(1), CustomerDelivery.layerProducer({ keys }))
    const newKey = Redacted.make(randomBytes(32).toString("base64"))
    const rotated = CustomerDelivery.layerProducer({ keys: [newKey, ...keys] })
    assert.strictEqual(yield* Effect.provide(enqueue(1), rotated), first)
    assert.strictEqual((yield* Effect.flip(Effect.provide(enqueue(2), rotated)))._tag, "IdempotencyConflict")
  }).pipe(Effect.provide(sqlite)))

const storageErrorOf = (cause: object) => Effect.flip(orStorageError(Effect.fail(cause)))

it.effect("keeps no code that could be a value, and finds one in a nested cause", () =>
  Effect.gen(function*() {
    for (const code of ["sentinel", "INSERT INTO X", "A".repeat(41), 7]) {
      const error = yield* storageErrorOf(Object.assign(new Error("sentinel"), { code }))
      assert.strictEqual(error.reason, "Other")
      assert.isUndefined(error.code)
    }
    const full = yield* storageErrorOf({ cause: { cause: { code: "SQLITE_FULL" } } })
    assert.deepInclude(full, { reason: "Full", code: "SQLITE_FULL" })
  }))

it.live("keeps a change queued when another process encrypted it with a key that this process does not have", () =>
  Effect.gen(function*() {
    const delivery = yield* CustomerDelivery
    const newKey = Redacted.make(randomBytes(32).toString("base64"))
    const producer = Layer.fresh(CustomerDelivery.layerProducer({ keys: [newKey, ...keys] }))
    const receipt = yield* Effect.provide(
      Effect.flatMap(CustomerDelivery, (producing) => producing.enqueue({ customerId: "1", change: { vip: 1 } })),
      producer
    )
    const status = yield* Effect.repeat(Effect.zipRight(Effect.sleep("20 millis"), delivery.status(receipt)), {
      until: ({ attempts }) => attempts > 1
    })
    assert.strictEqual(status._tag, "Queued")
    assert.deepInclude(status.error, { _tag: "PayloadUnreadable", reason: "KeyMissing" })
  }).pipe(Effect.provide(layerOn(sqlite))))

it.live("stores no trace whose ids are not hexadecimal, such as those of a client's b3 header", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const delivery = yield* CustomerDelivery
    const parent = Tracer.externalSpan({ traceId: "sentinel@example.com", spanId: "1" })
    const receipt = yield* delivery.enqueue({ customerId: "1", change: { vip: 1 } }).pipe(
      Effect.withSpan("request", { parent })
    )
    const [row] = yield* sql`SELECT trace FROM trustly_delivery_changes`
    assert.isNull(row?.["trace"])
    assert.strictEqual((yield* delivery.await(receipt))._tag, "Delivered")
  }).pipe(Effect.provide(layerOn(sqlite))))

it.live("continues the trace of enqueue, and keeps customer ids out of spans and metrics", () =>
  Effect.gen(function*() {
    const spans: Array<Tracer.Span> = []
    const native = yield* Effect.tracer
    const collecting = Tracer.make({
      span: (...args) => {
        const span = native.span(...args)
        spans.push(span)
        return span
      },
      context: (f, fiber) => native.context(f, fiber)
    })
    const program = Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      yield* Effect.flatMap(
        CustomersMemory,
        (memory) => memory.failNext(new TrustlyNotFoundError({ operation: "update", customerId: "sentinel-7" }))
      )
      const receipt = yield* delivery.enqueue({ customerId: "sentinel-7", change: { vip: 1 } }).pipe(
        Effect.withSpan("request")
      )
      yield* delivery.await(receipt)
    })
    yield* program.pipe(Effect.provide(layerOn(sqlite)), Effect.withTracer(collecting))
    const request = spans.find(({ name }) => name === "request")
    const deliver = spans.find(({ name }) => name === "CustomerDelivery.deliver")
    assert.strictEqual(deliver?.traceId, request?.traceId)
    assert.strictEqual(deliver?.attributes.get("error.type"), "TrustlyNotFoundError")
    const deliverySpans = spans.filter(({ name }) => name.startsWith("CustomerDelivery"))
    const printed = inspect(
      deliverySpans.map(({ attributes, name, status }) => [
        name,
        [...attributes],
        status._tag === "Ended" && Exit.isFailure(status.exit) ? Cause.pretty(status.exit.cause) : "no error"
      ]),
      { depth: 9 }
    )
    assert.notInclude(printed, "sentinel-7")

    const metrics = (yield* Metric.snapshot).filter(({ metricKey }) => metricKey.name.startsWith("trustly_delivery"))
    const names = new Set(metrics.map(({ metricKey }) => metricKey.name))
    for (const name of ["backlog", "dead_letters", "oldest_seconds", "paused", "accepted", "delivered", "failed"]) {
      assert.isTrue(names.has(`trustly_delivery_${name}`), name)
    }
    assert.notInclude(inspect(metrics, { depth: 9 }), "sentinel-7")
  }))
