import { assert, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import * as MemoryOutbox from "../src/internal/memoryOutbox.ts"
import * as Upkeep from "../src/internal/upkeep.ts"

it.effect("prunes in small steps with a break in between, until nothing is left", () =>
  Effect.gen(function*() {
    const retention = 3_600_000
    yield* TestClock.adjust("2 hours")
    let left = 1_200
    const steps: Array<number> = []
    const outbox = {
      ...MemoryOutbox.make(),
      prune: (before: number, limit: number) =>
        Effect.sync(() => {
          assert.strictEqual(before, retention)
          const pruned = Math.min(left, limit)
          left -= pruned
          steps.push(pruned)
          return pruned
        })
    }
    yield* Upkeep.prune(outbox, retention)
    yield* Effect.yieldNow()
    // the others wait for the clock
    assert.deepStrictEqual(steps, [500])
    // less than the time until it prunes again
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(steps, [500, 500, 200])
  }).pipe(Effect.scoped))
