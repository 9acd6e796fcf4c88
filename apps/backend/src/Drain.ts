/** Tracks requests in flight, and whether the process is draining. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** Maximum number of requests in flight. Further requests wait. */
const maxRequests = 1024

const make = Effect.gen(function*() {
  const permits = yield* Effect.makeSemaphore(maxRequests)
  let isDraining = false
  return {
    isDraining: Effect.sync(() => isDraining),
    /** Runs a request that a drain waits for. */
    trackRequest: permits.withPermits(1),
    /** Starts draining. Waits up to 3 s for requests in flight, because a client may have stopped sending. */
    startDraining: Effect.suspend(() => {
      isDraining = true
      return Effect.timeoutOption(permits.withPermits(maxRequests)(Effect.void), "3 seconds")
    })
  }
})

export class Drain extends Context.Tag("backend/Drain")<Drain, Effect.Effect.Success<typeof make>>() {
  static readonly layer = Layer.effect(Drain, make)
}
