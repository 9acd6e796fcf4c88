import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type { RequestLog } from "../RequestLog.ts"

export type Arrival = Omit<RequestLog, "id" | "attempt">
export type Change = Pick<Partial<RequestLog>, "status" | "millis" | "applied">

export interface Requests {
  readonly all: Effect.Effect<ReadonlyArray<RequestLog>>
  readonly clear: Effect.Effect<void>
  /** Remembers a request with this body, and gives back its id. */
  readonly arrived: (arrival: Arrival, body: string) => Effect.Effect<number>
  readonly changed: (id: number, change: Change) => Effect.Effect<void>
}

/** So many are remembered: what runs for a day must not grow. */
const capacity = 1000

interface Entry {
  readonly request: RequestLog
  /** Tells repeated requests from others; the body itself would be too much to keep. */
  readonly fingerprint: number
}

interface Log {
  readonly entries: ReadonlyArray<Entry>
  readonly lastId: number
}

const mendable: ReadonlySet<number> = new Set([408, 425, 429])

const callsForRetry = ({ millis, status }: RequestLog): boolean =>
  millis !== undefined && (status === undefined || status >= 500 || mendable.has(status))

const attempt = (entries: ReadonlyArray<Entry>, arrival: Arrival, fingerprint: number): number =>
  Array.findLast(
    entries,
    (entry) =>
      entry.fingerprint === fingerprint && entry.request.operation === arrival.operation &&
      entry.request.customerId === arrival.customerId
  ).pipe(
    Option.filter(({ request }) => callsForRetry(request)),
    Option.match({ onNone: () => 1, onSome: ({ request }) => request.attempt + 1 })
  )

export const make: Effect.Effect<Requests> = Effect.map(
  Ref.make<Log>({ entries: [], lastId: 0 }),
  (log): Requests => ({
    all: Effect.map(Ref.get(log), ({ entries }) => entries.map(({ request }) => request)),
    clear: Ref.update(log, ({ lastId }) => ({ entries: [], lastId })),
    arrived: (arrival, body) =>
      Ref.modify(log, ({ entries, lastId }) => {
        const id = lastId + 1
        const fingerprint = Hash.string(body)
        const request = { ...arrival, id, attempt: attempt(entries, arrival, fingerprint) }
        return [id, { entries: [...entries.slice(1 - capacity), { request, fingerprint }], lastId: id }]
      }),
    changed: (id, change) =>
      Ref.update(log, ({ entries, lastId }) => ({
        entries: entries.map((entry) =>
          entry.request.id === id ? { ...entry, request: { ...entry.request, ...change } } : entry
        ),
        lastId
      }))
  })
)
