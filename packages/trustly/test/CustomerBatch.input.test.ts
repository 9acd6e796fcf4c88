import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Cause, Effect, Exit, Fiber, Order, Ref, Stream } from "effect"
import { CustomerBatch } from "effect-trustly"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { collect, customers, journal, positions, settle, turns, updateOf, updatesOf, updating } from "./batch.ts"

/** The commands of these customers, and how many of them have been read. */
const counted = (ids: Iterable<string>) =>
  Effect.map(Ref.make(0), (count) => ({
    commands: Stream.tap(updatesOf(ids), () => Ref.update(count, (n) => n + 1)),
    read: Ref.get(count)
  }))

describe("the input is read only as fast as commands end and results are taken", () => {
  it.effect("at most 16 commands for each place wait for a customer", () =>
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

  it.effect("a consumer that takes nothing stops the run", () =>
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
      // those that the consumer holds, those that wait to be taken, those whose place is not free yet
      assert.isAtMost((yield* entries).length, 3 * 4)
      // and those that are read ahead
      assert.isAtMost(yield* read, 4 * 4)
      yield* latch.open
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* Ref.get(taken), 1000)
    }))

  it.effect("a slow input does not hold back the results of what was read", () =>
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
  it.live("is the same after 60,000 commands as after 20,000", () =>
    Effect.gen(function*() {
      const heap = new Map<number, number>()
      let ended = 0
      const look = Effect.sync(() => {
        ended += 1
        if (ended % 20_000 !== 0) return
        gc()
        heap.set(ended, process.memoryUsage().heapUsed)
      })
      // read one at a time and again by many: each customer twice, one of them while the other is under way
      const commands = Stream.range(1, 60_000, 8).pipe(Stream.map((n) => updateOf(`${n >> 1}`)))
      yield* CustomerBatch.run(commands).pipe(
        Stream.runForEach(() => look),
        Effect.provide(updating(() => Effect.yieldNow()))
      )
      assert.isBelow((heap.get(60_000) ?? Infinity) - (heap.get(20_000) ?? 0), 2 ** 20)
    }))
})

/** A run of two at a time, each of them slow. */
const runSlowly = <E>(commands: Stream.Stream<CustomerBatch.Command, E>) =>
  CustomerBatch.run(commands, { concurrency: 2 }).pipe(
    collect,
    Effect.provide(updating(() => turns(5)))
  )

describe("the end of the input", () => {
  const some = updatesOf(["slow", "slow", "slow", "other"])

  it.effect("may be its beginning", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* runSlowly(Stream.empty), { results: [], end: Exit.void })
      assert.deepStrictEqual(yield* runSlowly(Stream.fail("no")), { results: [], end: Exit.fail("no") })
    }))

  const endings = [
    ["an error", Stream.fail("no"), Cause.isFailure],
    ["a defect", Stream.die("broken"), Cause.isDie],
    ["an interruption of its own", Stream.fromEffect(Effect.interrupt), Cause.isInterrupted]
  ] as const
  for (const [what, ending, is] of endings) {
    it.effect(`may be ${what}, after which the commands that were read are performed`, () =>
      Effect.gen(function*() {
        const { end, results } = yield* runSlowly(Stream.concat(some, ending))
        assert.deepStrictEqual(Arr.sort(positions(results), Order.number), [0, 1, 2, 3])
        assert.isTrue(Exit.isFailure(end) && is(end.cause), String(end))
      }))
  }

  it.effect("comes after one large chunk as well", () =>
    Effect.gen(function*() {
      const all = Arr.map(customers(5000), updateOf)
      const { results } = yield* runSlowly(Stream.fromIterable(all))
      assert.deepStrictEqual(Arr.sort(positions(results), Order.number), Arr.range(0, 4999))
    }))
})
