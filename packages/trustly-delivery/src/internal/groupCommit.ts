/** Group commit: callers that come while a transaction runs share the next one. */
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { StorageError } from "../DeliveryError.ts"

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

    // only waiting for work can be interrupted: a caller must hear how its transaction ended
    yield* Effect.uninterruptibleMask((restore) =>
      restore(Queue.takeBetween(queue, 1, maxItems)).pipe(
        Effect.map(Chunk.toReadonlyArray),
        Effect.flatMap((waiting) =>
          Effect.flatMap(
            Effect.exit(run(waiting.map(({ item }) => item))),
            (exit) => finish(waiting, exit)
          )
        ),
        Effect.forever
      )
    ).pipe(
      Effect.ensuring(Effect.flatMap(Queue.takeAll(queue), (left) =>
        finish(Chunk.toReadonlyArray(left), Exit.fail(new StorageError({ reason: "Unavailable" }))))),
      Effect.forkScoped
    )

    return (item) =>
      Effect.flatMap(Deferred.make<B, StorageError>(), (done) =>
        Effect.zipRight(Queue.offer(queue, { item, done }), Deferred.await(done)))
  })
