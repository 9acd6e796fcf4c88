/** One lock per customer for the whole process, with detection of deadlocks. */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as FiberStatus from "effect/FiberStatus"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import * as Supervisor from "effect/Supervisor"
import * as Race from "./race.ts"

type RuntimeFiber = Fiber.RuntimeFiber<unknown, unknown>

/** Knows the fibers that run inside the effect of a holder. */
class Inside extends Supervisor.AbstractSupervisor<void> {
  readonly value = Effect.void
  readonly fibers = new Map<number, RuntimeFiber>()
  private readonly suspended = new Set<RuntimeFiber>()
  private readonly workers = new Map<RuntimeFiber, Set<RuntimeFiber>>()

  override onStart<A, E, R>(
    _context: Context.Context<R>,
    _effect: Effect.Effect<A, E, R>,
    parent: Option.Option<RuntimeFiber>,
    fiber: Fiber.RuntimeFiber<A, E>
  ): void {
    this.fibers.set(fiber.id().id, fiber)
    if (Option.isNone(parent) || !this.suspended.has(parent.value)) return
    const workers = this.workers.get(parent.value) ?? new Set()
    this.workers.set(parent.value, workers.add(fiber))
  }

  override onEnd<A, E>(_exit: Exit.Exit<A, E>, fiber: Fiber.RuntimeFiber<A, E>): void {
    this.fibers.delete(fiber.id().id)
    this.suspended.delete(fiber)
    this.workers.delete(fiber)
  }

  override onSuspend<A, E>(fiber: Fiber.RuntimeFiber<A, E>): void {
    this.suspended.add(fiber)
  }

  override onResume<A, E>(fiber: Fiber.RuntimeFiber<A, E>): void {
    this.suspended.delete(fiber)
    this.workers.delete(fiber)
  }

  /**
   * Fibers that started while this one was suspended, as those of `Effect.all` do: it waits for them, though its status does not
   * say so.
   */
  workersOf(fiber: RuntimeFiber): ReadonlyArray<RuntimeFiber> {
    return [...this.workers.get(fiber) ?? []]
  }
}

/** Holds a lock, or waits for it. */
interface Holder {
  readonly lock: Lock
  readonly fiber: RuntimeFiber
  readonly inside: Inside
  /** The holders of other locks in whose effect this one runs, the outermost first. */
  readonly outer: ReadonlyArray<Holder>
  readonly granted: Deferred.Deferred<void>
}

interface Lock {
  readonly key: string
  holder: Holder | undefined
  readonly waiting: Array<Holder>
}

// several copies of this module in one process share them
const locks = globalValue("effect-trustly/locks", () => new Map<string, Lock>())
const currentHolders = globalValue(
  "effect-trustly/currentHolders",
  () => FiberRef.unsafeMake<ReadonlyArray<Holder>>([])
)

const isHolding = (holder: Holder): boolean => holder.lock.holder === holder

/** Whether a holder's effect waits for what runs inside it, rather than having forked it. */
type IsBlockedBy = (outer: Holder, inner: Holder) => boolean

const waitingInside = (outer: Holder): ReadonlyArray<Holder> =>
  [...locks.values()].flatMap(({ waiting }) => waiting.filter((holder) => holder.outer.includes(outer)))

/** Whether a lock becomes free only after `waiter`, which waits for it, has ended. */
const isDeadlock = (waiter: Holder, isBlockedBy: IsBlockedBy): boolean => {
  const seen = new Set<Holder>()
  const leadsBack = ({ holder }: Lock): boolean => {
    if (holder === undefined || seen.has(holder)) return false
    seen.add(holder)
    return waitingInside(holder).some((inner) =>
      isBlockedBy(holder, inner) && (inner === waiter || leadsBack(inner.lock))
    )
  }
  return leadsBack(waiter.lock)
}

