import { assert, describe, it } from "@effect/vitest"
import { type Clock, Deferred, Duration, Effect, Exit, Fiber, Ref, TestClock, Tracer } from "effect"
import * as Deadline from "../../src/internal/deadline.ts"
import { clockWithOffset } from "../support.ts"
import { soon } from "../waiting.ts"

type Case = Effect.Effect<string, string>

const span = Tracer.externalSpan({ spanId: "span", traceId: "trace" })

/** The reference implementation, which the optimized one must match. */
const reference = (timeout: Duration.Duration): Deadline.Deadline => (effect, parent, onTimeout) =>
  Effect.flatten(
    Effect.timeoutTo(Effect.disconnect(Effect.withParentSpan(effect, parent)), {
      duration: timeout,
      onSuccess: (value) => Effect.succeed(value),
      onTimeout
    })
  )

const cases: Readonly<Record<string, Case>> = {
  "a success": Effect.succeed("done"),
  "the current span": Effect.map(Effect.orDie(Effect.currentParentSpan), ({ spanId }) => spanId),
  "a failure": Effect.fail("failed"),
  "a defect": Effect.die("died"),
  "an interruption": Effect.interrupt,
  "a success just in time": Effect.as(Effect.sleep("999 millis"), "done"),
  "a failure just in time": Effect.zipRight(Effect.sleep("999 millis"), Effect.fail("failed")),
  "a success too late": Effect.as(Effect.sleep("1001 millis"), "done"),
  "no end": Effect.never,
  "an uninterruptible wait": Effect.uninterruptible(Effect.as(Effect.sleep("1 hour"), "done"))
}

const run = (deadline: Deadline.Deadline, effect: Case) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(Effect.exit(deadline(effect, span, () => Effect.fail("timed out"))))
    yield* TestClock.adjust("1 second")
    const poll = yield* Fiber.poll(fiber)
    yield* TestClock.adjust("1 hour")
    const exit = yield* Fiber.join(fiber)
    // fiber ids differ
    return { hadEnded: poll._tag, exit: Exit.isInterrupted(exit) ? "interrupted" : exit }
  })

describe("a deadline", () => {
  for (const [name, effect] of Object.entries(cases)) {
    it.effect(`behaves like the reference implementation: ${name}`, () =>
      Effect.gen(function*() {
        const timeout = Duration.seconds(1)
        assert.deepStrictEqual(yield* run(Deadline.make(timeout), effect), yield* run(reference(timeout), effect))
      }))
  }

  it.effect("fires in an uninterruptible caller", () =>
    Effect.gen(function*() {
      const deadline = Deadline.make(Duration.seconds(1))
      const fiber = yield* Effect.fork(
        Effect.uninterruptible(deadline(Effect.never, span, () => Effect.succeed("timed out")))
      )
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(fiber), "timed out")
    }))

  it.live("close to zero also fires for the calls after one that has not ended", () =>
    Effect.gen(function*() {
      const deadline = Deadline.make(Duration.nanos(1n))
      const gate = yield* Effect.makeLatch()
      const first = yield* Effect.fork(deadline(Effect.uninterruptible(gate.await), span, () => Effect.void))
      yield* Effect.yieldNow()
      const second = deadline(Effect.never, span, () => Effect.succeed("timed out"))
      assert.strictEqual(yield* soon("the deadline")(second), "timed out")
      yield* gate.open
      yield* Fiber.join(first)
    }))

  it.effect("interrupts the effect when its caller is interrupted", () =>
    Effect.gen(function*() {
      const deadline = Deadline.make(Duration.seconds(1))
      const interrupted = yield* Deferred.make<void>()
      const effect = Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined))
      const fiber = yield* Effect.fork(deadline(effect, span, () => Effect.void))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(fiber)
      assert.isTrue(yield* Deferred.isDone(interrupted))
    }))

  it.effect("ends an interrupted caller that waits for an effect that ignores interruption", () =>
    Effect.gen(function*() {
      const deadline = Deadline.make(Duration.seconds(1))
      const fiber = yield* Effect.fork(deadline(Effect.uninterruptible(Effect.never), span, () => Effect.void))
      yield* Effect.yieldNow()
      const interruption = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* TestClock.adjust("999 millis")
      assert.strictEqual((yield* Fiber.poll(interruption))._tag, "None")
      yield* TestClock.adjust("1 millis")
      assert.isTrue(Exit.isInterrupted(yield* Fiber.join(interruption)))
    }))

  it.effect("longer than the platform timer limit fires on time", () =>
    Effect.gen(function*() {
      const deadline = Deadline.make(Duration.days(60))
      const fiber = yield* Effect.fork(deadline(Effect.never, span, () => Effect.succeed("timed out")))
      yield* TestClock.adjust(Duration.subtract(Duration.days(60), Duration.millis(1)))
      assert.strictEqual((yield* Fiber.poll(fiber))._tag, "None")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(fiber), "timed out")
    }))

  it.effect("longer than the platform timer limit never sleeps longer than that limit", () =>
    Effect.gen(function*() {
      const sleeps: Array<number> = []
      const clock = steppedClock(yield* Effect.clock, sleeps, yield* Ref.make(0))
      const wait = Deadline.make(Duration.days(60))(Effect.never, span, () => Effect.succeed("timed out"))
      const fiber = yield* Effect.fork(Effect.withClock(wait, clock))
      yield* TestClock.adjust(Duration.days(60))
      assert.strictEqual(yield* Fiber.join(fiber), "timed out")
      assert.isAtMost(Math.max(...sleeps), 2 ** 31 - 1)
    }))
})

