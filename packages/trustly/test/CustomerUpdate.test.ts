import { assert, describe, it } from "@effect/vitest"
import { DateTime, Either, FastCheck, Option, Schema } from "effect"
import { CustomerChange, CustomerRequest, CustomerUpdate } from "effect-trustly"
import { minimalCustomer, reference, sample } from "./support.ts"

const decode = Schema.decodeUnknownSync(CustomerUpdate)

/** The body that `update` sends. */
const sent = (input: CustomerUpdate): CustomerRequest.Body => {
  const { body } = Either.getOrThrow(CustomerRequest.update("1001165729", input))
  assert(body !== undefined)
  return body
}

describe("CustomerUpdate", () => {
  it("accepts the sample request in Trustly's documentation but does not send its mask", () => {
    const { taxId: _, ...rest } = sample
    assert.deepStrictEqual(sent(sample), rest)
    assert.deepStrictEqual(Schema.encodeSync(CustomerUpdate)(decode(sample)), sample)
  })

  it("accepts the sample response in Trustly's reference but does not send its timestamps", () => {
    const { createdAt, updatedAt, ...rest } = reference
    const input = { ...decode(reference), customerId: "1001165729" }
    assert.strictEqual(input.createdAt?.pipe(DateTime.toEpochMillis), createdAt)
    assert.strictEqual(input.updatedAt?.pipe(DateTime.toEpochMillis), updatedAt)
    assert.deepStrictEqual(sent(input), { ...rest, customerId: "1001165729" })
  })

  it("decodes a line of NDJSON", () => {
    const line = JSON.stringify({ ...sample, vip: null, enrollDate: 0 })
    const customer = Schema.decodeSync(Schema.parseJson(CustomerUpdate))(line)
    const { taxId: _, ...rest } = sample
    assert.deepStrictEqual(sent(customer), { ...rest, vip: null, enrollDate: 0 })
  })

  it("sends a numeric vip as a number", () => {
    assert.deepStrictEqual(sent({ ...minimalCustomer, vip: 2 }), { ...minimalCustomer, vip: 2 })
  })

  it("refuses customData that throws, has holes, or has names beside its items, never with a defect", () => {
    const throwing = Object.defineProperty({}, "a", {
      enumerable: true,
      get: () => {
        throw new Error("sentinel")
      }
    })
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const sparse = Object.assign([], { length: 2 ** 32 - 1 })
    for (const data of [throwing, proxy, sparse, Object.assign([1], { name: 2 })]) {
      const customer = { ...minimalCustomer, customData: { data } }
      const encoded = Schema.encodeEither(CustomerUpdate)(customer)
      assert(Either.isLeft(encoded))
      assert.notInclude(String(encoded.left), "sentinel")
      assert(Either.isLeft(CustomerRequest.update("1", customer)))
    }
  })

  it.prop("sends customData as JSON.stringify encodes it", [
    FastCheck.dictionary(FastCheck.string(), FastCheck.jsonValue())
  ], ([customData]) => {
    assert.strictEqual(JSON.stringify(sent({ ...minimalCustomer, customData }).customData), JSON.stringify(customData))
  })

  it.prop("decodes a sent body to an update that sends the same body", [CustomerUpdate], ([update]) => {
    const { customerId: _, ...customer } = update
    const wire: unknown = JSON.parse(JSON.stringify(sent(customer)))
    assert.strictEqual(JSON.stringify(sent(decode(wire))), JSON.stringify(wire))
  })
})

// also accepts input that the types forbid, as an untyped program can pass it
const changed = (change: unknown): ReturnType<typeof CustomerRequest.modify> =>
  Reflect.apply(CustomerRequest.modify, undefined, ["1001165729", minimalCustomer, change])

const body = (change: CustomerChange) => Option.getOrThrow(Either.getOrThrow(changed(change))).body

describe("CustomerChange", () => {
  it("can be empty and can contain part of the address", () => {
    assert.deepStrictEqual(Either.getOrThrow(changed({})), Option.none())
    assert.deepStrictEqual(body({ address: { city: "Reno" } })?.address, {
      country: "US",
      city: "Reno"
    })
  })

  it("cannot clear a required field and follows the rules of an update", () => {
    for (const field of ["name", "email", "phone", "address"]) assert.isTrue(Either.isLeft(changed({ [field]: null })))
    for (
      const change of [{ address: { country: null } }, { vip: NaN }, { name: "" }, { nope: 1 }, undefined, null, []]
    ) {
      assert.isTrue(Either.isLeft(changed(change)), JSON.stringify(change))
    }
  })

  it.prop("decodes what it encodes", [CustomerChange], ([change]) => {
    const wire = JSON.stringify(Schema.encodeSync(CustomerChange)(change))
    assert.strictEqual(
      JSON.stringify(Schema.encodeSync(CustomerChange)(Schema.decodeUnknownSync(CustomerChange)(JSON.parse(wire)))),
      wire
    )
  })
})
