/** One lock per customer for the whole process, with detection of deadlocks. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as FiberStatus from "effect/FiberStatus"
import { globalValue } from "effect/GlobalValue"

/** Holds a lock, or waits for it. */
interface Holder {
  readonly lock: Lock
  readonly fiber: Fiber.RuntimeFiber<unknown, unknown>
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

/**
 * The numbers of the fibers that a holder's effect waits for. Only a younger fiber can run inside the effect: an older number, or its
 * own, is that of the fiber that made a `Deferred`.
 */
const awaitedFibers = ({ fiber }: Holder): Effect.Effect<ReadonlyArray<number>> =>
  Effect.map(
    fiber.status,
    (status) =>
      FiberStatus.isSuspended(status) ? [...FiberId.ids(status.blockingOn)].filter((id) => id > fiber.id().id) : []
  )

/**
 * Ends when the waiter is in a deadlock. It looks again from time to time, because a forked fiber can be joined later.
 *
 * A holder waits for what runs inside it in the same fiber, in a fiber that it awaits, or in a fiber that an awaited one may have
 * forked: one that started later. It cannot be seen that a holder waits by other means, such as a queue or a promise.
 */
const deadlock = (waiter: Holder): Effect.Effect<void> =>
  Effect.gen(function*() {
    if (isDeadlock(waiter, () => true)) {
      const holders = [...locks.values()].flatMap(({ holder }) => holder ?? [])
      const awaited = new Map(
        yield* Effect.forEach(holders, (holder) => Effect.map(awaitedFibers(holder), (ids) => [holder, ids] as const))
      )
      const isBlockedBy: IsBlockedBy = (outer, inner) =>
        outer.fiber === inner.fiber || (awaited.get(outer) ?? []).some((id) => id <= inner.fiber.id().id)
      // while this looked, the lock may have been granted, or the other side of the deadlock may have given up
      if (!isHolding(waiter) && isDeadlock(waiter, isBlockedBy)) return withdraw(waiter)
    }
    yield* Effect.sleep("100 millis")
    yield* deadlock(waiter)
  })

const withdraw = (holder: Holder): void => {
  const index = holder.lock.waiting.indexOf(holder)
  if (index !== -1) holder.lock.waiting.splice(index, 1)
}

const request = (key: string, fiber: Holder["fiber"], outer: ReadonlyArray<Holder>): Holder => {
  const lock = locks.get(key) ?? { key, holder: undefined, waiting: [] }
  locks.set(key, lock)
  const holder = { lock, fiber, outer, granted: Deferred.unsafeMake<void>(fiber.id()) }
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

/** Waits for a lock; `false` when waiting would never end. */
const awaitLock = (holder: Holder): Effect.Effect<boolean> => {
  if (isHolding(holder)) return Effect.succeed(true)
  const granted = Effect.as(Deferred.await(holder.granted), true)
  return holder.outer.length === 0 ? granted : Effect.raceFirst(granted, Effect.as(deadlock(holder), false))
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
            isGranted ? Effect.locally(effect, currentHolders, [...outer, holder]) : onDeadlock),
        (holder) =>
          Effect.sync(() =>
            release(holder)
          )
      )
    })
  )
