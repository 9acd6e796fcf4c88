import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Cause, Effect, Exit, FastCheck, Fiber, Order, Stream, Supervisor, TestClock } from "effect"
import { CustomerBatch, CustomerService, TrustlyAuthError, TrustlyServerError } from "effect-trustly"
import { collect, customers, journal, positions, settle, turns, updateOf, updatesOf, updating } from "./batch.ts"
import { minimalCustomer } from "./support.ts"
import { soon } from "./waiting.ts"

const authError = new TrustlyAuthError({ operation: "update" })

const sorted = (results: ReadonlyArray<CustomerBatch.Result>) => Arr.sort(positions(results), Order.number)

/** A service that fails for customer `rejected` after `reject` runs, and completes every other update after `finish` runs. */
const rejectingService = Effect.gen(function*() {
  const { entries, write } = yield* journal<string>()
  const reject = yield* Effect.makeLatch()
  const finish = yield* Effect.makeLatch()
  const layer = updating((id) =>
    Effect.zipRight(
      write(id),
      id === "rejected" ? Effect.zipRight(reject.await, Effect.fail(authError)) : finish.await
    )
  )
  return { layer, sent: entries, reject: reject.open, finish: finish.open }
})

/** An empty input that ends when the latch opens. */
const emptyUntil = (latch: Effect.Latch): Stream.Stream<never> => Stream.drain(Stream.fromEffect(latch.await))

describe("when Trustly rejects the credentials", () => {
  it.effect("starts no more commands, reports those in flight, and fails with the auth error", () =>
    Effect.gen(function*() {
      const { finish, layer, reject, sent } = yield* rejectingService
      const commands = updatesOf(["1", "1", "rejected", "rejected", "2", "2", ...customers(100)])
      const run = CustomerBatch.run(commands, { concurrency: 4 }).pipe(collect, Effect.provide(layer))
      const fiber = yield* Effect.fork(run)
      yield* settle
      yield* reject
      yield* settle
      yield* finish
      const { end, results } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* sent, ["1", "rejected", "2", "c0"])
      assert.deepStrictEqual(sorted(results), [0, 2, 4, 6])
      assert.deepStrictEqual(end, Exit.fail(authError))
      assert.deepStrictEqual(results.filter(({ exit }) => Exit.isFailure(exit)), [
        { position: 2, customer: { customerId: "rejected" }, command: updateOf("rejected"), exit: Exit.fail(authError) }
      ])
    }))

  it.effect("starts no more commands while onEnd runs", () =>
    Effect.gen(function*() {
      const { entries, write } = yield* journal<string>()
      const latch = yield* Effect.makeLatch()
      const layer = updating((id) =>
        Effect.zipRight(write(id), id === "rejected" ? Effect.fail(authError) : Effect.void)
      )
      const run = CustomerBatch.run(updatesOf(["rejected", ...customers(100)]), {
        concurrency: 2,
        onEnd: ({ exit }) => Exit.isFailure(exit) ? latch.await : Effect.void
      }).pipe(collect, Effect.provide(layer))
      const fiber = yield* Effect.fork(run)
      yield* settle
      yield* latch.open
      const { end, results } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(end, Exit.fail(authError))
      assert.isAtMost((yield* entries).length, 2)
      assert.strictEqual(results.length, (yield* entries).length)
    }))

  it.effect("starts no more commands while the consumer is slow", () =>
    Effect.gen(function*() {
      const { entries, write } = yield* journal<string>()
      const taking = yield* Effect.makeLatch()
      const [first, second] = yield* Effect.all([Effect.makeLatch(), Effect.makeLatch()])
      const layer = updating((id) =>
        Effect.zipRight(write(id), id === "rejected" ? Effect.fail(authError) : Effect.void)
      )
      const commands = updatesOf(["taken"]).pipe(
        Stream.concat(emptyUntil(first)),
        Stream.concat(updatesOf(["1", "2", "3", "rejected"])),
        Stream.concat(emptyUntil(second)),
        Stream.concat(updatesOf(["another"]))
      )
      const run = CustomerBatch.run(commands, { concurrency: 3 }).pipe(
        Stream.tap(() => taking.await),
        collect,
        Effect.provide(layer)
      )
      const fiber = yield* Effect.fork(run)
      // the consumer holds the first result, three more fill the result buffer, and the result of the auth error waits
      for (const latch of [first, second, taking]) {
        yield* settle
        yield* latch.open
      }
      const { end, results } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(end, Exit.fail(authError))
      assert.deepStrictEqual(yield* entries, ["taken", "1", "2", "3", "rejected"])
      assert.deepStrictEqual(sorted(results), [0, 1, 2, 3, 4])
    }))

  it.effect("does not wait for a slow input", () =>
    Effect.gen(function*() {
      const { layer, reject } = yield* rejectingService
      yield* reject
      const commands = Stream.concat(updatesOf(["rejected"]), Stream.never)
      const { end, results } = yield* CustomerBatch.run(commands).pipe(collect, Effect.provide(layer))
      assert.deepStrictEqual(end, Exit.fail(authError))
      assert.deepStrictEqual(positions(results), [0])
    }))

  it.effect("fails with the auth error even on the last command or after the input failed", () =>
    Effect.gen(function*() {
      const { layer, reject } = yield* rejectingService
      yield* reject
      for (const ending of [Stream.empty, Stream.fail("no")]) {
        const commands = Stream.concat(updatesOf(["rejected"]), ending)
        const { end } = yield* CustomerBatch.run(commands).pipe(collect, Effect.provide(layer))
        assert.deepStrictEqual(end, Exit.fail(authError))
      }
    }))
})

