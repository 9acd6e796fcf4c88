/** Whether the process is about to end, and which requests it still works on. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** Requests at the same time; more wait. */
const maxRequests = 1024

const make = Effect.gen(function*() {
  const permits = yield* Effect.makeSemaphore(maxRequests)
  let isDraining = false
  return {
    isDraining: Effect.sync(() => isDraining),
    /** Runs a request, for which `start` waits. */
    track: permits.withPermits(1),
    /** From now on the process is draining. Waits for the requests in flight, but not for a client that stopped sending. */
    start: Effect.suspend(() => {
      isDraining = true
      return Effect.timeoutOption(permits.withPermits(maxRequests)(Effect.void), "3 seconds")
    })
  }
})

export class Drain extends Context.Tag("backend/Drain")<Drain, Effect.Effect.Success<typeof make>>() {
  static readonly layer = Layer.effect(Drain, make)
}