it.effect("a deadline of Number.MAX_VALUE milliseconds never fires", () =>
  Effect.map(
    Deadline.make(Duration.millis(Number.MAX_VALUE))(Effect.succeed("done"), span, () => Effect.succeed("timed out")),
    (result) => assert.strictEqual(result, "done")
  ))

/** A clock with an adjustable system time, which records its sleeps in milliseconds. */
const steppedClock = (test: Clock.Clock, sleeps: Array<number>, step: Ref.Ref<number>): Clock.Clock =>
  Object.assign(clockWithOffset(test, () => Effect.runSync(Ref.get(step))), {
    sleep: (duration: Duration.Duration) => {
      sleeps.push(Duration.toMillis(duration))
      return test.sleep(duration)
    }
  })

describe("a system clock change", () => {
  for (
    const [name, millis] of [["of -8 s", -8000], ["of -1 hour", -3_600_000], ["of +1 day", 86_400_000]] as const
  ) {
    it.effect(`${name} neither lengthens nor shortens a deadline`, () =>
      Effect.gen(function*() {
        const step = yield* Ref.make(0)
        const sleeps: Array<number> = []
        const clock = steppedClock(yield* Effect.clock, sleeps, step)
        const deadline = Deadline.make(Duration.seconds(2))
        const wait = deadline(Effect.never, span, () => Effect.succeed("timed out"))
        const early = yield* Effect.fork(Effect.withClock(wait, clock))
        yield* TestClock.adjust("500 millis")
        yield* Ref.set(step, millis)
        const late = yield* Effect.fork(Effect.withClock(wait, clock))
        yield* TestClock.adjust("1499 millis")
        assert.strictEqual((yield* Fiber.poll(early))._tag, "None")
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* Fiber.join(early), "timed out")
        yield* TestClock.adjust("499 millis")
        assert.strictEqual((yield* Fiber.poll(late))._tag, "None")
        yield* TestClock.adjust("1 millis")
        assert.strictEqual(yield* Fiber.join(late), "timed out")
        assert.isAtMost(Math.max(...sleeps), 2000)
      }))

    it.effect(`${name} does not end a younger call together with an older one`, () =>
      Effect.gen(function*() {
        const step = yield* Ref.make(0)
        const clock = steppedClock(yield* Effect.clock, [], step)
        const wait = Deadline.make(Duration.seconds(2))(Effect.never, span, () => Effect.succeed("timed out"))
        const older = yield* Effect.fork(Effect.withClock(wait, clock))
        yield* TestClock.adjust("1760 millis")
        const younger = yield* Effect.fork(Effect.withClock(wait, clock))
        yield* Effect.yieldNow()
        yield* Ref.set(step, millis)
        yield* TestClock.adjust("240 millis")
        assert.strictEqual((yield* Fiber.poll(younger))._tag, "None")
        assert.strictEqual(yield* Fiber.join(older), "timed out")
        yield* TestClock.adjust("1760 millis")
        assert.strictEqual(yield* Fiber.join(younger), "timed out")
      }))
  }
})
