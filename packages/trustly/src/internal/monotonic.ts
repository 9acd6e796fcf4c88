/**
 * Durations that do not change with the system clock, as `Clock.currentTimeMillis` does, and sleeps of any length.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** The longest sleep in milliseconds: a platform timer cannot hold more, and a longer sleep would never end. */
export const maxSleepMillis = 2 ** 31 - 1

/**
 * A time in milliseconds that never goes back. Read from the nanoseconds, but not with `Clock.currentTimeNanos`, which dies under
 * `TestClock` at a fraction of a millisecond.
 */
export const nowMillis: Effect.Effect<number> = Clock.clockWith((clock) =>
  Effect.sync(() => Number(clock.unsafeCurrentTimeNanos()) / 1_000_000)
)

/** Sleeps for this long, however long it is. */
export const sleep = (millis: number): Effect.Effect<void> =>
  millis <= maxSleepMillis
    ? Effect.sleep(Math.max(millis, 0))
    : Effect.flatMap(nowMillis, (startedAt) =>
      Effect.zipRight(
        Effect.sleep(maxSleepMillis),
        Effect.flatMap(nowMillis, (now) => sleep(millis - (now - startedAt)))
      ))