/** The fibers that must end before a holder's effect does, its own included. */
const awaitedFibers = ({ fiber, inside }: Holder): Effect.Effect<ReadonlySet<RuntimeFiber>> =>
  Effect.gen(function*() {
    const awaited = new Set([fiber])
    // a set that grows is iterated to its end
    for (const each of awaited) {
      const status = yield* each.status
      if (!FiberStatus.isSuspended(status)) continue
      for (const id of FiberId.ids(status.blockingOn)) {
        const next = inside.fibers.get(id)
        if (next !== undefined) awaited.add(next)
      }
      for (const worker of inside.workersOf(each)) awaited.add(worker)
    }
    return awaited
  })

// a deadlock does not depend on the clock of a test
const clock = Clock.make()

/**
 * Ends when the waiter is in a deadlock. It looks again from time to time, because a forked fiber can be joined later. A wait
 * through a queue or a promise is invisible, so such a deadlock hangs.
 */
const deadlock = (waiter: Holder): Effect.Effect<void> =>
  Effect.gen(function*() {
    while (true) {
      if (isDeadlock(waiter, () => true)) {
        const holders = [...locks.values()].flatMap(({ holder }) => holder ?? [])
        const awaited = new Map(
          yield* Effect.forEach(holders, (holder) =>
            Effect.map(awaitedFibers(holder), (fibers) => [holder, fibers] as const))
        )
        const isBlockedBy: IsBlockedBy = (outer, inner) =>
          awaited.get(outer)?.has(inner.fiber) ?? false
        // while this looked, the lock may have been granted, or the other side of the deadlock may have given up
        if (!isHolding(waiter) && isDeadlock(waiter, isBlockedBy)) return withdraw(waiter)
      }
      yield* Effect.withClock(Effect.sleep("100 millis"), clock)
    }
  })

const withdraw = (holder: Holder): void => {
  const index = holder.lock.waiting.indexOf(holder)
  if (index !== -1) holder.lock.waiting.splice(index, 1)
}

const request = (key: string, fiber: Holder["fiber"], outer: ReadonlyArray<Holder>): Holder => {
  const lock = locks.get(key) ?? { key, holder: undefined, waiting: [] }
  locks.set(key, lock)
  const holder = { lock, fiber, inside: new Inside(), outer, granted: Deferred.unsafeMake<void>(fiber.id()) }
  if (lock.holder === undefined) lock.holder = holder
  else lock.waiting.push(holder)
  return holder
}

const release = (holder: Holder): void => {
  const { lock } = holder
  withdraw(holder)
  if (!isHolding(holder)) return
  const next = lock.waiting.shift()
  lock.holder = next
  if (next === undefined) locks.delete(lock.key)
  else Deferred.unsafeDone(next.granted, Effect.void)
}

/** Waits for a lock; `false` on a deadlock. */
const awaitLock = (holder: Holder): Effect.Effect<boolean> => {
  if (isHolding(holder)) return Effect.succeed(true)
  const granted = Effect.as(Deferred.await(holder.granted), true)
  return holder.outer.length === 0 ? granted : Race.first(granted, Effect.as(deadlock(holder), false))
}

/**
 * Runs an effect alone among those with the same key in this process, or `onDeadlock` where it would wait for itself: inside an
 * effect with the same key, or inside one that such an effect waits for.
 */
export const withLock = <A, E, R, E2>(
  key: string,
  effect: Effect.Effect<A, E, R>,
  onDeadlock: Effect.Effect<never, E2>
): Effect.Effect<A, E | E2, R> =>
  Effect.withFiberRuntime<A, E | E2, R>((fiber) =>
    Effect.flatMap(FiberRef.get(currentHolders), (holders) => {
      const outer = holders.filter(isHolding)
      return Effect.acquireUseRelease(
        Effect.sync(() => request(key, fiber, outer)),
        (holder) =>
          Effect.flatMap(awaitLock(holder), (isGranted): Effect.Effect<A, E | E2, R> =>
            isGranted
              ? Effect.supervised(Effect.locally(effect, currentHolders, [...outer, holder]), holder.inside)
              : onDeadlock),
        (holder) => Effect.sync(() => release(holder))
      )
    })
  )
