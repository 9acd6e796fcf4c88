import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type * as FiberRefs from "effect/FiberRefs"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as Telemetry from "./telemetry.ts"

/** Ends an effect when its time is over; the result is then whatever `onExpire` makes of what is known by then. */
export type Deadline = <A, E>(
  effect: Effect.Effect<A, E>,
  context: Context.Context<never>,
  onExpire: () => Effect.Effect<A, E>
) => Effect.Effect<A, E>

/** Sets fiber refs of a new fiber. */
export type UpdateRefs = (refs: FiberRefs.FiberRefs, fiberId: FiberId.Runtime) => FiberRefs.FiberRefs

interface Entry {
  readonly endsAt: number
  readonly expire: () => void
}

interface Timer {
  readonly start: (expire: () => void) => Entry
  readonly stop: (entry: Entry) => void
}

/**
 * One timer fiber for all the deadlines on one clock: they have one length, so they end in the order in which they began, and
 * the fiber sleeps for the oldest only. It ends when nothing waits, so it keeps no process alive.
 */
const makeTimer = (clock: Clock.Clock, millis: number): Timer => {
  const entries = new Set<Entry>()
  let fiber: Fiber.RuntimeFiber<void> | undefined

  const run: Effect.Effect<void> = Effect.suspend(() => {
    const [oldest] = entries
    if (oldest === undefined) {
      fiber = undefined
      return Effect.void
    }
    const left = oldest.endsAt - clock.unsafeCurrentTimeMillis()
    if (left > 0) return Effect.zipRight(clock.sleep(Duration.millis(left)), run)
    entries.delete(oldest)
    oldest.expire()
    return run
  })

  const start = (expire: () => void): Entry => {
    const entry = { endsAt: clock.unsafeCurrentTimeMillis() + millis, expire }
    entries.add(entry)
    // not a child of the caller, whose context and interruption are not those of the others who wait
    fiber ??= Effect.runFork(run)
    return entry
  }

  const stop = (entry: Entry): void => {
    entries.delete(entry)
    if (entries.size > 0) return
    fiber?.unsafeInterruptAsFork(FiberId.none)
    fiber = undefined
  }

  return { start, stop }
}

/**
 * A deadline of one length for many effects. Each effect runs in a fiber of its own, so that the deadline ends it in an
 * uninterruptible caller too, and a client that does not heed interruption cannot hold the caller. What `updateRefs` sets holds
 * in that fiber only. An infinite deadline is none.
 */
export const make = (timeout: Duration.Duration, updateRefs: UpdateRefs): Deadline => {
  const timers = new WeakMap<Clock.Clock, Timer>()
  const timerOf = (clock: Clock.Clock): Timer => {
    const timer = timers.get(clock) ?? makeTimer(clock, Duration.toMillis(timeout))
    timers.set(clock, timer)
    return timer
  }

  return <A, E>(effect: Effect.Effect<A, E>, context: Context.Context<never>, onExpire: () => Effect.Effect<A, E>) =>
    Effect.withFiberRuntime<A, E>((caller, { runtimeFlags }) =>
      Effect.async((resume) => {
        const runtime = Runtime.make({
          context,
          fiberRefs: caller.getFiberRefs(),
          runtimeFlags: RuntimeFlags.enable(runtimeFlags, RuntimeFlags.Interruption)
        })
        const timer = Duration.isFinite(timeout) ? timerOf(Telemetry.clockOf(caller)) : undefined
        // runs at once, up to where it waits: a forked fiber costs a turn of the scheduler
        const fiber = Runtime.runFork(runtime, effect, { updateRefs })
        const entry = timer?.start(() => {
          resume(onExpire())
          fiber.unsafeInterruptAsFork(FiberId.none)
        })
        fiber.addObserver((exit) => {
          if (entry !== undefined) timer?.stop(entry)
          resume(exit)
        })
        return Effect.suspend(() => Fiber.interrupt(fiber))
      })
    )
}
