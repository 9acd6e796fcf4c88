import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Effect, Either, Exit, FastCheck, Fiber, Order, Schema, Stream, TestClock } from "effect"
import {
  CustomerBatch,
  type CustomerChange,
  CustomerService,
  type CustomerUpdate,
  TrustlyNotFoundError,
  TrustlyServerError
} from "effect-trustly"
import { collect, customers, journal, positions, settle, turns, updateOf, updatesOf, updating } from "./batch.ts"
import { minimalCustomer } from "./support.ts"

interface Job {
  readonly customer: number
  readonly turns: number
  readonly fails: boolean
}

const job: FastCheck.Arbitrary<Job> = FastCheck.record({
  customer: FastCheck.nat(4),
  turns: FastCheck.nat(9),
  fails: FastCheck.boolean()
})

/** Always uses the same kind of identifier for a customer, because the run orders commands per identifier. */
const commandOf = ({ customer }: Job, serial: number): CustomerBatch.Command => {
  const name = `${customer}`
  const change = { externalTier: `${serial}` }
  if (customer % 3 === 0) return { externalId: name, change }
  return customer % 3 === 1
    ? { customerId: name, change }
    : { customerId: name, update: { ...minimalCustomer, ...change } }
}

const outage = new TrustlyServerError({ operation: "update" })

/**
 * A service that performs these jobs. `externalTier` holds the index of the job. It fails on concurrent commands for one
 * customer.
 */
const serviceFor = (jobs: ReadonlyArray<Job>) =>
  Effect.gen(function*() {
    const sent = yield* journal<readonly [customerId: string, serial: number]>()
    const busy = new Set<string>()
    let peak = 0
    const exclusively = <A, E>(customerId: string, effect: Effect.Effect<A, E>) =>
      Effect.suspend(() => {
        assert.isFalse(busy.has(customerId), "concurrent commands for one customer")
        busy.add(customerId)
        peak = Math.max(peak, busy.size)
        return Effect.ensuring(effect, Effect.sync(() => busy.delete(customerId)))
      })
    const work = (customerId: string, { externalTier }: CustomerChange) => {
      const serial = Number(externalTier)
      const currentJob = jobs[serial]
      return exclusively(
        customerId,
        sent.write([customerId, serial]).pipe(
          Effect.zipRight(turns(currentJob?.turns ?? 0)),
          Effect.zipRight(currentJob?.fails === true ? Effect.fail(outage) : Effect.succeed(minimalCustomer))
        )
      )
    }
    const layer = CustomerService.layerTest({
      update: (customerId, customer: CustomerUpdate) => work(customerId, customer),
      modify: (customerId, change) =>
        Effect.suspend(() => {
          const changed = change({})
          return Effect.flatMap(
            Effect.isEffect(changed) ? changed : Effect.succeed(changed),
            (fields) => work(customerId, fields)
          )
        }),
      find: (by) =>
        "externalId" in by
          ? exclusively(by.externalId, Effect.as(turns(1), [{ externalId: by.externalId, customerId: by.externalId }]))
          : Effect.succeed([])
    })
    return {
      layer,
      sent: sent.entries,
      peak: () => peak
    }
  })

const byPosition = Order.mapInput(Order.number, ({ position }: CustomerBatch.Result) => position)

