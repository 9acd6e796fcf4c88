/** The SQL outbox itself: what the database does for delivery. */
import { SqlClient, Statement } from "@effect/sql"
import { SqliteClient } from "@effect/sql-sqlite-node"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted, Stream } from "effect"
import { TrustlyRejectedError } from "effect-trustly"
import { CustomersMemory } from "effect-trustly/testing"
import { randomBytes, randomUUID } from "node:crypto"
import { CustomerDelivery, Receipt } from "../src/index.ts"
import type { NewChange } from "../src/internal/outbox.ts"
import * as SqlOutbox from "../src/internal/sqlOutbox.ts"
import { customer } from "./support/customer.ts"

const sqlite = SqliteClient.layer({ filename: ":memory:" })

const change = (customerId: string): NewChange => ({
  receipt: Receipt.make(randomUUID()),
  customerId,
  lane: 0,
  idempotencyKey: null,
  digest: null,
  keyId: "key",
  payload: new Uint8Array(),
  trace: null,
  acceptedAt: 0
})

const keys = [Redacted.make(randomBytes(32).toString("base64"))] as const
const rejected = new TrustlyRejectedError({ operation: "update" })

it.live("finds rows through indexes, so that the cost does not depend on the number of changes", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const statements = new Map<string, ReadonlyArray<unknown>>()
    const workload = Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      const memory = yield* CustomersMemory
      const enqueue = delivery.enqueue({ customerId: "1", change: { vip: 1 } }, { idempotencyKey: "key" })
      yield* memory.failNext(rejected)
      const receipt = yield* enqueue
      assert.strictEqual(yield* enqueue, receipt)
      yield* delivery.await(receipt)
      yield* Stream.runDrain(delivery.failed())
      yield* memory.failNext(rejected)
      yield* delivery.retry(receipt)
      yield* delivery.await(receipt)
      yield* delivery.discard(receipt)
      yield* delivery.await(yield* delivery.enqueue({ customerId: "1", change: { vip: 2 } }))
    })
    yield* workload.pipe(
      Effect.provide(CustomerDelivery.layer({ keys })),
      Statement.withTransformer((statement) =>
        Effect.sync(() => {
          statements.set(...statement.compile())
          return statement
        })
      )
    )
    const plans: Array<string> = []
    for (const [text, values] of statements) {
      if (!/^\s*(?:SELECT|UPDATE|DELETE|INSERT)/.test(text)) continue
      const plan = yield* sql.unsafe<{ readonly detail: string }>(`EXPLAIN QUERY PLAN ${text}`, values)
      for (const { detail } of plan) {
        assert.notMatch(
          detail,
          /^SCAN (?:trustly_delivery_(?:changes|customers)|change|oldest|ended|dead_letter)\b(?! USING)/,
          text
        )
        plans.push(detail)
      }
    }
    const used = [
      /^SEARCH oldest USING .*INDEX trustly_delivery_queued/,
      /INDEX trustly_delivery_failed/,
      /^SEARCH ended USING .*INDEX trustly_delivery_ended/,
      /^SEARCH trustly_delivery_customers USING .*INDEX trustly_delivery_due/
    ]
    for (const index of used) assert.isTrue(plans.some((detail) => index.test(detail)), String(index))
  }).pipe(Effect.provide(Layer.merge(sqlite, CustomersMemory.layer([customer("1")])))))

it.live("reads and prunes no more rows at once than the limit", () =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const outbox = yield* SqlOutbox.make
    for (const customerId of ["1", "2", "3"]) yield* outbox.accept(change(customerId))
    const due = { now: 1, lanes: undefined, limit: 2, excludedCustomerIds: [], isProbe: false }
    assert.strictEqual((yield* outbox.due(due)).length, 2)
    yield* sql`UPDATE trustly_delivery_changes SET state = 'Delivered', ended_at = 1`
    assert.strictEqual(yield* outbox.prune(2, 2), 2)
    assert.strictEqual(yield* outbox.prune(2, 2), 1)
  }).pipe(Effect.scoped, Effect.provide(sqlite)))

it.live("grants a probe to one process at a time", () =>
  Effect.gen(function*() {
    const outbox = yield* SqlOutbox.make
    yield* outbox.pause({ reason: "CredentialsRefused", since: 0, probeAt: 100 })
    assert.isFalse(yield* outbox.claimProbe(99, 200))
    assert.isTrue(yield* outbox.claimProbe(100, 200))
    assert.isFalse(yield* outbox.claimProbe(100, 200))
    yield* outbox.resume
    assert.isFalse(yield* outbox.claimProbe(200, 300))
  }).pipe(Effect.scoped, Effect.provide(sqlite)))

it.live("returns no next change of a customer while delivery is paused", () =>
  Effect.gen(function*() {
    const outbox = yield* SqlOutbox.make
    for (let count = 0; count < 3; count++) yield* outbox.accept(change("1"))
    const deliver = Effect.gen(function*() {
      const [head] = yield* outbox.due({ now: 1, lanes: undefined, limit: 1, excludedCustomerIds: [], isProbe: true })
      if (head === undefined) throw new Error("Expected a change")
      return yield* outbox.record({ head, result: { _tag: "Delivered" }, endedAt: 1, wantsNext: true })
    })
    assert.isTrue(Option.isSome(yield* deliver))
    yield* outbox.pause({ reason: "CredentialsRefused", since: 0, probeAt: 100 })
    assert.isTrue(Option.isNone(yield* deliver))
  }).pipe(Effect.scoped, Effect.provide(sqlite)))
