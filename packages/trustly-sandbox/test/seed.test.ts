import { assert, describe, it } from "@effect/vitest"
import { ConfigError, Effect } from "effect"
import { start, trustly } from "./support.ts"

describe("the initial customers", () => {
  it.scopedLive("are the two of Trustly's documentation by default", () =>
    Effect.gen(function*() {
      const { customers } = yield* start()
      assert.deepStrictEqual((yield* customers).map(({ customerId, name }) => [customerId, name]), [
        ["1001165729", "John Smith"],
        ["1002580963", "Joe User"]
      ])
    }))

  it.scopedLive("include the same generated customers for the same number, and each can be read", () =>
    Effect.gen(function*() {
      const [some, same, more] = yield* Effect.all([start({ seed: 50 }), start({ seed: 50 }), start({ seed: 60 })])
      const customers = yield* some.customers
      assert.strictEqual(customers.length, 52)
      assert.deepStrictEqual(yield* same.customers, customers)
      assert.includeDeepMembers([...(yield* more.customers)], [...customers])
      for (const { customerId, email } of customers.slice(2)) {
        assert.match(customerId, /^\d{10}$/)
        assert.match(email ?? "", /@example\.(com|net|org)$/)
        assert.strictEqual((yield* trustly(some).get(`/customers/${customerId}`)).status, 200)
      }
    }))

  it.scopedLive("include up to 10,000 generated customers", () =>
    Effect.gen(function*() {
      const { customers } = yield* start({ seed: 10_000 })
      assert.strictEqual(new Set((yield* customers).map(({ customerId }) => customerId)).size, 10_002)
    }))

  for (const seed of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 10_001]) {
    it.scopedLive(`cannot include ${seed} generated customers`, () =>
      Effect.map(Effect.flip(start({ seed })), (error) => {
        assert.isTrue(ConfigError.isConfigError(error))
        assert.include(String(error), "seed")
      }))
  }
})