describe("concurrent commands", () => {
  it.effect.prop(
    "each have one result, run in order and one at a time per customer, and respect the concurrency limit",
    [
      FastCheck.array(job, { maxLength: 60 }),
      FastCheck.record({
        concurrency: FastCheck.integer({ min: 1, max: 6 }),
        chunk: FastCheck.integer({ min: 1, max: 20 })
      })
    ],
    ([jobs, { chunk, concurrency }]) =>
      Effect.gen(function*() {
        const { layer, peak, sent } = yield* serviceFor(jobs)
        const commands = jobs.map(commandOf)
        const { end, results } = yield* CustomerBatch.run(
          Stream.rechunk(Stream.fromIterable(commands), chunk),
          { concurrency }
        ).pipe(collect, Effect.provide(layer))
        assert.deepStrictEqual(end, Exit.void)
        assert.deepStrictEqual(
          Arr.sort(results, byPosition).map(({ command, exit, position }) => ({ command, exit, position })),
          commands.map((command, position) => ({
            command,
            position,
            exit: jobs[position]?.fails === true ? Exit.fail(outage) : Exit.succeed(minimalCustomer)
          }))
        )
        assert.isAtMost(peak(), concurrency)
        const inOrder = jobs.map(({ customer }, serial) => [`${customer}`, serial] as const)
        for (const customer of new Set(inOrder.map(([name]) => name))) {
          const of = <A>(all: ReadonlyArray<readonly [string, A]>) => all.filter(([name]) => name === customer)
          assert.deepStrictEqual(of(yield* sent), of(inOrder))
        }
      }),
    { fastCheck: { numRuns: 100 } }
  )

  it.effect("emit results as they end, with position, customer, and command", () =>
    Effect.gen(function*() {
      const missing = new TrustlyNotFoundError({ operation: "update" })
      const layer = CustomerService.layerTest({
        update: (customerId) =>
          customerId === "slow" ? Effect.as(Effect.sleep("1 minute"), minimalCustomer) : Effect.fail(missing),
        modify: () => Effect.as(Effect.sleep("1 second"), minimalCustomer),
        find: () => Effect.succeed([{ externalId: "jo", customerId: "1" }])
      })
      const [slow, known, unknown] = [
        updateOf("slow"),
        { externalId: "jo", change: { vip: 1 } },
        updateOf("missing")
      ] as const
      const run = CustomerBatch.run(Stream.make(slow, known, unknown)).pipe(collect, Effect.provide(layer))
      const fiber = yield* Effect.fork(run)
      yield* TestClock.adjust("1 hour")
      const { end, results } = yield* Fiber.join(fiber)
      assert.deepStrictEqual(end, Exit.void)
      assert.deepStrictEqual(results, [
        { position: 2, customer: { customerId: "missing" }, command: unknown, exit: Exit.fail(missing) },
        { position: 1, customer: { externalId: "jo" }, command: known, exit: Exit.succeed(minimalCustomer) },
        { position: 0, customer: { customerId: "slow" }, command: slow, exit: Exit.succeed(minimalCustomer) }
      ])
    }))

  it.effect("treat the same string as customerId and as externalId as two customers", () =>
    Effect.gen(function*() {
      const layer = CustomerService.layerTest({
        update: () => Effect.never,
        modify: () => Effect.succeed(minimalCustomer),
        find: () => Effect.succeed([{ externalId: "1", customerId: "2" }])
      })
      const commands = Stream.make(updateOf("1"), { externalId: "1", change: {} })
      const first = yield* Stream.runHead(CustomerBatch.run(commands)).pipe(Effect.provide(layer))
      assert.deepInclude(first, { _tag: "Some" })
    }))

  it.effect("do not wait for a slow customer and the commands queued behind it", () =>
    Effect.gen(function*() {
      const latch = yield* Effect.makeLatch()
      const { entries, write } = yield* journal<string>()
      const layer = updating((id) => Effect.zipRight(id === "slow" ? latch.await : Effect.void, write(id)))
      const others = customers(100)
      const mixed = others.flatMap((id, n) => n < 32 ? ["slow", id] : [id])
      const run = CustomerBatch.run(updatesOf(mixed), { concurrency: 2 }).pipe(collect, Effect.provide(layer))
      const fiber = yield* Effect.fork(run)
      yield* settle
      assert.deepStrictEqual(yield* entries, others)
      yield* latch.open
      const { results } = yield* Fiber.join(fiber)
      const ofSlow = results.filter(({ customer }) => "customerId" in customer && customer.customerId === "slow")
      assert.deepStrictEqual(positions(ofSlow), Arr.makeBy(32, (n) => 2 * n))
    }))
})

describe("concurrency", () => {
  const cases = [
    [undefined, 16],
    [0, 1],
    [-1, 1],
    [NaN, 1],
    [-Infinity, 1],
    [0.5, 1],
    [2.9, 2],
    [1e9, 1100],
    [Infinity, 1100]
  ] as const
  for (const [concurrency, expected] of cases) {
    it.effect(`a concurrency of ${concurrency} runs ${expected} commands at once`, () =>
      Effect.gen(function*() {
        const latch = yield* Effect.makeLatch()
        const { entries, write } = yield* journal<string>()
        const layer = updating((id) => Effect.zipRight(write(id), latch.await))
        const commands = Stream.fromIterable(Arr.map(customers(1100), updateOf))
        const run = CustomerBatch.run(commands, { concurrency }).pipe(collect, Effect.provide(layer))
        const fiber = yield* Effect.fork(run)
        yield* turns(100)
        assert.strictEqual((yield* entries).length, expected)
        yield* latch.open
        assert.strictEqual((yield* Fiber.join(fiber)).results.length, 1100)
      }))
  }
})

describe("a command", () => {
  const decode = Schema.decodeUnknownEither(CustomerBatch.Command, { onExcessProperty: "error" })

  it("is an update, a change, or a change by externalId", () => {
    const commands = [
      { customerId: "1", update: minimalCustomer },
      { customerId: "1", change: { vip: 2 } },
      { externalId: "a/b", change: { address: { city: "Reno" } } }
    ]
    for (const command of commands) assert.deepStrictEqual(decode(command), Either.right(command))
  })

  it("is rejected without exactly one identifier and one valid update or change", () => {
    const rejected = [
      { change: {} },
      { customerId: "a/b", change: {} },
      { customerId: "", update: minimalCustomer },
      { externalId: "", change: {} },
      { externalId: "1", update: minimalCustomer },
      { customerId: "1" },
      { customerId: "1", externalId: "1", change: {} },
      { customerId: "1", update: minimalCustomer, change: {} },
      { customerId: "1", change: { vpi: 2 } }
    ]
    for (const command of rejected) assert.isTrue(Either.isLeft(decode(command)), JSON.stringify(command))
  })
})
