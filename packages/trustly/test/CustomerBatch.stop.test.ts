import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Cause, Effect, Exit, FastCheck, Fiber, Order, Stream, Supervisor } from "effect"
import { CustomerBatch, CustomerService, TrustlyAuthError, TrustlyServerError } from "effect-trustly"
import { collect, customers, journal, positions, settle, turns, updateOf, updatesOf, updating } from "./batch.ts"
import { least } from "./support.ts"

const refused = new TrustlyAuthError({ operation: "update" })

const sorted = (results: ReadonlyArray<CustomerBatch.Result>) => Arr.sort(positions(results), Order.number)

/** A service that refuses customer `refused` once it is told to, and holds every other one until it is told to go on. */
const refusing = Effect.gen(function*() {
  const { entries, write } = yield* journal<string>()
  const refuse = yield* Effect.makeLatch()
  const goOn = yield* Effect.makeLatch()
  const layer = updating((id) =>
    Effect.zipRight(
      write(id),
      id === "refused" ? Effect.zipRight(refuse.await, Effect.fail(refused)) : goOn.await
    )
  )
  return { layer, sent: entries, refuse: refuse.open, goOn: goOn.open }
})

/** An input that gives nothing and ends when the latch is opened. */
const held = (latch: Effect.Latch): Stream.Stream<never> => Stream.drain(Stream.fromEffect(latch.await))

describe("when Trustly refuses the credentials", () => {
  it.effect("nothing else is begun, what is under way has its result, and the run fails with the refusal", () =>
    Effect.gen(function*() {
      const { goOn, layer, refuse, sent } = yield* refusing
      const commands = updatesOf(["1", "1", "refused", "refused", "2", "2", ...customers(100)])
      const run = CustomerBatch.run(commands, { concurrency: 4 }).pipe(collect, Effect.provide(layer))
      const fiber = yield* Effect.fork(run)
      yield* settle
      yield* refuse
      yield* settle
      yield* goOn
      const { end, results } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(yield* sent, ["1", "refused", "2", "c0"])
      assert.deepStrictEqual(sorted(results), [0, 2, 4, 6])
      assert.deepStrictEqual(end, Exit.fail(refused))
      assert.deepStrictEqual(results.filter(({ exit }) => Exit.isFailure(exit)), [
        { position: 2, customer: { customerId: "refused" }, command: updateOf("refused"), exit: Exit.fail(refused) }
      ])
    }))

  it.effect("nothing else is begun while onEnd hears of it", () =>
    Effect.gen(function*() {
      const { entries, write } = yield* journal<string>()
      const latch = yield* Effect.makeLatch()
      const layer = updating((id) => Effect.zipRight(write(id), id === "refused" ? Effect.fail(refused) : Effect.void))
      const run = CustomerBatch.run(updatesOf(["refused", ...customers(100)]), {
        concurrency: 2,
        onEnd: ({ exit }) => Exit.isFailure(exit) ? latch.await : Effect.void
      }).pipe(collect, Effect.provide(layer))
      const fiber = yield* Effect.fork(run)
      yield* settle
      yield* latch.open
      const { end, results } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(end, Exit.fail(refused))
      assert.isAtMost((yield* entries).length, 2)
      assert.strictEqual(results.length, (yield* entries).length)
    }))

  it.effect("nothing else is begun while the consumer is slow", () =>
    Effect.gen(function*() {
      const { entries, write } = yield* journal<string>()
      const taking = yield* Effect.makeLatch()
      const [first, second] = yield* Effect.all([Effect.makeLatch(), Effect.makeLatch()])
      const layer = updating((id) => Effect.zipRight(write(id), id === "refused" ? Effect.fail(refused) : Effect.void))
      const commands = updatesOf(["taken"]).pipe(
        Stream.concat(held(first)),
        Stream.concat(updatesOf(["1", "2", "3", "refused"])),
        Stream.concat(held(second)),
        Stream.concat(updatesOf(["another"]))
      )
      const run = CustomerBatch.run(commands, { concurrency: 3 }).pipe(
        Stream.tap(() => taking.await),
        collect,
        Effect.provide(layer)
      )
      const fiber = yield* Effect.fork(run)
      // the consumer has the first result, then three fill the room for results, and that of the refusal waits
      for (const latch of [first, second, taking]) {
        yield* settle
        yield* latch.open
      }
      const { end, results } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(end, Exit.fail(refused))
      assert.deepStrictEqual(yield* entries, ["taken", "1", "2", "3", "refused"])
      assert.deepStrictEqual(sorted(results), [0, 1, 2, 3, 4])
    }))

  it.effect("a slow input is not waited for", () =>
    Effect.gen(function*() {
      const { layer, refuse } = yield* refusing
      yield* refuse
      const commands = Stream.concat(updatesOf(["refused"]), Stream.never)
      const { end, results } = yield* CustomerBatch.run(commands).pipe(collect, Effect.provide(layer))
      assert.deepStrictEqual(end, Exit.fail(refused))
      assert.deepStrictEqual(positions(results), [0])
    }))

  it.effect("on the last command, or after an input that failed, it is the refusal that comes out", () =>
    Effect.gen(function*() {
      const { layer, refuse } = yield* refusing
      yield* refuse
      for (const ending of [Stream.empty, Stream.fail("no")]) {
        const commands = Stream.concat(updatesOf(["refused"]), ending)
        const { end } = yield* CustomerBatch.run(commands).pipe(collect, Effect.provide(layer))
        assert.deepStrictEqual(end, Exit.fail(refused))
      }
    }))
})

