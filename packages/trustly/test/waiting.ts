import { Clock, Effect } from "effect"

const clock = Clock.make()

/** Runs an effect in real time, also in a test that has a `TestClock`. */
const inRealTime = Effect.withClock(clock)

/** Ends when every socket of the process has been read once. */
export const nextRead: Effect.Effect<void> = Effect.async((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

const turn = Effect.zipRight(inRealTime(Effect.sleep("10 millis")), nextRead)

/**
 * Waits for turns of the event loop, of at least 10 ms each. In each turn every socket of the process is read. Time in which the
 * machine does something else counts as one turn, however long it is.
 */
export const eventLoopTurns = (count: number): Effect.Effect<void> => Effect.repeatN(turn, count - 1)

/** How many turns something within the process may take: about 3 s on an idle machine. */
const soonTurns = 300

const givesUp = (what: string, limit: Effect.Effect<void>) => <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.raceFirst(
    Effect.disconnect(effect),
    Effect.zipRight(limit, Effect.die(new Error(`Waited in vain for: ${what}`)))
  )

/** Dies, and says what it waited for, unless the effect ends within a number of turns of the event loop. */
export const soon = (what: string) => givesUp(what, eventLoopTurns(soonTurns))

/**
 * Dies, and says what it waited for, when the effect hangs. Use it for what may be slow on a busy machine. The test's own timeout
 * is longer.
 */
export const waitFor = (what: string) => givesUp(what, inRealTime(Effect.sleep("4 minutes")))
