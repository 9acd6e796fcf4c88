import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/**
 * A time in milliseconds that never goes back, for durations: `Clock.currentTimeMillis` changes with the system clock. Read from
 * the nanoseconds, but not with `Clock.currentTimeNanos`, which dies under `TestClock` at a fraction of a millisecond.
 */
export const nowMillis: Effect.Effect<number> = Clock.clockWith((clock) =>
  Effect.sync(() => Number(clock.unsafeCurrentTimeNanos()) / 1_000_000)
)