describe("interruption", () => {
  it.effect.prop(
    "leaves no command in flight and no fiber, whenever it happens",
    [FastCheck.nat(150), FastCheck.integer({ min: 1, max: 5 }), FastCheck.boolean()],
    ([point, concurrency, isSlow]) =>
      Effect.gen(function*() {
        let started = 0
        let ended = 0
        const layer = updating(() =>
          Effect.acquireUseRelease(
            Effect.sync(() => started++),
            () => turns(isSlow ? 200 : 3),
            () => Effect.sync(() => ended++)
          )
        )
        const ids = customers(30).flatMap((id) => [id, id])
        const run = Stream.runDrain(CustomerBatch.run(updatesOf(ids), { concurrency })).pipe(Effect.provide(layer))
        const supervisor = yield* Supervisor.track
        const fiber = yield* Effect.supervised(Effect.fork(run), supervisor)
        yield* turns(point)
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(ended, started)
        assert.deepStrictEqual(yield* supervisor.value, [])
      }),
    { fastCheck: { numRuns: 60 } }
  )

  it.effect("interrupts the run when a command interrupts its own fiber", () =>
    Effect.gen(function*() {
      const selfInterrupt = Effect.withFiberRuntime<never>((fiber) => {
        fiber.unsafeInterruptAsFork(fiber.id())
        return Effect.never
      })
      const layer = updating((id) => id === "bad" ? selfInterrupt : Effect.void)
      const { end } = yield* CustomerBatch.run(updatesOf(["bad", "bad", "good"])).pipe(collect, Effect.provide(layer))
      assert.isTrue(Exit.isInterrupted(end), String(end))
    }))

  it.effect("interrupts the commands in flight when Stream.take has enough results", () =>
    Effect.gen(function*() {
      const { entries, write } = yield* journal<string>()
      const layer = updating((id) => id === "fast" ? Effect.void : Effect.onInterrupt(Effect.never, () => write(id)))
      const commands = Stream.concat(updatesOf(["slow", "fast", "slower"]), Stream.never)
      const taken = yield* CustomerBatch.run(commands).pipe(Stream.take(1), Stream.runCollect, Effect.provide(layer))
      assert.deepStrictEqual(positions(Arr.fromIterable(taken)), [1])
      assert.deepStrictEqual(Arr.sort(yield* entries, Order.string), ["slow", "slower"])
    }))
})

describe("a service failure is a result, and the run continues", () => {
  const outage = new TrustlyServerError({ operation: "update" })
  const failures = {
    "a defect": () => Effect.die("broken"),
    "an exception": (): never => {
      throw new TypeError("broken")
    },
    "an interruption": () => Effect.interrupt,
    "an error": () => Effect.fail(outage)
  }
  for (const [what, perform] of Object.entries(failures)) {
    it.effect(what, () =>
      Effect.gen(function*() {
        const layer = CustomerService.layerTest({
          update: (id) => id === "1" ? perform() : Effect.succeed(minimalCustomer),
          modify: perform,
          find: ({ ...by }) =>
            "externalId" in by && by.externalId === "1"
              ? perform()
              : Effect.succeed([{ externalId: "2", customerId: "2" }])
        })
        const change = { vip: 1 }
        const commands = Stream.make<Array<CustomerBatch.Command>>(
          updateOf("1"),
          { customerId: "2", change },
          { externalId: "1", change },
          { externalId: "2", change },
          updateOf("3")
        )
        const { end, results } = yield* CustomerBatch.run(commands, { concurrency: 1 }).pipe(
          collect,
          Effect.provide(layer)
        )
        assert.deepStrictEqual(end, Exit.void)
        assert.deepStrictEqual(positions(results), [0, 1, 2, 3, 4])
        assert.deepStrictEqual(results.map(({ exit }) => exit._tag), [
          "Failure",
          "Failure",
          "Failure",
          "Failure",
          "Success"
        ])
        const causes = new Set(results.flatMap(({ exit }) => Exit.isFailure(exit) ? [exit.cause._tag] : []))
        assert.strictEqual(causes.size, 1)
      }))
  }

  it.effect("an operation that is not implemented", () =>
    Effect.gen(function*() {
      const { end, results } = yield* CustomerBatch.run(updatesOf(["1", "2"])).pipe(
        collect,
        Effect.provide(CustomerService.layerTest())
      )
      assert.deepStrictEqual(end, Exit.void)
      assert.deepStrictEqual(results.map(({ exit }) => Exit.isFailure(exit) && Cause.isDie(exit.cause)), [true, true])
    }))
})

describe("in an uninterruptible region", () => {
  it.effect("a run ends", () =>
    Effect.gen(function*() {
      const run = CustomerBatch.run(updatesOf(["1", "2"]), { rate: { limit: 1, interval: "1 hour" } })
      const fiber = yield* Effect.fork(
        Effect.uninterruptible(collect(run)).pipe(Effect.provide(updating(() => Effect.void)))
      )
      yield* settle
      yield* TestClock.adjust("1 hour")
      const { end, results } = yield* soon("the end of the run")(Fiber.join(fiber))
      assert.deepStrictEqual(end, Exit.void)
      assert.deepStrictEqual(positions(results), [0, 1])
    }))

  it.effect("a run that stops does not wait for its input", () =>
    Effect.gen(function*() {
      const commands = Stream.concat(updatesOf(["1"]), Stream.never)
      const fiber = yield* Effect.fork(
        Effect.uninterruptible(collect(CustomerBatch.run(commands))).pipe(
          Effect.provide(updating(() => Effect.fail(authError)))
        )
      )
      const { end } = yield* soon("the end of the run")(Fiber.join(fiber))
      assert.deepStrictEqual(end, Exit.fail(authError))
    }))
})
