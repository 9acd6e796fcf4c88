import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Stream, TestClock } from "effect"
import { CustomerBatch } from "effect-trustly"
import { collect, journal, positions, settle, turns, updateOf, updatesOf, updating } from "./batch.ts"

const boom = (): never => {
  throw new TypeError("boom")
}

describe("onBegin and onEnd", () => {
  it.effect("run around the call and before the next command for the customer", () =>
    Effect.gen(function*() {
      const { entries, write } = yield* journal<string>()
      const slowly = (entry: string) => Effect.zipRight(turns(20), write(entry))
      const layer = updating((id) => slowly(`call ${id}`))
      const { end } = yield* CustomerBatch.run(updatesOf(["1", "1"]), {
        onBegin: (command, position) => slowly(`begin ${command.customerId} ${position}`),
        onEnd: ({ command, exit, position }) => slowly(`end ${command.customerId} ${position} ${exit._tag}`)
      }).pipe(collect, Effect.provide(layer))
      assert.deepStrictEqual(end, Exit.void)
      assert.deepStrictEqual(yield* entries, [
        "begin 1 0",
        "call 1",
        "end 1 0 Success",
        "begin 1 1",
        "call 1",
        "end 1 1 Success"
      ])
    }))

  const stops: ReadonlyArray<
    readonly [string, (id: string) => Effect.Effect<void, string>, (cause: Cause.Cause<unknown>) => boolean]
  > = [
    ["fails", (id) => id === "bad" ? Effect.fail("no") : Effect.void, Cause.isFailure],
    ["dies", (id) => id === "bad" ? Effect.die("broken") : Effect.void, Cause.isDie],
    ["throws", (id) => id === "bad" ? boom() : Effect.void, Cause.isDie]
  ]
  for (const [what, hook, is] of stops) {
    const running = (options: CustomerBatch.Options<ReturnType<typeof updateOf>, string>) =>
      Effect.gen(function*() {
        const { entries, write } = yield* journal<string>()
        const latch = yield* Effect.makeLatch()
        const layer = updating((id) => Effect.zipRight(write(id), id === "slow" ? latch.await : Effect.void))
        const commands = Stream.concat(updatesOf(["slow", "slow", "bad", "bad"]), Stream.never)
        const run = CustomerBatch.run(commands, options).pipe(collect, Effect.provide(layer))
        const fiber = yield* Effect.fork(run)
        yield* settle
        yield* latch.open
        const { end, results } = yield* Fiber.join(fiber)
        assert.isTrue(Exit.isFailure(end) && is(end.cause), String(end))
        return { results, sent: yield* entries }
      })

    it.effect(`an onBegin that ${what} stops the run before its command is sent`, () =>
      Effect.gen(function*() {
        const { results, sent } = yield* running({ onBegin: ({ customerId }) => hook(customerId) })
        assert.deepStrictEqual(sent, ["slow"])
        assert.deepStrictEqual(positions(results), [0])
      }))

    it.effect(`an onEnd that ${what} stops the run after it emits the result of its command`, () =>
      Effect.gen(function*() {
        const { results, sent } = yield* running({ onEnd: ({ command: { customerId } }) => hook(customerId) })
        assert.deepStrictEqual(sent, ["slow", "bad"])
        assert.deepStrictEqual(positions(results), [2, 0])
      }))
  }

  it.effect("interrupting the run completes onEnd for a call that had ended, and calls it for no other", () =>
    Effect.gen(function*() {
      const { entries, write } = yield* journal<string>()
      const latch = yield* Effect.makeLatch()
      const layer = updating((id) => id === "done" ? Effect.void : Effect.never)
      const run = CustomerBatch.run(updatesOf(["done", "done", "hangs"]), {
        onBegin: ({ customerId }) => write(`begin ${customerId}`),
        onEnd: ({ command: { customerId } }) => Effect.zipRight(latch.await, write(`end ${customerId}`))
      }).pipe(Stream.runDrain, Effect.provide(layer))
      const fiber = yield* Effect.fork(run)
      yield* settle
      const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* settle
      yield* latch.open
      yield* Fiber.join(interrupting)
      assert.deepStrictEqual(yield* entries, ["begin done", "begin hangs", "end done"])
    }))

  it.effect("onBegin runs only once its command has waited for the rate", () =>
    Effect.gen(function*() {
      const { entries, write } = yield* journal<string>()
      const run = CustomerBatch.run(updatesOf(["1", "2", "3"]), {
        rate: { limit: 1, interval: "1 hour" },
        onBegin: ({ customerId }) => write(`begin ${customerId}`)
      }).pipe(Stream.runDrain, Effect.provide(updating((id) => write(`call ${id}`))))
      const fiber = yield* Effect.fork(run)
      yield* settle
      assert.deepStrictEqual(yield* entries, ["begin 1", "call 1"])
      yield* TestClock.adjust("1 hour")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* entries, ["begin 1", "call 1", "begin 2", "call 2"])
    }))

  it.effect("a run that stops does not wait for the rate, and begins no command that does", () =>
    Effect.gen(function*() {
      const { entries, write } = yield* journal<string>()
      const { end } = yield* CustomerBatch.run(updatesOf(["1", "2", "3"]), {
        rate: { limit: 1, interval: "1 hour" },
        onBegin: ({ customerId }) => write(`begin ${customerId}`),
        onEnd: () => Effect.zipRight(settle, Effect.fail("no"))
      }).pipe(collect, Effect.provide(updating((id) => write(`call ${id}`))))
      assert.deepStrictEqual(end, Exit.fail("no"))
      yield* TestClock.adjust("3 hours")
      assert.deepStrictEqual(yield* entries, ["begin 1", "call 1"])
    }))

  it.effect("interrupting the run interrupts onBegin", () =>
    Effect.gen(function*() {
      const { entries, write } = yield* journal<string>()
      const run = CustomerBatch.run(updatesOf(["1"]), { onBegin: () => Effect.never }).pipe(
        Stream.runDrain,
        Effect.provide(updating(write))
      )
      const fiber = yield* Effect.fork(run)
      yield* settle
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* entries, [])
    }))

  it.effect("performs every command when onBegin changes the customerId of one", () =>
    Effect.gen(function*() {
      const commands = Stream.fromIterable([{ ...updateOf("1") }, { ...updateOf("1") }, { ...updateOf("1") }])
      const { end, results } = yield* CustomerBatch.run(commands, {
        onBegin: (command, position) =>
          Effect.sync(() => {
            if (position === 0) command.customerId = "2"
          })
      }).pipe(collect, Effect.provide(updating(() => Effect.void)))
      assert.deepStrictEqual(end, Exit.void)
      assert.deepStrictEqual(positions(results), [0, 1, 2])
    }))
})
