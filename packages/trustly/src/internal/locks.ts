import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"

/** Who holds a lock, and the locks that this holder waits for. */
interface Holder {
  readonly waitsFor: Set<Lock>
}

interface Lock {
  readonly semaphore: Effect.Semaphore
  holder: Holder | undefined
  users: number
}

/** Runs an effect alone among those of the same key, or `onDeadlock` where it would wait for itself. */
export type Locks = <A, E, R, E2>(
  key: string,
  effect: Effect.Effect<A, E, R>,
  onDeadlock: () => E2
) => Effect.Effect<A, E | E2, R>

const leadsTo = (lock: Lock, holders: ReadonlyArray<Holder>): boolean =>
  lock.holder !== undefined &&
  (holders.includes(lock.holder) || [...lock.holder.waitsFor].some((next) => leadsTo(next, holders)))

/** One lock for each key, made when it is wanted and forgotten when nobody wants it. */
export const make = (): Locks => {
  const locks = new Map<string, Lock>()
  const current = FiberRef.unsafeMake<ReadonlyArray<Holder>>([])

  const acquire = (key: string): Lock => {
    const lock = locks.get(key) ?? { semaphore: Effect.unsafeMakeSemaphore(1), holder: undefined, users: 0 }
    lock.users += 1
    locks.set(key, lock)
    return lock
  }

  const release = (key: string, lock: Lock): void => {
    lock.users -= 1
    if (lock.users === 0) locks.delete(key)
  }

  return <A, E, R, E2>(key: string, effect: Effect.Effect<A, E, R>, onDeadlock: () => E2) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(FiberRef.get(current), (holders): Effect.Effect<A, E | E2, R> => {
        const lock = acquire(key)
        if (leadsTo(lock, holders)) {
          release(key, lock)
          return Effect.fail(onDeadlock())
        }
        for (const outer of holders) outer.waitsFor.add(lock)
        const stopWaiting = () => {
          for (const outer of holders) outer.waitsFor.delete(lock)
        }
        const hold = Effect.suspend(() => {
          const holder: Holder = { waitsFor: new Set() }
          lock.holder = holder
          stopWaiting()
          return Effect.locally(effect, current, [...holders, holder])
        }).pipe(Effect.ensuring(Effect.sync(() => {
          lock.holder = undefined
        })))
        return restore(lock.semaphore.withPermits(1)(hold)).pipe(Effect.ensuring(Effect.sync(() => {
          stopWaiting()
          release(key, lock)
        })))
      })
    )
}
