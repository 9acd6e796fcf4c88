import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Duration, Effect, Exit, Fiber, Ref, TestClock } from "effect"
import * as Deadline from "../../src/internal/deadline.ts"

type Case = Effect.Effect<string, string>

/** The plain version, which the optimized one stands for. */
const plain = (timeout: Duration.Duration): Deadline.Deadline => (effect, onTimeout) =>
  Effect.flatten(
    Effect.timeoutTo(Effect.disconnect(effect), {
      duration: timeout,
      onSuccess: (value) => Effect.succeed(value),
      onTimeout
    })
  )

const cases: Readonly<Record<string, Case>> = {
  "a success": Effect.succeed("done"),
  "a failure": Effect.fail("failed"),
  "a defect": Effect.die("died"),
  "an interruption of its own": Effect.interrupt,
  "a success just in time": Effect.as(Effect.sleep("999 millis"), "done"),
  "a failure just in time": Effect.zipRight(Effect.sleep("999 millis"), Effect.fail("failed")),
  "a success too late": Effect.as(Effect.sleep("1001 millis"), "done"),
  "no end": Effect.never,
  "an uninterruptible wait": Effect.uninterruptible(Effect.as(Effect.sleep("1 hour"), "done"))
}

const run = (deadline: Deadline.Deadline, effect: Case) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(Effect.exit(deadline(effect, () => Effect.fail("timed out"))))
    yield* TestClock.adjust("1 second")
    const poll = yield* Fiber.poll(fiber)
    yield* TestClock.adjust("1 hour")
    const exit = yield* Fiber.join(fiber)
    // fiber ids differ
    return { hadEnded: poll._tag, exit: Exit.isInterrupted(exit) ? "interrupted" : exit }
  })

describe("a deadline", () => {
  for (const [name, effect] of Object.entries(cases)) {
    it.effect(`does what the plain version does: ${name}`, () =>
      Effect.gen(function*() {
        const timeout = Duration.seconds(1)
        assert.deepStrictEqual(yield* run(Deadline.make(timeout), effect), yield* run(plain(timeout), effect))
      }))
  }

  it.effect("ends in an uninterruptible caller", () =>
    Effect.gen(function*() {
      const deadline = Deadline.make(Duration.seconds(1))
      const fiber = yield* Effect.fork(
        Effect.uninterruptible(deadline(Effect.never, () => Effect.succeed("timed out")))
      )
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(fiber), "timed out")
    }))

  it.effect("interrupts the effect when its caller is interrupted", () =>
    Effect.gen(function*() {
      const deadline = Deadline.make(Duration.seconds(1))
      const interrupted = yield* Deferred.make<void>()
      const effect = Effect.onInterrupt(Effect.never, () => Deferred.succeed(interrupted, undefined))
      const fiber = yield* Effect.fork(deadline(effect, () => Effect.void))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(fiber)
      assert.isTrue(yield* Deferred.isDone(interrupted))
    }))

  it.effect("of more than a platform timer can hold ends when it should", () =>
    Effect.gen(function*() {
      const deadline = Deadline.make(Duration.days(60))
      const fiber = yield* Effect.fork(deadline(Effect.never, () => Effect.succeed("timed out")))
      yield* TestClock.adjust(Duration.subtract(Duration.days(60), Duration.millis(1)))
      assert.strictEqual((yield* Fiber.poll(fiber))._tag, "None")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(fiber), "timed out")
    }))
})

it.effect("a deadline of the largest number never ends", () =>
  Effect.map(
    Deadline.make(Duration.millis(Number.MAX_VALUE))(Effect.succeed("done"), () => Effect.succeed("timed out")),
    (result) => assert.strictEqual(result, "done")
  ))

/** A clock whose system time can be set, while its monotonic time goes on with the test's. */
const steppedClock = (test: Clock.Clock, sleeps: Array<number>, step: Ref.Ref<number>): Clock.Clock => {
  const now = () => test.unsafeCurrentTimeMillis() + Effect.runSync(Ref.get(step))
  return {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: now,
    currentTimeMillis: Effect.sync(now),
    unsafeCurrentTimeNanos: () => test.unsafeCurrentTimeNanos(),
    currentTimeNanos: Effect.sync(() => test.unsafeCurrentTimeNanos()),
    sleep: (duration) => {
      sleeps.push(Duration.toMillis(duration))
      return test.sleep(duration)
    }
  }
}

describe("a step of the system clock", () => {
  for (
    const [name, millis] of [["8 s back", -8000], ["an hour back", -3_600_000], ["a day forward", 86_400_000]] as const
  ) {
    it.effect(`${name} neither lengthens nor shortens a deadline`, () =>
      Effect.gen(function*() {
        const step = yield* Ref.make(0)
        const sleeps: Array<number> = []
        const clock = steppedClock(yield* Effect.clock, sleeps, step)
        const deadline = Deadline.make(Duration.seconds(2))
        const wait = deadline(Effect.never, () => Effect.succeed("timed out"))
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
  }
})
