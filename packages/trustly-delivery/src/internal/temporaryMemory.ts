/** A first, simple memory version, to be replaced by the delivery loop over a memory outbox. */
import { CustomerBatch, CustomerService } from "effect-trustly"
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Change, CustomerDelivery } from "../CustomerDelivery.ts"
import type * as DeliveryConfig from "../DeliveryConfig.ts"
import { IdempotencyConflict, ReceiptNotFound, Superseded, UnexpectedDefect } from "../DeliveryError.ts"
import type { AttemptError, Status } from "../DeliveryStatus.ts"
import { Receipt } from "../Receipt.ts"

interface Row {
  change: Change
  digest: string
  key: string | undefined
  status: Status
}

export const makeMemory = (options: Partial<DeliveryConfig.Options>) =>
  Effect.gen(function*() {
    const customers = yield* CustomerService
    const rows: Array<Row> = []
    const busy = new Set<string>()
    const scope = yield* Effect.scope
    const find = (receipt: Receipt) =>
      Effect.suspend(() => {
        const row = rows.find(({ status }) => status.receipt === receipt)
        return row === undefined ? Effect.fail(new ReceiptNotFound({ receipt })) : Effect.succeed(row)
      })
    const drain: (customerId: string) => Effect.Effect<void> = Effect.fnUntraced(function*(customerId: string) {
      while (true) {
        const row = rows.find(({ status }) => status._tag === "Queued" && status.customerId === customerId)
        if (row === undefined) break
        const { change } = row
        const send: Effect.Effect<unknown, AttemptError> = "update" in change
          ? customers.update(change.customerId, change.update)
          : customers.modify(change.customerId, () => change.change)
        const sent = yield* send.pipe(
          Effect.catchAllCause((cause) => Effect.fail(Cause.failureOrCause(cause))),
          Effect.mapError((e) => Either.isLeft(e) ? e.left : new UnexpectedDefect()),
          Effect.either
        )
        const endedAt = yield* DateTime.now
        const { _tag, ...facts } = row.status
        const attempts = facts.attempts + 1
        if (Either.isRight(sent)) row.status = { ...facts, _tag: "Delivered", attempts, endedAt }
        else if ("isRetryable" in sent.left && sent.left.isRetryable) {
          row.status = { ...facts, _tag: "Queued", attempts, error: sent.left }
          yield* Effect.sleep(options.baseDelay ?? "500 millis")
        } else row.status = { ...facts, _tag: "Failed", attempts, endedAt, error: sent.left }
      }
      busy.delete(customerId)
    })
    const wake = (customerId: string) =>
      Effect.suspend(() => {
        if (busy.has(customerId)) return Effect.void
        busy.add(customerId)
        return Effect.asVoid(Effect.forkIn(drain(customerId), scope))
      })
    const service: CustomerDelivery.Service = {
      enqueue: (change, { idempotencyKey: key } = {}) =>
        Effect.gen(function*() {
          const json = Schema.encodeSync(CustomerBatch.Command)(change)
          const checked = CustomerBatch.decode(json)
          if (Either.isLeft(checked)) return yield* checked.left
          const digest = JSON.stringify(json)
          const known = key === undefined
            ? undefined
            : rows.find((row) => row.key === key && row.change.customerId === change.customerId)
          if (known !== undefined) {
            return known.digest === digest
              ? known.status.receipt
              : yield* new IdempotencyConflict({ receipt: known.status.receipt })
          }
          const receipt = Receipt.make(`receipt-${rows.length + 1}`)
          const acceptedAt = yield* DateTime.now
          const status: Status = { _tag: "Queued", receipt, customerId: change.customerId, acceptedAt, attempts: 0 }
          rows.push({ change, digest, key, status })
          yield* wake(change.customerId)
          return receipt
        }),
      status: (receipt) => Effect.map(find(receipt), ({ status }) => status),
      await: (receipt) =>
        Effect.gen(function*() {
          while (true) {
            const { status } = yield* find(receipt)
            if (status._tag !== "Queued") return status
            yield* Effect.sleep("100 millis")
          }
        }),
      failed: () =>
        Stream.suspend(() =>
          Stream.fromIterable(rows.flatMap(({ status }) => status._tag === "Failed" ? [status] : []))
        ),
      retry: (receipt, { evenIfSuperseded = false } = {}) =>
        Effect.gen(function*() {
          const row = yield* find(receipt)
          if (row.status._tag !== "Failed") return yield* new ReceiptNotFound({ receipt })
          const isNewer = (other: Row) => rows.indexOf(other) > rows.indexOf(row)
          if (
            !evenIfSuperseded &&
            rows.some((other) => other.change.customerId === row.change.customerId && isNewer(other))
          ) {
            return yield* new Superseded({ receipt })
          }
          const { _tag, endedAt, ...facts } = row.status
          row.status = { ...facts, _tag: "Queued" }
          rows.splice(rows.indexOf(row), 1)
          rows.push(row)
          yield* wake(row.change.customerId)
        }),
      discard: (receipt) =>
        Effect.gen(function*() {
          const row = yield* find(receipt)
          if (row.status._tag !== "Failed") return yield* new ReceiptNotFound({ receipt })
          row.status = { ...row.status, _tag: "Discarded" }
        }),
      counts: Effect.sync(() => ({
        queued: rows.filter(({ status }) => status._tag === "Queued").length,
        failed: rows.filter(({ status }) => status._tag === "Failed").length
      })),
      state: Effect.succeed({ _tag: "Running" })
    }
    return service
  })
