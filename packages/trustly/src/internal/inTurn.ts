import type * as Cause from "effect/Cause"
import type * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"

/** A command, and its place in the input. */
export interface Item<C> {
  readonly command: C
  readonly position: number
}

/** From now on no command is begun; those under way come to their end. The run fails with the first such cause. */
export type Stop<E> = (cause: Cause.Cause<E>) => Effect.Effect<void>

interface Options<C, E, R, E2, R2> {
  /** The next commands, as `Stream.toPull` gives them. */
  readonly pull: Effect.Effect<Chunk.Chunk<C>, Option.Option<E>, R>
  readonly keyOf: (command: C) => string
  /** Does one command. To fail is to stop. */
  readonly perform: (item: Item<C>, stop: Stop<E2>) => Effect.Effect<void, E2, R2>
  readonly concurrency: number
}

// how many commands may wait for another one of their key, for each one under way: beyond that nothing more is read
const lookahead = 16

/**
 * Performs commands: those of one key in their order and never two at a time, others side by side.
 *
 * One fiber reads, a little ahead. A command whose key is busy is left to the worker that has the key, so nobody waits for a key.
 * What is in memory is bounded by the lookahead and the chunks of the input.
 */
export const run = <C, E, R, E2, R2>(
  { concurrency, keyOf, perform, pull }: Options<C, E, R, E2, R2>
): Effect.Effect<void, E | E2, R | R2> =>
  Effect.scoped(Effect.gen(function*() {
    /** The keys that are busy, with the commands that follow. */
    const lines = new Map<string, Array<Item<C>>>()
    /** Commands that nobody performs yet; their keys are busy. */
    const ready: Array<Item<C>> = []
    const room = yield* Effect.makeLatch(true)
    const stopped = yield* Deferred.make<never, E2>()
    const workers = yield* FiberSet.make()
    const fork = yield* FiberSet.runtime(workers)<R2>()
    let position = 0
    let working = 0
    let following = 0
    let isStopped = false

    const stop: Stop<E2> = (cause) =>
      Effect.suspend(() => {
        isStopped = true
        return Deferred.failCause(stopped, cause)
      })

    const mostFollowing = concurrency * lookahead

    /** What the worker does that has performed a command: the next one of its key, or of another. */
    const after = (key: string): Item<C> | undefined => {
      const follower = isStopped ? undefined : lines.get(key)?.shift()
      if (follower === undefined) lines.delete(key)
      else following -= 1
      const item = follower ?? (isStopped ? undefined : ready.shift())
      // not after each command: the reader would be woken as often
      if (following < mostFollowing && ready.length <= concurrency / 2) room.unsafeOpen()
      return item
    }

    const work = (first: Item<C>): Effect.Effect<unknown, never, R2> =>
      Effect.gen(function*() {
        let item = isStopped ? undefined : first
        while (item !== undefined) {
          yield* perform(item, stop)
          item = after(keyOf(item.command))
        }
        working -= 1
      }).pipe(Effect.onError(stop), Effect.exit)

    const begin = (command: C): Effect.Effect<void> => {
      const item = { command, position: position++ }
      const key = keyOf(command)
      const line = lines.get(key)
      if (line === undefined) lines.set(key, [])
      if (line === undefined && working < concurrency) {
        working += 1
        fork(work(item))
        return Effect.void
      }
      if (line === undefined) {
        ready.push(item)
      } else {
        line.push(item)
        following += 1
      }
      if (following >= mostFollowing || ready.length >= concurrency) room.unsafeClose()
      return room.await
    }

    const read = pull.pipe(
      Effect.flatMap(Effect.forEach(begin, { discard: true })),
      Effect.forever,
      Effect.catchAll(Option.match({ onNone: () => Effect.void, onSome: (error: E) => Effect.fail(error) }))
    )

    const exit = yield* Effect.exit(Effect.raceFirst(read, Deferred.await(stopped)))
    yield* FiberSet.awaitEmpty(workers)
    return yield* isStopped ? Deferred.await(stopped) : exit
  }))
