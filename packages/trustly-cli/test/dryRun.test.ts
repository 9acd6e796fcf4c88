import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Schema } from "effect"
import { CustomerChange, CustomerRequest, CustomerService, CustomerUpdate } from "effect-trustly"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { customer, customerId } from "./program.ts"

const service = Effect.gen(function*() {
  const { accessId, accessKey, url } = yield* TrustlySandbox
  return yield* CustomerService.make({ accessId, accessKey, baseUrl: url })
})

/** What the server was sent by the last write; the sandbox masks the secrets. */
const applied = Effect.gen(function*() {
  const { requests } = yield* TrustlySandbox
  const { customerId: _, ...fields } = (yield* requests).at(-1)?.applied ?? { customerId }
  return fields
})

describe("a preview shows what is sent", () => {
  it.scoped("by a change", () =>
    Effect.gen(function*() {
      const customers = yield* service
      const changes = yield* Effect.forEach(
        [{ vip: 2, phone: "" }, { address: { state: "nv", address2: null } }, {
          enrollDate: 0,
          customData: { a: [null] }
        }],
        (change) => Schema.decode(CustomerChange)(change)
      )
      for (const change of changes) {
        const record = yield* customers.get(customerId)
        const preview = Option.getOrThrow(yield* CustomerRequest.modify(customerId, record, change)).body
        yield* customers.modify(customerId, () => change)
        assert.deepStrictEqual(yield* applied, preview)
      }
    }).pipe(Effect.provide([TrustlySandbox.layer(), NodeHttpClient.layerUndici])))

  it.scoped("by an update", () =>
    Effect.gen(function*() {
      const { taxId: _, nationalId: __, dateOfBirth: ___, driverLicense: ____, ...open } = customer
      const update = yield* Schema.decode(CustomerUpdate)({ ...open, createdAt: 1, balance: null })
      const preview = (yield* CustomerRequest.update(customerId, update)).body
      yield* Effect.flatMap(service, (customers) => customers.update(customerId, update))
      assert.deepStrictEqual(preview, { ...open, balance: null })
      assert.deepStrictEqual(yield* applied, preview)
    }).pipe(Effect.provide([TrustlySandbox.layer(), NodeHttpClient.layerUndici])))
})

describe("a preview fails as the write does for", () => {
  it.effect("a record without the required fields", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(CustomerRequest.modify(customerId, { name: "Ann" }, { vip: 2 }))
      assert.strictEqual(
        error.message,
        "CustomerService.modify: input refused: email is missing; phone is missing; address.country is missing"
      )
    }))

  it.effect("an invalid customerId", () =>
    Effect.gen(function*() {
      const update = yield* Schema.decode(CustomerUpdate)(customer)
      const error = yield* Effect.flip(CustomerRequest.update("a/b", update))
      assert.deepStrictEqual([error._tag, error.outcome], ["TrustlyValidationError", "NotSent"])
    }))

  it.effect("no record that Trustly stores, even if its fields are below the minimum", () =>
    Effect.gen(function*() {
      const record = { name: "", email: "", phone: "", address: { country: "USA", zip: "1" } }
      const request = Option.getOrThrow(yield* CustomerRequest.modify(customerId, record, { vip: 2 }))
      assert.deepStrictEqual(request.body, { ...record, vip: 2 })
    }))
})
