import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, TestClock } from "effect"
import { CustomerService, TrustlyNetworkError, TrustlyRetry, TrustlyServerError } from "effect-trustly"
import { CustomersMemory } from "effect-trustly/testing"
import { minimalCustomer } from "../support.ts"

const jo = { ...minimalCustomer, customerId: "1", taxId: "123456790" }

const run = <A, E>(
  test: (customers: CustomerService.Service, memory: CustomersMemory.Service) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.flatMap(Effect.all([CustomerService, CustomersMemory]), ([customers, memory]) => test(customers, memory)).pipe(
    Effect.provide(CustomersMemory.layer([jo]))
  )

describe("CustomersMemory", () => {
  it.effect("exposes the stored records unmasked", () =>
    run((customers, { records }) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* records, [jo])
        yield* TestClock.setTime(5)
        yield* customers.update("1", { ...minimalCustomer, vip: "2", phone: "+2" })
        assert.deepStrictEqual(yield* records, [{ ...jo, phone: "+2", vip: 2, updatedAt: 5 }])
      })
    ))

  it.effect("records every call with its input", () =>
    run((customers, { calls }) =>
      Effect.gen(function*() {
        yield* customers.update("1", { ...minimalCustomer, taxId: "1" })
        yield* customers.modify("1", () => ({ vip: 2 }))
        yield* Effect.exit(customers.get("a/b"))
        yield* customers.find({ externalId: "m" })
        yield* customers.createOrUpdate({ ...minimalCustomer, customerId: "1" })
        assert.deepStrictEqual(yield* calls, [
          { operation: "update", customerId: "1", input: { ...minimalCustomer, taxId: "1" } },
          { operation: "modify", customerId: "1", input: { ...minimalCustomer, vip: 2 } },
          { operation: "get", customerId: "a/b" },
          { operation: "find", input: { externalId: "m" } },
          { operation: "createOrUpdate", customerId: "1", input: { ...minimalCustomer, customerId: "1" } }
        ])
      })
    ))

  it.effect("failNext fails the next request and changes nothing", () =>
    run((customers, { calls, failNext, records }) =>
      Effect.gen(function*() {
        const outage = new TrustlyServerError({ operation: "update", status: 503 })
        yield* failNext(outage)
        yield* failNext(new TrustlyNetworkError({ operation: "update", reason: "Dns" }))
        assert.strictEqual(yield* Effect.flip(customers.update("1", { ...minimalCustomer, phone: "+2" })), outage)
        assert.propertyVal(yield* Effect.flip(customers.get("1")), "reason", "Dns")
        assert.deepStrictEqual(yield* records, [jo])
        yield* customers.get("1")
        assert.strictEqual((yield* calls).length, 3)
      })
    ))

  it.effect("supports tests of retries", () =>
    run((customers, { calls, failNext }) =>
      Effect.gen(function*() {
        yield* failNext(new TrustlyServerError({ operation: "update" }))
        const fiber = yield* Effect.fork(Effect.retry(customers.update("1", minimalCustomer), TrustlyRetry.policy()))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(fiber)
        assert.strictEqual((yield* calls).length, 2)
      })
    ))

  it.effect("reset restores the initial state", () =>
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

  it.effect("starts empty by default", () =>
    Effect.gen(function*() {
      const { records } = yield* CustomersMemory
      assert.deepStrictEqual(yield* records, [])
      const customers = yield* CustomerService
      assert.propertyVal(yield* Effect.flip(customers.get("1")), "_tag", "TrustlyNotFoundError")
      const created = yield* customers.createOrUpdate({ ...minimalCustomer, externalId: "m" })
      assert.strictEqual((yield* records)[0]?.customerId, created.customerId)
    }).pipe(Effect.provide(CustomersMemory.layer())))
})
