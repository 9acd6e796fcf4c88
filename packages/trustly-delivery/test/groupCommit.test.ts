import { assert, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { waitFor } from "../../trustly/test/waiting.ts"
import * as GroupCommit from "../src/internal/groupCommit.ts"

it.live("closing waits for the running batch, and fails the callers after it", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const isRunning = yield* Effect.makeLatch()
    const gate = yield* Effect.makeLatch()
    const double = (items: ReadonlyArray<number>) =>
      isRunning.open.pipe(Effect.zipRight(gate.await), Effect.as(items.map((item) => 2 * item)))
    const commit = yield* Scope.extend(GroupCommit.make(8, double), scope)
    const first = yield* Effect.fork(commit(1))
    yield* isRunning.await
    const second = yield* Effect.fork(Effect.flip(commit(2)))
    yield* Effect.yieldNow()
    const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
    yield* gate.open
    yield* waitFor("the scope to close")(Fiber.join(closing))
    assert.strictEqual(yield* Fiber.join(first), 2)
    const late = yield* waitFor("the late caller")(Effect.flip(commit(3)))
    for (const error of [yield* Fiber.join(second), late]) {
      assert.deepInclude(error, { _tag: "StorageError", reason: "Unavailable" })
    }
  }))

it.scopedLive("stores nothing for a caller that was interrupted before its transaction began", () =>
  Effect.gen(function*() {
    const stored: Array<number> = []
    const isRunning = yield* Effect.makeLatch()
    const gate = yield* Effect.makeLatch()
    const store = (items: ReadonlyArray<number>) =>
      isRunning.open.pipe(
        Effect.zipRight(gate.await),
        Effect.as(items),
        Effect.tap(() => Effect.sync(() => stored.push(...items)))
      )
    const commit = yield* GroupCommit.make(8, store)
    const first = yield* Effect.fork(commit(1))
    yield* isRunning.await
    const second = yield* Effect.fork(commit(2))
    const third = yield* Effect.fork(commit(3))
    yield* Effect.yieldNow()
    yield* waitFor("the interrupted caller")(Fiber.interrupt(second))
    yield* gate.open
    yield* Fiber.join(first)
    yield* Fiber.join(third)
    assert.deepStrictEqual(stored, [1, 3])
  }))
