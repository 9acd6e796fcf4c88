/**
 * Optimized, with fiber internals. Ends an effect at a deadline.
 *
 * The plain version is `Effect.withParentSpan`, `Effect.disconnect`, and `Effect.timeoutTo`, which fork twice for each call. With
 * it, an update takes two fifths more CPU time (`npm run bench`). This version forks once, and one timer fiber serves all calls
 * on a clock. `test/internal/deadline.test.ts` holds it against the plain version.
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import { constTrue } from "effect/Function"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as Tracer from "effect/Tracer"
import * as Monotonic from "./monotonic.ts"

/** Runs an effect as a child of a span, and ends it when its time is over. The result is then what `onTimeout` returns. */
export type Deadline = <A, E>(
  effect: Effect.Effect<A, E>,
  span: Tracer.AnySpan,
  onTimeout: () => Effect.Effect<A, E>
) => Effect.Effect<A, E>

interface Entry {
  readonly endsAt: bigint
  readonly expire: () => void
}

interface Timer {
  readonly start: (expire: () => void) => Entry
  readonly stop: (entry: Entry) => void
}

const nanosOf = (timeout: Duration.Duration): number => Duration.toMillis(timeout) * 1_000_000

/**
 * One timer fiber for all deadlines on a clock. They have the same length, so they end in the order in which they started, and the
 * fiber sleeps until the oldest ends. It ends itself when none is left, so it keeps no process alive.
 *
 * It reads the clock's nanoseconds, which are monotonic: the milliseconds change with the system clock.
 */
const makeTimer = (clock: Clock.Clock, timeout: Duration.Duration): Timer => {
  const length = BigInt(Math.ceil(nanosOf(timeout)))
  const entries = new Set<Entry>()
  let fiber: Fiber.RuntimeFiber<void> | undefined

  const run: Effect.Effect<void> = Effect.suspend(() => {
    const [oldest] = entries
    if (oldest === undefined) {
      fiber = undefined
      return Effect.void
    }
    const left = oldest.endsAt - clock.unsafeCurrentTimeNanos()
    // less than a microsecond: TestClock rounds a fraction of a millisecond
    if (left >= 1000n) {
      const millis = Math.min(Math.ceil(Number(left) / 1_000_000), Monotonic.maxSleepMillis)
      return Effect.zipRight(clock.sleep(Duration.millis(millis)), run)
    }
    entries.delete(oldest)
    oldest.expire()
    return run
  })

  return {
    start: (expire) => {
      const entry = { endsAt: clock.unsafeCurrentTimeNanos() + length, expire }
      entries.add(entry)
      if (fiber === undefined) {
        // not a child of the caller, whose context and interruption are not those of the other calls
        const started = Effect.runFork(run)
        // with a length close to zero, it has ended already
        if (entries.size > 0) fiber = started
      }
      return entry
    },
    stop: (entry) => {
      entries.delete(entry)
      if (entries.size > 0) return
      fiber?.unsafeInterruptAsFork(FiberId.none)
      fiber = undefined
    }
  }
}

// The platform's own span, whose URL holds identifiers, is off in the fiber of a call, and so is its Debug line about a failed
// fiber, which prints the URL. Set when the fiber is made: `Effect.locally` costs more.
const silence = (refs: FiberRefs.FiberRefs, fiberId: FiberId.Runtime): FiberRefs.FiberRefs =>
  FiberRefs.updateManyAs(refs, {
    entries: [
      [HttpClient.currentTracerDisabledWhen, [[fiberId, constTrue]]],
      [FiberRef.unhandledErrorLogLevel, [[fiberId, Option.none()]]]
    ]
  })

/**
 * A deadline of one length for many effects; an infinite one never ends. Each effect runs in a fiber of its own, so that the
 * deadline also ends it in an uninterruptible caller, and a client that ignores interruption cannot hold the caller for longer.
 */
export const make = (timeout: Duration.Duration): Deadline => {
  const timers = new WeakMap<Clock.Clock, Timer>()
  const timerOf = (clock: Clock.Clock): Timer => {
    const timer = timers.get(clock) ?? makeTimer(clock, timeout)
    timers.set(clock, timer)
    return timer
  }

  return <A, E>(effect: Effect.Effect<A, E>, span: Tracer.AnySpan, onTimeout: () => Effect.Effect<A, E>) =>
    Effect.withFiberRuntime<A, E>((caller, { runtimeFlags }) =>
      Effect.async((resume) => {
        const runtime = Runtime.make({
          context: Context.add(caller.currentContext, Tracer.ParentSpan, span),
          fiberRefs: caller.getFiberRefs(),
          runtimeFlags: RuntimeFlags.enable(runtimeFlags, RuntimeFlags.Interruption)
        })
        const timer = Number.isFinite(nanosOf(timeout))
          ? timerOf(Context.get(caller.currentDefaultServices, Clock.Clock))
          : undefined
        // runs at once up to its first wait: a forked fiber would cost a turn of the scheduler
        const fiber = Runtime.runFork(runtime, effect, { updateRefs: silence })
        let onDeadline = () => resume(onTimeout())
        const entry = timer?.start(() => {
          onDeadline()
          fiber.unsafeInterruptAsFork(FiberId.none)
        })
        fiber.addObserver((exit) => {
          if (entry !== undefined) timer?.stop(entry)
          resume(exit)
        })
        // an interrupted caller waits until the client has stopped, but not past the deadline
        return Effect.async<void>((ended) => {
          onDeadline = () => ended(Effect.void)
          fiber.addObserver(onDeadline)
          fiber.unsafeInterruptAsFork(FiberId.none)
        })
      })
    )
}
