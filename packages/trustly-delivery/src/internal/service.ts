/** Implements the operations of `CustomerDelivery` on an outbox. */
import { CustomerBatch, TrustlyValidationError } from "effect-trustly"
import * as Arr from "effect/Array"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { randomUUID } from "node:crypto"
import type { Change, CustomerDelivery } from "../CustomerDelivery.ts"
import type { StorageError } from "../DeliveryError.ts"
import { BacklogFull, IdempotencyConflict, ReceiptNotFound, Superseded } from "../DeliveryError.ts"
import { Receipt } from "../Receipt.ts"
import { fingerprint } from "./keyring.ts"
import { laneOf } from "./lanes.ts"
import * as Metrics from "./metrics.ts"
import type { Existing, Outbox } from "./outbox.ts"
import type { Settings } from "./settings.ts"
import * as Trace from "./trace.ts"

const awaitInterval = Duration.millis(250)
const pageSize = 100

/** The wire JSON of a change. */
const encode = (change: Change) =>
  Either.filterOrLeft(
    CustomerBatch.encode(change),
    (json) => "customerId" in json,
    () => new TrustlyValidationError({ operation: "modify", issues: [{ path: "customerId", problem: "missing" }] })
  )

/** Sorts the keys of objects, so that a change has the same digest in whatever order its fields were given. */
const stringifySorted = (json: unknown): string =>
  JSON.stringify(json, (_, value: unknown) =>
    Predicate.isRecord(value)
      ? Object.fromEntries(Arr.sortWith(Object.entries(value), ([key]) => key, Order.string))
      : value)

const isReceipt = Schema.is(Schema.UUID)

/** Rejects strings that are not UUIDs before they reach Postgres, which fails with a `StorageError` for some of them. */
const checkReceipt = (receipt: Receipt): Effect.Effect<void, ReceiptNotFound> =>
  isReceipt(receipt) ? Effect.void : Effect.fail(new ReceiptNotFound({ receipt }))

export const make = ({ backlog, outbox, settings, wake }: {
  readonly outbox: Outbox
  readonly settings: Settings
  /** The number of queued changes, at most 1 s old. */
  readonly backlog: Effect.Effect<number, StorageError>
  /** Wakes the sender of this process, if there is one. */
  readonly wake: Effect.Effect<void>
}): CustomerDelivery.Service => {
  const { keyring, maxBacklog } = settings

  const receiptOfExisting = (existing: Existing, json: unknown): Effect.Effect<Receipt, IdempotencyConflict> =>
    keyring.matches(existing.keyId, existing.digest, stringifySorted(json))
      ? Effect.succeed(existing.receipt)
      : Effect.fail(new IdempotencyConflict({ receipt: existing.receipt }))

  const find = (receipt: Receipt) =>
    Effect.zipRight(
      checkReceipt(receipt),
      Effect.flatMap(
        outbox.find(receipt),
        Option.match({ onNone: () => Effect.fail(new ReceiptNotFound({ receipt })), onSome: Effect.succeed })
      )
    )

  const status = Effect.fn("CustomerDelivery.status")((receipt: Receipt) =>
    Effect.map(find(receipt), (stored) => stored.status)
  )

  return {
    enqueue: Effect.fn("CustomerDelivery.enqueue")(function*(change, options) {
      const json = yield* encode(change)
      const { customerId } = change
      const idempotencyKey = options?.idempotencyKey === undefined ? null : fingerprint(options.idempotencyKey)
      if ((yield* backlog) >= maxBacklog) {
        const accepted = idempotencyKey === null
          ? Option.none()
          : yield* outbox.findByKey(customerId, idempotencyKey)
        return Option.isSome(accepted)
          ? yield* receiptOfExisting(accepted.value, json)
          : yield* new BacklogFull({ maxBacklog })
      }
      const receipt = Receipt.make(randomUUID())
      const existing = yield* outbox.accept({
        ...keyring.encrypt({ receipt, customerId }, JSON.stringify(json)),
        receipt,
        customerId,
        lane: laneOf(customerId),
        idempotencyKey,
        digest: idempotencyKey === null ? null : keyring.digest(stringifySorted(json)),
        trace: yield* Trace.current,
        acceptedAt: yield* Clock.currentTimeMillis
      })
      if (Option.isSome(existing)) return yield* receiptOfExisting(existing.value, json)
      yield* Metric.increment(Metrics.accepted)
      yield* wake
      return receipt
    }),

    status,

    await: Effect.fn("CustomerDelivery.await")(function*(receipt) {
      while (true) {
        const current = yield* status(receipt)
        if (current._tag !== "Queued") return current
        yield* Effect.sleep(awaitInterval)
      }
    }),

    failed: ({ after } = {}) =>
      Stream.unwrap(Effect.gen(function*() {
        const start = after === undefined ? 0 : (yield* find(after)).acceptedSeq
        return Stream.paginateChunkEffect(start, (acceptedSeq) =>
          Effect.map(outbox.failed(acceptedSeq, pageSize), (page) => [
            Chunk.map(Chunk.fromIterable(page), (stored) =>
              stored.status),
            Option.map(Option.fromNullable(page[pageSize - 1]), (last) => last.acceptedSeq)
          ]))
      })),

    retry: Effect.fn("CustomerDelivery.retry")(function*(receipt, options) {
      yield* checkReceipt(receipt)
      const now = yield* Clock.currentTimeMillis
      const evenIfSuperseded = options?.evenIfSuperseded ?? false
      const outcome = yield* outbox.retry({ receipt, evenIfSuperseded, laneOf, now })
      if (outcome === "NotFound") return yield* new ReceiptNotFound({ receipt })
      if (outcome === "Superseded") return yield* new Superseded({ receipt })
      yield* wake
    }),

    discard: Effect.fn("CustomerDelivery.discard")(function*(receipt) {
      yield* checkReceipt(receipt)
      const isDiscarded = yield* outbox.discard(receipt, yield* Clock.currentTimeMillis)
      if (!isDiscarded) return yield* new ReceiptNotFound({ receipt })
    }),

    counts: outbox.counts,

    state: Effect.map(
      outbox.paused,
      Option.match({
        onNone: () => ({ _tag: "Running" as const }),
        onSome: ({ reason, since }) => ({ _tag: "Paused" as const, reason, since: DateTime.unsafeMake(since) })
      })
    )
  }
}
