/** The most recent requests, with their messages and the fields that they changed. */
import * as Effect from "effect/Effect"
import * as Hash from "effect/Hash"
import * as Num from "effect/Number"
import type { RequestDetail, RequestLog } from "../RequestLog.ts"
import type { Events } from "./events.ts"

type Arrival = Omit<RequestLog, "id" | "attempt" | "call">
type Messages = Omit<RequestDetail, keyof RequestLog>

interface Change {
  readonly log?: Pick<Partial<RequestLog>, "status" | "millis" | "applied">
  readonly messages?: Partial<Messages>
}

export interface RequestStore {
  readonly all: Effect.Effect<ReadonlyArray<RequestLog>>
  readonly detail: (id: number) => Effect.Effect<RequestDetail | undefined>
  readonly clear: Effect.Effect<void>
  /** Records a request with this body and returns its id. */
  readonly add: (arrival: Arrival, messages: Messages, body: string) => Effect.Effect<number>
  readonly update: (id: number, change: Change) => Effect.Effect<void>
}

// both are bounded, because a sandbox may run for days
const maxRequests = 2000
const maxCharacters = 16 * 1024 * 1024

/** Longest pause between the read and the write of one `modify`, in milliseconds. */
const maxPause = 10_000

const retryableStatuses: ReadonlySet<number> = new Set([408, 425, 429])

const isRetryable = ({ fault, millis, status }: RequestLog): boolean =>
  millis !== undefined &&
  (status === undefined || status >= 500 || retryableStatuses.has(status) ||
    (fault !== undefined && fault._tag !== "Delay"))

/** A request as JSON text: a body of many small objects takes 20 times as much memory when it is parsed. */
interface Entry {
  readonly key: string
  readonly customerId: string | undefined
  readonly log: string
  /** One text for each time that something became known. */
  readonly messages: ReadonlyArray<string>
}

const lengthOf = ({ key, log, messages }: Entry): number =>
  Num.sumAll([key, log, ...messages].map(({ length }) => length))

// the texts of an entry are only ever written from these types
const parseLog = ({ log }: Entry): RequestLog => JSON.parse(log)
const parseMessages = ({ messages }: Entry): Messages => Object.assign({}, ...messages.map((text) => JSON.parse(text)))

/** Whether a request continues the `modify` of which `previous` is the latest request for the same customer. */
const continuesModify = (arrival: Arrival, previous: RequestLog): boolean => {
  const end = previous.at + (previous.millis ?? Number.POSITIVE_INFINITY)
  return arrival.operation === "update"
    ? previous.operation === "get" && previous.status === 200 && arrival.at - end <= maxPause
    : arrival.operation === "get" && previous.operation === "update" && previous.call !== previous.id &&
      isRetryable(previous)
}

export const make = (events: Events): RequestStore => {
  const entries = new Map<number, Entry>()
  /** Id of the latest request with the same method, path, customer, and body. */
  const latestByKey = new Map<string, number>()
  const latestByCustomer = new Map<string, number>()
  let lastId = 0
  let length = 0

  const removeOldest = (): void => {
    for (const [id, entry] of entries) {
      if (entries.size <= maxRequests && length <= maxCharacters) return
      const { customerId = "", key } = entry
      entries.delete(id)
      length -= lengthOf(entry)
      if (latestByKey.get(key) === id) latestByKey.delete(key)
      if (latestByCustomer.get(customerId) === id) latestByCustomer.delete(customerId)
    }
  }

  const save = (key: string, log: RequestLog, messages: ReadonlyArray<string>): Effect.Effect<void> => {
    const previous = entries.get(log.id)
    const { customerId } = log
    const entry = { key, customerId, log: JSON.stringify(log), messages }
    entries.set(log.id, entry)
    length += lengthOf(entry) - (previous === undefined ? 0 : lengthOf(previous))
    removeOldest()
    return events.publish({ name: "request", data: log })
  }

  const logOf = (ids: Map<string, number>, key: string): RequestLog | undefined => {
    const entry = entries.get(ids.get(key) ?? 0)
    return entry === undefined ? undefined : parseLog(entry)
  }

  const numbered = (arrival: Arrival, key: string): RequestLog => {
    const id = ++lastId
    const same = logOf(latestByKey, key)
    if (same !== undefined && isRetryable(same)) return { ...arrival, id, call: same.call, attempt: same.attempt + 1 }
    const previous = arrival.customerId === undefined ? undefined : logOf(latestByCustomer, arrival.customerId)
    const call = previous !== undefined && continuesModify(arrival, previous) ? previous.call : id
    return { ...arrival, id, call, attempt: 1 }
  }

  return {
    all: Effect.sync(() => Array.from(entries.values(), parseLog)),
    detail: (id) =>
      Effect.sync(() => {
        const entry = entries.get(id)
        return entry === undefined ? undefined : { ...parseLog(entry), ...parseMessages(entry) }
      }),
    clear: Effect.sync(() => {
      entries.clear()
      latestByKey.clear()
      latestByCustomer.clear()
      length = 0
    }),
    add: (arrival, messages, body) =>
      Effect.suspend(() => {
        // a hash, because keeping every body would take too much memory
        const key = [arrival.method, arrival.path, arrival.customerId, Hash.string(body)].join(" ")
        const log = numbered(arrival, key)
        latestByKey.set(key, log.id)
        if (arrival.customerId !== undefined) latestByCustomer.set(arrival.customerId, log.id)
        return Effect.as(save(key, log, [JSON.stringify(messages)]), log.id)
      }),
    update: (id, { log, messages }) =>
      Effect.suspend(() => {
        const entry = entries.get(id)
        if (entry === undefined) return Effect.void
        return save(entry.key, { ...parseLog(entry), ...log }, [
          ...entry.messages,
          ...(messages === undefined ? [] : [JSON.stringify(messages)])
        ])
      })
  }
}
