import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/** A change that the page shows immediately. */
interface Event {
  readonly name: "request" | "customer" | "faults" | "reset"
  readonly data: unknown
}

export interface Events {
  readonly publish: (event: Event) => Effect.Effect<void>
  /**
   * All later events as the bytes of an event stream. `drop` closes the connection of a listener that falls too far behind: it
   * reconnects and reads the whole state again, because it cannot catch up on events that were discarded.
   */
  readonly listen: (drop: Effect.Effect<void>) => Effect.Effect<Stream.Stream<Uint8Array>, never, Scope.Scope>
}

interface Listener {
  readonly queue: Queue.Queue<Uint8Array>
  readonly drop: Effect.Effect<void>
  waiting: number
}

/** Most bytes that wait for a listener that does not read. */
const capacity = 16 * 1024 * 1024

const encoder = new TextEncoder()
const encode = ({ data, name }: Event): Uint8Array =>
  encoder.encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)

const greeting = encoder.encode(": listening\n\n")
// keeps proxies from closing an idle connection
const heartbeat = encoder.encode(": still here\n\n")

export const make: Effect.Effect<Events, never, Scope.Scope> = Effect.gen(function*() {
  const listeners = new Set<Listener>()

  const offer = (listener: Listener, bytes: Uint8Array): Effect.Effect<unknown> => {
    listener.waiting += bytes.byteLength
    if (listener.waiting <= capacity) return Queue.offer(listener.queue, bytes)
    listeners.delete(listener)
    return Effect.zipRight(Queue.shutdown(listener.queue), listener.drop)
  }

  const send = (bytes: Uint8Array): Effect.Effect<void> =>
    Effect.forEach(listeners, (listener) => offer(listener, bytes), { discard: true })

  const join = (drop: Effect.Effect<void>) =>
    Effect.acquireRelease(
      Effect.gen(function*() {
        const listener: Listener = { queue: yield* Queue.unbounded<Uint8Array>(), drop, waiting: 0 }
        listeners.add(listener)
        yield* offer(listener, greeting)
        return listener
      }),
      (listener) => Effect.zipRight(Effect.sync(() => listeners.delete(listener)), Queue.shutdown(listener.queue))
    )

  yield* Effect.forkScoped(
    Effect.schedule(Effect.suspend(() => send(heartbeat)), Schedule.spaced(Duration.seconds(15)))
  )

  return {
    publish: (event) => Effect.suspend(() => listeners.size === 0 ? Effect.void : send(encode(event))),
    listen: (drop) =>
      Effect.map(join(drop), (listener) =>
        Stream.mapChunks(Stream.fromQueue(listener.queue), (chunk) => {
          for (const bytes of chunk) listener.waiting -= bytes.byteLength
          return chunk
        }))
  }
})
