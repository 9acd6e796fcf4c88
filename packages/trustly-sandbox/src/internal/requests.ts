import * as Effect from "effect/Effect"
import * as Hash from "effect/Hash"
import type { RequestLog } from "../RequestLog.ts"
import type { Events } from "./events.ts"

type Arrival = Omit<RequestLog, "id" | "attempt">
type Change = Pick<Partial<RequestLog>, "status" | "millis" | "applied">

export interface Requests {
  readonly all: Effect.Effect<ReadonlyArray<RequestLog>>
  readonly clear: Effect.Effect<void>
  /** Remembers a request with this body, and gives back its id. */
  readonly arrived: (arrival: Arrival, body: string) => Effect.Effect<number>
  readonly changed: (id: number, change: Change) => Effect.Effect<void>
}

/** So many are remembered, of so many characters sent: what runs for a day must not grow. */
const capacity = 2000
const maxLength = 16 * 1024 * 1024

const mendable: ReadonlySet<number> = new Set([408, 425, 429])

/** Whether the same request once more is a further try of it. */
const callsForRetry = ({ fault, millis, status }: RequestLog): boolean =>
  millis !== undefined &&
  (status === undefined || status >= 500 || mendable.has(status) || (fault !== undefined && fault._tag !== "Delay"))

interface Entry {
  readonly request: RequestLog
  readonly key: string
  readonly length: number
}

export const make = (events: Events): Requests => {
  const entries = new Map<number, Entry>()
  /** The last request of each kind: method, path, customer and body. */
  const latest = new Map<string, number>()
  let lastId = 0
  let length = 0

  const keep = (entry: Entry): Effect.Effect<void> => {
    entries.set(entry.request.id, entry)
    return events.publish({ name: "request", data: entry.request })
  }

  const forgetOldest = (): void => {
    for (const [id, oldest] of entries) {
      if (entries.size <= capacity && length <= maxLength) return
      entries.delete(id)
      length -= oldest.length
      if (latest.get(oldest.key) === id) latest.delete(oldest.key)
    }
  }

  return {
    all: Effect.sync(() => Array.from(entries.values(), ({ request }) => request)),
    clear: Effect.sync(() => {
      entries.clear()
      latest.clear()
      length = 0
    }),
    arrived: (arrival, body) =>
      Effect.suspend(() => {
        const id = ++lastId
        // the body itself would be too much to keep
        const key = [arrival.method, arrival.path, arrival.customerId, Hash.string(body)].join(" ")
        const before = entries.get(latest.get(key) ?? 0)?.request
        const attempt = before !== undefined && callsForRetry(before) ? before.attempt + 1 : 1
        latest.set(key, id)
        const entry = { request: { ...arrival, id, attempt }, key, length: key.length + body.length }
        length += entry.length
        const kept = keep(entry)
        forgetOldest()
        return Effect.as(kept, id)
      }),
    changed: (id, change) =>
      Effect.suspend(() => {
        const entry = entries.get(id)
        return entry === undefined ? Effect.void : keep({ ...entry, request: { ...entry.request, ...change } })
      })
  }
}
