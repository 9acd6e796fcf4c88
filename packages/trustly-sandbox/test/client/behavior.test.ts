import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Layer, Redacted } from "effect"
import type { CustomerRecord, CustomerService, TrustlyError } from "effect-trustly"
import { CustomersMemory } from "effect-trustly/testing"
import { clientLayers } from "../../../trustly/test/faults/layers.ts"
import { minimalCustomer, reference, sample, use } from "../../../trustly/test/support.ts"
import { withSandbox } from "./support.ts"

const john = sample.customerId
const joe = reference.customerId

type Behavior = Effect.Effect<void, TrustlyError, CustomerService>

const vipOf = ({ vip }: CustomerRecord) => vip
const tagOf = <A>(call: Effect.Effect<A, TrustlyError, CustomerService>) =>
  Effect.match(call, { onFailure: ({ _tag, outcome }) => `${_tag} ${outcome}`, onSuccess: () => "Success" })

/** What holds of the real service against the sandbox, and of the one in memory. */
const behaviors: Readonly<Record<string, Behavior>> = {
  "an update is read back": Effect.gen(function*() {
    const updated = yield* use((customers) =>
      customers.update(john, { ...minimalCustomer, vip: 2, externalTier: "Gold" })
    )
    const read = yield* use((customers) => customers.get(john))
    assert.deepStrictEqual(read, updated)
    assert.strictEqual(read.name, minimalCustomer.name)
    assert.strictEqual(read.vip, "2")
    assert.strictEqual(read.merchantId, "110005502")
  }),
  "null removes": Effect.gen(function*() {
    yield* use((customers) =>
      customers.update(john, { ...minimalCustomer, driverLicense: null, address: { country: "US", city: null } })
    )
    const { address, driverLicense } = yield* use((customers) => customers.get(john))
    assert.isUndefined(driverLicense)
    assert.deepStrictEqual(address, {
      country: "US",
      address1: "105 Alternate2 Street",
      address2: "#402",
      state: "CA",
      zip: "90210"
    })
  }),
  "secrets are redacted, the tax id is masked": Effect.gen(function*() {
    const { driverLicense, taxId } = yield* use((customers) => customers.get(joe))
    assert.strictEqual(String(taxId), "<redacted>")
    assert.strictEqual(taxId && Redacted.value(taxId), "#####5678")
    assert.strictEqual(driverLicense?.number && Redacted.value(driverLicense.number), "A1234567")
  }),
  "a change leaves the rest": Effect.gen(function*() {
    const before = yield* use((customers) => customers.get(joe))
    yield* use((customers) => customers.modify(joe, () => ({ vip: 3 })))
    yield* use((customers) => customers.modify(joe, ({ vip }) => ({ vip: Number(vip) + 1 })))
    const after = yield* use((customers) => customers.get(joe))
    assert.deepStrictEqual({ ...after, vip: undefined, updatedAt: undefined }, {
      ...before,
      vip: undefined,
      updatedAt: undefined
    })
    assert.strictEqual(after.vip, "4")
  }),
  "many changes at once are all there": Effect.gen(function*() {
    const add = use((customers) => customers.modify(john, ({ vip = "0" }) => ({ vip: Number(vip) + 1 })))
    yield* Effect.replicateEffect(add, 20, { concurrency: "unbounded", discard: true })
    assert.strictEqual(vipOf(yield* use((customers) => customers.get(john))), "20")
  }),
  "a customer is created once, and found": Effect.gen(function*() {
    const create = use((customers) => customers.createOrUpdate({ ...minimalCustomer, externalId: "m-1" }))
    const [first, second] = [yield* create, yield* create]
    assert.strictEqual(second.customerId, first.customerId)
    const found = yield* use((customers) => customers.find({ externalId: "m-1" }))
    assert.deepStrictEqual(found.map(({ customerId }) => customerId), [first.customerId])
    assert.deepStrictEqual(yield* use((customers) => customers.find({ customerId: "0" })), [])
  }),
  "an unknown customer is not found, whatever is asked": Effect.gen(function*() {
    const notFound = "TrustlyNotFoundError Rejected"
    const notSent = "TrustlyNotFoundError NotSent"
    assert.strictEqual(yield* tagOf(use((customers) => customers.get("0"))), notSent)
    assert.strictEqual(yield* tagOf(use((customers) => customers.update("0", minimalCustomer))), notFound)
    assert.strictEqual(yield* tagOf(use((customers) => customers.modify("0", () => ({})))), notSent)
    assert.strictEqual(
      yield* tagOf(use((customers) => customers.createOrUpdate({ ...minimalCustomer, customerId: "0" }))),
      notFound
    )
  }),
  "what cannot be sent is refused": Effect.gen(function*() {
    const refused = "TrustlyValidationError NotSent"
    assert.strictEqual(yield* tagOf(use((customers) => customers.get("a/b"))), refused)
    assert.strictEqual(
      yield* tagOf(use((customers) => customers.update(john, { ...minimalCustomer, name: "" }))),
      refused
    )
    assert.strictEqual(
      yield* tagOf(use((customers) => customers.update(john, { ...minimalCustomer, customerId: joe }))),
      refused
    )
    assert.strictEqual(yield* tagOf(use((customers) => customers.modify(john, () => ({ vip: NaN })))), refused)
    assert.strictEqual(yield* tagOf(use((customers) => customers.find({ externalId: "" }))), refused)
  }),
  "timestamps are those of the server": Effect.gen(function*() {
    const old = DateTime.unsafeMake(1)
    const { createdAt, updatedAt } = yield* use((customers) =>
      customers.update(john, { ...minimalCustomer, createdAt: old })
    )
    assert.strictEqual(createdAt && DateTime.toEpochMillis(createdAt), 1555696836548)
    assert.isTrue(updatedAt !== undefined && DateTime.greaterThan(updatedAt, old))
  })
}

const seed = [{ ...sample, taxId: "123456790", createdAt: 1555696836548 }, reference]

const services: Readonly<Record<string, Layer.Layer<CustomerService>>> = {
  memory: CustomersMemory.layer(seed),
  ...Object.fromEntries(clientLayers.map((client) => [`the sandbox over ${client.name}`, withSandbox(client)]))
}

for (const [name, layer] of Object.entries(services)) {
  describe(`${name}`, () => {
    for (const [what, behavior] of Object.entries(behaviors)) {
      it.live(`${what}`, () => Effect.orDie(Effect.provide(behavior, Layer.fresh(layer))))
    }
  })
}
