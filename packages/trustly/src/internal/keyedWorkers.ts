import type * as Cause from "effect/Cause"
import type * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as Race from "./race.ts"

/** A command, its key when it was read, and its position in the input. */
export interface Item<C> {
  readonly command: C
  readonly key: string
  readonly position: number
}

/** Starts no further command; those in flight finish. The run fails with the first such cause. */
export type Stop<E> = (cause: Cause.Cause<E>) => Effect.Effect<void>

interface Options<C, E, R, E2, R2> {
  /** The next commands, as `Stream.toPull` returns them. */
  readonly pull: Effect.Effect<Chunk.Chunk<C>, Option.Option<E>, R>
  readonly keyOf: (command: C, position: number) => string
  /** Performs one command. A failure stops the run. */
  readonly perform: (item: Item<C>, stop: Stop<E2>) => Effect.Effect<void, E2, R2>
  readonly concurrency: number
  /** Waited for before each command. A stop ends the wait. */
  readonly pace: Effect.Effect<void> | undefined
}

// commands that may wait for an earlier one with their key, for each one in flight: beyond that, reading pauses
const maxWaitingPerWorker = 16

/**
 * Performs commands: those with the same key one after the other, in input order, and others concurrently.
 *
 * One fiber reads a little ahead. A command whose key is busy goes to the worker that has the key, so no worker waits for a key. The
 * commands in memory are bounded by `maxWaitingPerWorker` and the chunks of the input.
 */
export const run = <C, E, R, E2, R2>(
  { concurrency, keyOf, pace, perform, pull }: Options<C, E, R, E2, R2>
): Effect.Effect<void, E | E2, R | R2> =>
  Effect.scoped(Effect.gen(function*() {
    /** The busy keys, each with the commands that wait for it. */
    const waitingByKey = new Map<string, Array<Item<C>>>()
    /** Commands without a worker. Their keys are busy. */
    const ready: Array<Item<C>> = []
    const hasCapacity = yield* Effect.makeLatch(true)
    const stopped = yield* Deferred.make<never, E2>()
    const workers = yield* FiberSet.make()
    const fork = yield* FiberSet.runtime(workers)<R2>()
    const maxWaiting = concurrency * maxWaitingPerWorker
    let position = 0
    let workerCount = 0
    let waitingCount = 0
    let isStopped = false

    const stop: Stop<E2> = (cause) =>
      Effect.suspend(() => {
        isStopped = true
        return Deferred.failCause(stopped, cause)
      })

    /** What a worker performs next: a command that waits for the key it has, or one without a worker. */
    const nextItem = (key: string): Item<C> | undefined => {
      const follower = isStopped ? undefined : waitingByKey.get(key)?.shift()
      if (follower === undefined) waitingByKey.delete(key)
      else waitingCount -= 1
      const item = follower ?? (isStopped ? undefined : ready.shift())
      // not after each command, or the reader would wake up as often
      if (waitingCount < maxWaiting && ready.length <= concurrency / 2) hasCapacity.unsafeOpen()
      return item
    }

    const waitForPace = pace === undefined ? Effect.void : Race.first(pace, Deferred.await(stopped))

    const work = (first: Item<C>): Effect.Effect<unknown, never, R2> =>
      Effect.gen(function*() {
        let item = isStopped ? undefined : first
        while (item !== undefined) {
          yield* waitForPace
          if (isStopped) break
          yield* perform(item, stop)
          item = nextItem(item.key)
        }
        workerCount -= 1
      }).pipe(Effect.onError(stop), Effect.exit)

    const assign = (command: C): Effect.Effect<void> => {
      const key = keyOf(command, position)
      const item = { command, key, position: position++ }
      const waiting = waitingByKey.get(key)
      if (waiting === undefined) {
        waitingByKey.set(key, [])
        if (workerCount < concurrency) {
          workerCount += 1
          fork(work(item))
          return Effect.void
        }
        ready.push(item)
      } else {
        waiting.push(item)
        waitingCount += 1
      }
      if (waitingCount >= maxWaiting || ready.length >= concurrency) hasCapacity.unsafeClose()
      return hasCapacity.await
    }

    const readAll = pull.pipe(
      Effect.flatMap(Effect.forEach(assign, { discard: true })),
      Effect.forever,
      Effect.catchAll(Option.match({ onNone: () => Effect.void, onSome: (error: E) => Effect.fail(error) }))
    )

    const exit = yield* Effect.exit(Race.first(readAll, Deferred.await(stopped)))
    yield* FiberSet.awaitEmpty(workers)
    return yield* isStopped ? Deferred.await(stopped) : exit
  }))
