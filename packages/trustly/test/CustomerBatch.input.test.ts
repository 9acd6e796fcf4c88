import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Cause, Effect, Exit, Fiber, Order, Ref, Stream } from "effect"
import { CustomerBatch } from "effect-trustly"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { collect, customers, journal, positions, settle, turns, updateOf, updatesOf, updating } from "./batch.ts"

/** A stream of commands for these customers, and the count of commands read from it. */
const counted = (ids: Iterable<string>) =>
  Effect.map(Ref.make(0), (count) => ({
    commands: Stream.tap(updatesOf(ids), () => Ref.update(count, (n) => n + 1)),
    read: Ref.get(count)
  }))

describe("backpressure on the input", () => {
  it.effect("buffers at most 16 commands per unit of concurrency for busy customers", () =>
    Effect.gen(function*() {
      const gate = yield* Effect.makeSemaphore(0)
      const { commands, read } = yield* counted(Arr.replicate("one", 1000))
      const layer = updating(() => gate.take(1))
      const run = CustomerBatch.run(commands, { concurrency: 2 }).pipe(collect, Effect.provide(layer))
      const fiber = yield* Effect.fork(run)
      yield* settle
      assert.strictEqual(yield* read, 1 + 2 * 16)
      yield* gate.release(100)
      yield* settle
      assert.strictEqual(yield* read, 101 + 2 * 16)
      yield* gate.release(1000)
      assert.deepStrictEqual(positions((yield* Fiber.join(fiber)).results), Arr.range(0, 999))
    }))

  it.effect("pauses while the consumer takes no results", () =>
    Effect.gen(function*() {
      const { commands, read } = yield* counted(customers(1000))
      const { entries, write } = yield* journal<string>()
      const latch = yield* Effect.makeLatch()
      const taken = yield* Ref.make(0)
      const run = CustomerBatch.run(commands, { concurrency: 4 }).pipe(
        Stream.runForEach(() => Effect.zipRight(latch.await, Ref.update(taken, (n) => n + 1))),
        Effect.provide(updating(write))
      )
      const fiber = yield* Effect.fork(run)
      yield* settle
      // results that the consumer holds, buffered results, and ended commands that wait to emit their result
      assert.isAtMost((yield* entries).length, 3 * 4)
      // plus commands that are read ahead
      assert.isAtMost(yield* read, 4 * 4)
      yield* latch.open
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* Ref.get(taken), 1000)
    }))

  it.effect("a slow input does not delay the results of commands already read", () =>
    Effect.gen(function*() {
      const commands = Stream.concat(Stream.make(updateOf("1"), updateOf("1"), updateOf("2")), Stream.never)
      const taken = yield* CustomerBatch.run(commands).pipe(
        Stream.take(3),
        Stream.runCollect,
        Effect.provide(updating(() => Effect.void))
      )
      assert.sameMembers(positions(Arr.fromIterable(taken)).slice(), [0, 1, 2])
    }))
})

setFlagsFromString("--expose-gc")
const gc: () => void = runInNewContext("gc")

describe("memory", () => {
  it.live("does not grow between 20,000 and 60,000 commands", () =>
    Effect.gen(function*() {
      const heap = new Map<number, number>()
      let ended = 0
      const sampleHeap = Effect.sync(() => {
        ended += 1
        if (ended % 20_000 !== 0) return
        gc()
        heap.set(ended, process.memoryUsage().heapUsed)
      })
      // chunks of 8 commands, two for each customer, so that the second waits while the first is in flight
      const commands = Stream.range(1, 60_000, 8).pipe(Stream.map((n) => updateOf(`${n >> 1}`)))
      yield* CustomerBatch.run(commands).pipe(
        Stream.runForEach(() => sampleHeap),
        Effect.provide(updating(() => Effect.yieldNow()))
      )
      assert.isBelow((heap.get(60_000) ?? Infinity) - (heap.get(20_000) ?? 0), 2 ** 20)
    }))
})

/** Runs slow commands with a concurrency of two. */
const runSlowly = <E>(commands: Stream.Stream<CustomerBatch.Command, E>) =>
  CustomerBatch.run(commands, { concurrency: 2 }).pipe(
    collect,
    Effect.provide(updating(() => turns(5)))
  )

describe("the end of the input", () => {
  const some = updatesOf(["slow", "slow", "slow", "other"])

  it.effect("can be immediate", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* runSlowly(Stream.empty), { results: [], end: Exit.void })
      assert.deepStrictEqual(yield* runSlowly(Stream.fail("no")), { results: [], end: Exit.fail("no") })
    }))

  const endings = [
    ["an error", Stream.fail("no"), Cause.isFailure],
    ["a defect", Stream.die("broken"), Cause.isDie],
    ["an interruption", Stream.fromEffect(Effect.interrupt), Cause.isInterrupted]
  ] as const
  for (const [what, ending, is] of endings) {
    it.effect(`can be ${what}, after which the run completes the commands already read`, () =>
      Effect.gen(function*() {
        const { end, results } = yield* runSlowly(Stream.concat(some, ending))
        assert.deepStrictEqual(Arr.sort(positions(results), Order.number), [0, 1, 2, 3])
        assert.isTrue(Exit.isFailure(end) && is(end.cause), String(end))
      }))
  }

  it.effect("can follow one large chunk", () =>
    Effect.gen(function*() {
      const all = Arr.map(customers(5000), updateOf)
      const { results } = yield* runSlowly(Stream.fromIterable(all))
      assert.deepStrictEqual(Arr.sort(positions(results), Order.number), Arr.range(0, 4999))
    }))
})
