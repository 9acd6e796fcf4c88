/** Group commit: callers that come while a transaction runs share the next one. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { StorageError } from "../DeliveryError.ts"

/** Continues when the events that have already happened, such as responses that have arrived, are handled. */
export const afterPendingEvents: Effect.Effect<void> = Effect.async((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

interface Waiting<A, B> {
  readonly item: A
  readonly done: Deferred.Deferred<B, StorageError>
}

/** Turns an operation on many items, which answers in their order, into one on a single item. Closing the scope ends the running one. */
export const make = <A, B>(
  maxItems: number,
  run: (items: ReadonlyArray<A>) => Effect.Effect<ReadonlyArray<B>, StorageError>
): Effect.Effect<(item: A) => Effect.Effect<B, StorageError>, never, Scope.Scope> =>
  Effect.gen(function*() {
    const queue = yield* Queue.unbounded<Waiting<A, B>>()

    const finish = (waiting: ReadonlyArray<Waiting<A, B>>, exit: Exit.Exit<ReadonlyArray<B>, StorageError>) =>
      Effect.forEach(waiting, ({ done }, index) =>
        Deferred.done(
          done,
          Exit.flatMap(exit, (results) => {
            const result = results[index]
            return result === undefined ? Exit.fail(new StorageError({ reason: "Other" })) : Exit.succeed(result)
          })
        ), { discard: true })

    // a caller must hear how its transaction ended, so only waiting for the first item can be interrupted
    yield* Effect.uninterruptibleMask((restore) =>
      restore(Queue.take(queue)).pipe(
        Effect.zipLeft(afterPendingEvents),
        Effect.zipWith(Queue.takeUpTo(queue, maxItems - 1), (first, others) => [first, ...others]),
        Effect.flatMap((waiting) =>
          Effect.flatMap(Effect.exit(run(waiting.map(({ item }) => item))), (exit) => finish(waiting, exit))
        ),
        Effect.forever
      )
    ).pipe(
      Effect.ensuring(Effect.flatMap(Queue.takeAll(queue), (left) =>
        finish([...left], Exit.fail(new StorageError({ reason: "Unavailable" }))))),
      Effect.forkScoped
    )

    return (item) =>
      Effect.flatMap(Deferred.make<B, StorageError>(), (done) =>
        Effect.zipRight(Queue.offer(queue, { item, done }), Deferred.await(done)))
  })
