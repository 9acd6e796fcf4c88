import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { CustomerService, TrustlyNetworkError, TrustlyRetry, TrustlyServerError } from "effect-trustly"
import { CustomersMemory } from "effect-trustly/testing"
import { least } from "../support.ts"

const jo = { ...least, customerId: "1", taxId: "123456790" }

const run = <A, E>(
  test: (customers: CustomerService.Service, memory: CustomersMemory.Service) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.flatMap(Effect.all([CustomerService, CustomersMemory]), ([customers, memory]) => test(customers, memory)).pipe(
    Effect.provide(CustomersMemory.layer([jo]))
  )

describe("CustomersMemory", () => {
  it.effect("shows the records as they are held, nothing masked", () =>
    run((customers, { records }) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* records, [jo])
        yield* TestClock.setTime(5)
        yield* customers.update("1", { ...least, vip: "2", phone: "+2" })
        assert.deepStrictEqual(yield* records, [{ ...jo, phone: "+2", vip: 2, updatedAt: 5 }])
      })
    ))

  it.effect("keeps all calls, with what they sent", () =>
    run((customers, { calls }) =>
      Effect.gen(function*() {
        yield* customers.update("1", { ...least, taxId: "1" })
        yield* customers.modify("1", () => ({ vip: 2 }))
        yield* Effect.exit(customers.get("a/b"))
        yield* customers.find({ externalId: "m" })
        yield* customers.createOrUpdate({ ...least, customerId: "1" })
        assert.deepStrictEqual(yield* calls, [
          { operation: "update", customerId: "1", input: { ...least, taxId: "1" } },
          { operation: "modify", customerId: "1", input: { ...least, vip: 2 } },
          { operation: "get", customerId: "a/b" },
          { operation: "find", input: { externalId: "m" } },
          { operation: "createOrUpdate", customerId: "1", input: { ...least, customerId: "1" } }
        ])
      })
    ))

  it.effect("fails the next request as it is told, and changes nothing", () =>
    run((customers, { calls, failNext, records }) =>
      Effect.gen(function*() {
        const outage = new TrustlyServerError({ operation: "update", status: 503 })
        yield* failNext(outage)
        yield* failNext(new TrustlyNetworkError({ operation: "update", reason: "Dns" }))
        assert.strictEqual(yield* Effect.flip(customers.update("1", { ...least, phone: "+2" })), outage)
        assert.propertyVal(yield* Effect.flip(customers.get("1")), "reason", "Dns")
        assert.deepStrictEqual(yield* records, [jo])
        yield* customers.get("1")
        assert.strictEqual((yield* calls).length, 3)
      })
    ))

  it.effect("lets a retry be tested", () =>
    run((customers, { calls, failNext }) =>
      Effect.gen(function*() {
        yield* failNext(new TrustlyServerError({ operation: "update" }))
        const fiber = yield* Effect.fork(Effect.retry(customers.update("1", least), TrustlyRetry.policy()))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(fiber)
        assert.strictEqual((yield* calls).length, 2)
      })
    ))

  it.effect("is as in the beginning after a reset", () =>
    run((customers, { calls, failNext, records, reset }) =>
      Effect.gen(function*() {
        yield* customers.modify("1", () => ({ vip: 2 }))
        yield* failNext(new TrustlyServerError({ operation: "update" }))
        yield* reset
        assert.deepStrictEqual(yield* records, [jo])
        assert.deepStrictEqual(yield* calls, [])
        yield* customers.get("1")
      })
    ))

  it.effect("holds nobody unless told otherwise", () =>
    Effect.gen(function*() {
      const { records } = yield* CustomersMemory
      assert.deepStrictEqual(yield* records, [])
      const customers = yield* CustomerService
      assert.propertyVal(yield* Effect.flip(customers.get("1")), "_tag", "TrustlyNotFoundError")
      const created = yield* customers.createOrUpdate({ ...least, externalId: "m" })
      assert.strictEqual((yield* records)[0]?.customerId, created.customerId)
    }).pipe(Effect.provide(CustomersMemory.layer())))
})
