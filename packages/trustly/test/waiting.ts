import { Clock, Effect } from "effect"

const clock = Clock.make()

/** Runs an effect on the real clock, even in a test with a `TestClock`. */
const inRealTime = Effect.withClock(clock)

/** Completes after the event loop has read every socket of the process once. */
export const nextRead: Effect.Effect<void> = Effect.async((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

const turn = Effect.zipRight(inRealTime(Effect.sleep("10 millis")), nextRead)

/**
 * Waits for event-loop turns of at least 10 ms each. Every socket of the process is read in each turn. However long the machine is
 * busy with something else, that counts as one turn, so a test that waits this way does not depend on the load.
 */
export const eventLoopTurns = (count: number): Effect.Effect<void> => Effect.repeatN(turn, count - 1)

/** The limit of `soon` in event-loop turns: about 3 s on an idle machine. */
const soonTurns = 300

const orTimeOut = (what: string, limit: Effect.Effect<void>) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.raceFirst(
    Effect.disconnect(effect),
    Effect.zipRight(limit, Effect.die(new Error(`Timed out waiting for: ${what}`)))
  )

/** Dies with a message that names `what` unless the effect ends within 300 event-loop turns. */
export const soon = (what: string) => orTimeOut(what, eventLoopTurns(soonTurns))

/**
 * Dies with a message that names `what` if the effect hangs for 4 minutes, which is shorter than the test's own timeout. Use it for
 * anything that can be slow on a busy machine.
 */
export const waitFor = (what: string) => orTimeOut(what, inRealTime(Effect.sleep("4 minutes")))