describe("a run that is interrupted", () => {
  it.effect.prop(
    "leaves nothing under way and no fiber, at whatever point that is",
    [FastCheck.nat(150), FastCheck.integer({ min: 1, max: 5 }), FastCheck.boolean()],
    ([point, concurrency, isSlow]) =>
      Effect.gen(function*() {
        let begun = 0
        let ended = 0
        const layer = updating(() =>
          Effect.acquireUseRelease(
            Effect.sync(() => begun++),
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
        assert.strictEqual(ended, begun)
        assert.deepStrictEqual(yield* supervisor.value, [])
      }),
    { fastCheck: { numRuns: 60 } }
  )

  it.effect("is one where somebody interrupts a command from within", () =>
    Effect.gen(function*() {
      const suicide = Effect.withFiberRuntime<never>((fiber) => {
        fiber.unsafeInterruptAsFork(fiber.id())
        return Effect.never
      })
      const layer = updating((id) => id === "bad" ? suicide : Effect.void)
      const { end } = yield* CustomerBatch.run(updatesOf(["bad", "bad", "good"])).pipe(collect, Effect.provide(layer))
      assert.isTrue(Exit.isInterrupted(end), String(end))
    }))

  it.effect("is what Stream.take does when it has enough", () =>
    Effect.gen(function*() {
      const { entries, write } = yield* journal<string>()
      const layer = updating((id) => id === "fast" ? Effect.void : Effect.onInterrupt(Effect.never, () => write(id)))
      const commands = Stream.concat(updatesOf(["slow", "fast", "slower"]), Stream.never)
      const taken = yield* CustomerBatch.run(commands).pipe(Stream.take(1), Stream.runCollect, Effect.provide(layer))
      assert.deepStrictEqual(positions(Arr.fromIterable(taken)), [1])
      assert.deepStrictEqual(Arr.sort(yield* entries, Order.string), ["slow", "slower"])
    }))
})

describe("what a service does wrong is a result, and the run goes on", () => {
  const outage = new TrustlyServerError({ operation: "update" })
  const wrong = {
    "a defect": () => Effect.die("broken"),
    "an exception": (): never => {
      throw new TypeError("broken")
    },
    "an interruption of its own": () => Effect.interrupt,
    "an error": () => Effect.fail(outage)
  }
  for (const [what, perform] of Object.entries(wrong)) {
    it.effect(what, () =>
      Effect.gen(function*() {
        const layer = CustomerService.layerTest({
          update: (id) => id === "1" ? perform() : Effect.succeed(least),
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

  it.effect("an operation that is not there", () =>
    Effect.gen(function*() {
      const { end, results } = yield* CustomerBatch.run(updatesOf(["1", "2"])).pipe(
        collect,
        Effect.provide(CustomerService.layerTest())
      )
      assert.deepStrictEqual(end, Exit.void)
      assert.deepStrictEqual(results.map(({ exit }) => Exit.isFailure(exit) && Cause.isDie(exit.cause)), [true, true])
    }))
})
