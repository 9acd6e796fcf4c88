/** Group commit: callers that arrive while a transaction is running share the next transaction. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { StorageError } from "../DeliveryError.ts"

/** Waits until all pending I/O events, such as received responses, have been handled. */
export const afterPendingEvents: Effect.Effect<void> = Effect.async((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

interface QueuedItem<A, B> {
  readonly item: A
  readonly done: Deferred.Deferred<B, StorageError>
}

/**
 * Turns a batch operation, which returns results in the order of its items, into an operation on a single item. Closing the
 * scope waits for the running batch, and fails callers that are not in it, or that come later.
 */
export const make = <A, B>(
  maxItems: number,
  run: (items: ReadonlyArray<A>) => Effect.Effect<ReadonlyArray<B>, StorageError>
): Effect.Effect<(item: A) => Effect.Effect<B, StorageError>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const queue = yield* Queue.unbounded<QueuedItem<A, B>>()
    // those whose caller still waits
    const waiting = new Set<QueuedItem<A, B>>()
    const closed = new StorageError({ reason: "Unavailable" })
    let isClosed = false

    const completeBatch = (batch: ReadonlyArray<QueuedItem<A, B>>, exit: Exit.Exit<ReadonlyArray<B>, StorageError>) =>
      Effect.forEach(batch, ({ done }, index) =>
        Deferred.done(
          done,
          Exit.flatMap(exit, (results) => {
            const result = results[index]
            return result === undefined ? Exit.fail(new StorageError({ reason: "Other" })) : Exit.succeed(result)
          })
        ), { discard: true })

    // every caller must receive the result of its transaction, so only the wait for the first item can be interrupted
    yield* Effect.uninterruptibleMask((restore) =>
      restore(Queue.take(queue)).pipe(
        Effect.zipLeft(afterPendingEvents),
        Effect.zipWith(Queue.takeUpTo(queue, maxItems - 1), (first, others) => [first, ...others]),
        Effect.flatMap((taken) => {
          // a caller that was interrupted before its transaction began has stored nothing
          const batch = taken.filter((queued) => waiting.has(queued))
          return batch.length === 0
            ? Effect.void
            : Effect.flatMap(Effect.exit(run(batch.map(({ item }) => item))), (exit) => completeBatch(batch, exit))
        }),
        Effect.forever
      )
    ).pipe(
      Effect.ensuring(Effect.suspend(() => {
        isClosed = true
        return completeBatch([...waiting], Exit.fail(closed))
      })),
      Effect.forkScoped
    )

    return (item) =>
      Effect.flatMap(Deferred.make<B, StorageError>(), (done) => {
        if (isClosed) return Effect.fail(closed)
        const queued = { item, done }
        waiting.add(queued)
        return Effect.zipRight(Queue.offer(queue, queued), Deferred.await(done)).pipe(
          Effect.ensuring(Effect.sync(() => waiting.delete(queued)))
        )
      })
  })
