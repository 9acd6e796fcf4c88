import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import * as Locks from "../../src/internal/locks.ts"

const deadlock = Effect.die("a deadlock")

it.effect("several copies of the module in one process share a lock", () =>
  Effect.gen(function*() {
    const path = "../../src/internal/locks.ts"
    const copy: typeof Locks = yield* Effect.promise(() => import(`${path}?copy`))
    assert.notStrictEqual(copy.withLock, Locks.withLock)
    const isLocked = yield* Deferred.make<void>()
    const release = yield* Deferred.make<void>()
    const first = yield* Effect.fork(
      copy.withLock("a key", Effect.zipRight(Deferred.succeed(isLocked, undefined), Deferred.await(release)), deadlock)
    )
    yield* Deferred.await(isLocked)
    const second = yield* Effect.fork(Locks.withLock("a key", Effect.void, deadlock))
    yield* Effect.repeatN(Effect.yieldNow(), 20)
    assert.strictEqual((yield* Fiber.poll(second))._tag, "None")
    yield* Deferred.succeed(release, undefined)
    yield* Fiber.join(first)
    yield* Fiber.join(second)
  }))
