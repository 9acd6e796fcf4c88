import * as Effect from "effect/Effect"

/** `Effect.raceFirst` that also ends in an uninterruptible caller, where the plain one waits for the effect that loses. */
export const first = <A, E, R, A2, E2, R2>(
  one: Effect.Effect<A, E, R>,
  other: Effect.Effect<A2, E2, R2>
): Effect.Effect<A | A2, E | E2, R | R2> => Effect.raceFirst(Effect.interruptible(one), Effect.interruptible(other))
