/** An in-memory outbox for unit tests. */
import * as Arr from "effect/Array"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import type { AttemptError, Status } from "../DeliveryStatus.ts"
import type { Attempt, Existing, Head, NewChange, Pause, Stored } from "./outbox.ts"
import * as Outbox from "./outbox.ts"

interface Row {
  readonly change: NewChange
  readonly acceptedSeq: number
  /** The order of delivery. A retry changes it. */
  seq: number
  state: Status["_tag"]
  attempts: number
  error: AttemptError | undefined
  failingSince: number | undefined
  endedAt: number
}

const storedOf = ({ acceptedSeq, change, ...row }: Row): Stored => ({
  acceptedSeq,
  status: Outbox.statusOf({ ...change, ...row })
})

// changes that are due but cannot be sent yet are polled again after this many milliseconds
const minPollDelay = 200

export const make = (): Outbox.Outbox => {
  const rows: Array<Row> = []
  const customers = new Map<string, { readonly lane: number; readonly dueAt: number }>()
  let lastSeq = 0
  let paused: Pause | undefined

  const rowsBySeq = () => Arr.sortWith(rows, ({ seq }) => seq, Order.number)
  const isQueued = ({ state }: Row): boolean => state === "Queued"
  const hasEnded = ({ state }: Row): boolean => state === "Delivered" || state === "Discarded"
  const isNewer = (row: Row, other: Row): boolean =>
    row.change.customerId === other.change.customerId && row.acceptedSeq > other.acceptedSeq
  const findByReceipt = (receipt: string) => rows.find(({ change }) => change.receipt === receipt)
  const findDeadLetter = (receipt: string) =>
    rows.find(({ change, state }) => change.receipt === receipt && state === "Failed")

  const findByKey = (customerId: string, idempotencyKey: string | null): Option.Option<Existing> =>
    Arr.findFirst(
      rows,
      ({ change }) =>
        idempotencyKey !== null && change.idempotencyKey === idempotencyKey && change.customerId === customerId
    ).pipe(Option.map(({ change }) => ({ receipt: change.receipt, digest: change.digest ?? "", keyId: change.keyId })))

  const headOf = (customerId: string): Head | undefined => {
    const row = rowsBySeq().find((each) => isQueued(each) && each.change.customerId === customerId)
    if (row === undefined) return undefined
    const { attempts, change, failingSince, seq } = row
    return { ...change, trace: change.trace ?? undefined, seq, attempts, failingSince }
  }

  const record = ({ endedAt, head, result, wantsNext }: Attempt): Head | undefined => {
    const row = rows.find((each) => isQueued(each) && each.seq === head.seq)
    if (row !== undefined) {
      row.attempts++
      row.failingSince = result._tag === "Retry" ? result.failingSince : undefined
      row.error = result.error
      if (result._tag !== "Retry") {
        row.state = result._tag
        row.endedAt = endedAt
      }
    }
    const next = headOf(head.customerId)
    if (next === undefined) customers.delete(head.customerId)
    return wantsNext && result._tag !== "Retry" && paused === undefined ? next : undefined
  }

  return {
    accept: (change) =>
      Effect.sync(() => {
        const existing = findByKey(change.customerId, change.idempotencyKey)
        if (Option.isSome(existing)) return existing
        rows.push({
          change,
          acceptedSeq: ++lastSeq,
          seq: lastSeq,
          state: "Queued",
          attempts: 0,
          error: undefined,
          failingSince: undefined,
          endedAt: 0
        })
        if (!customers.has(change.customerId)) {
          customers.set(change.customerId, { lane: change.lane, dueAt: change.acceptedAt })
        }
        return Option.none()
      }),

    findByKey: (customerId, idempotencyKey) => Effect.sync(() => findByKey(customerId, idempotencyKey)),

    due: ({ excludedCustomerIds, isProbe, limit, now }) =>
      Effect.sync(() =>
        Arr.sortWith(customers, ([, { dueAt }]) => dueAt, Order.number)
          .filter(([id, { dueAt }]) =>
            !excludedCustomerIds.includes(id) && (isProbe || (paused === undefined && dueAt <= now))
          )
          .slice(0, limit)
          .flatMap(([id]) => headOf(id) ?? [])
      ),

    record: (attempt) => Effect.sync(() => Option.fromNullable(record(attempt))),

    postpone: (customerId, dueAt) =>
      Effect.sync(() => {
        const customer = customers.get(customerId)
        if (customer === undefined) return
        // moves the customer to the end of the map, behind other customers that are due at the same time
        customers.delete(customerId)
        customers.set(customerId, { ...customer, dueAt })
      }),

    nextPollDelay: (now) =>
      Effect.sync(() => {
        const dueAt = Math.min(...[...customers.values()].map((customer) => customer.dueAt))
        return Math.max(minPollDelay, (paused === undefined ? dueAt : Math.max(dueAt, paused.probeAt)) - now)
      }),

    find: (receipt) => Effect.sync(() => Option.map(Option.fromNullable(findByReceipt(receipt)), storedOf)),

    // `rows` is in the order of acceptance
    failed: (acceptedSeq, limit) =>
      Effect.sync(() =>
        rows.map(storedOf).filter(Outbox.isFailed).filter((stored) => stored.acceptedSeq > acceptedSeq).slice(0, limit)
      ),

    retry: ({ evenIfSuperseded, laneOf, now, receipt }) =>
      Effect.sync(() => {
        const row = findDeadLetter(receipt)
        if (row === undefined) return "NotFound"
        const { customerId } = row.change
        if (rows.some((newer) => isNewer(newer, row)) && !evenIfSuperseded) return "Superseded"
        row.seq = ++lastSeq
        row.state = "Queued"
        row.failingSince = undefined
        if (!customers.has(customerId)) customers.set(customerId, { lane: laneOf(customerId), dueAt: now })
        return "Queued"
      }),

    discard: (receipt, now) =>
      Effect.sync(() => {
        const row = findDeadLetter(receipt)
        if (row === undefined) return false
        row.state = "Discarded"
        row.endedAt = now
        return true
      }),

    counts: Effect.sync(() => {
      const queued = rows.filter(isQueued)
      const oldest = queued.reduce((min, { change }) => Math.min(min, change.acceptedAt), Infinity)
      return {
        queued: queued.length,
        failed: rows.filter(({ state }) => state === "Failed").length,
        ...(queued.length === 0 ? {} : { oldestQueued: DateTime.unsafeMake(oldest) })
      }
    }),

    keyIds: Effect.succeed([]),

    prune: (before) =>
      Effect.sync(() => {
        const [unended, ended] = Arr.partition(rows, hasEnded)
        const prunable = ended.filter((row) => row.endedAt < before && !unended.some((older) => isNewer(row, older)))
        for (const row of prunable) rows.splice(rows.indexOf(row), 1)
        return prunable.length
      }),

    paused: Effect.sync(() => Option.fromNullable(paused)),
    pause: (pause) =>
      Effect.sync(() => {
        paused = paused === undefined ? pause : { ...paused, reason: pause.reason }
      }),
    claimProbe: (now, probeAt) =>
      Effect.sync(() => {
        if (paused === undefined || paused.probeAt > now) return false
        paused = { ...paused, probeAt }
        return true
      }),
    resume: Effect.sync(() => {
      paused = undefined
      for (const row of rows) row.failingSince = undefined
    })
  }
}
