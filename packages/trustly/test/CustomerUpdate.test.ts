import { assert, describe, it } from "@effect/vitest"
import { DateTime, Either, FastCheck, Option, Redacted, Schema } from "effect"
import { CustomerChange, CustomerRequest, CustomerUpdate } from "effect-trustly"
import { least, reference, sample } from "./support.ts"

const decode = Schema.decodeUnknownSync(CustomerUpdate)

/** What `update` would send. */
const sent = (input: CustomerUpdate): CustomerRequest.Body => {
  const { body } = Either.getOrThrow(CustomerRequest.update("1001165729", input))
  assert(body !== undefined)
  return body
}

/** For each optional field, a value that is sent and what it is on the wire. */
const optional: Readonly<Record<string, readonly [value: unknown, wire: unknown]>> = {
  taxId: [Redacted.make("123456790"), "123456790"],
  dateOfBirth: ["1990-02-03", "1990-02-03"],
  nationalId: ["", ""],
  driverLicense: [{ number: Redacted.make("A1"), state: "ca" }, { number: "A1", state: "ca" }],
  organizationNumber: ["", ""],
  currency: ["USD", "USD"],
  balance: ["10.50", "10.50"],
  vip: [2, 2],
  externalTier: ["Gold", "Gold"],
  enrollDate: [DateTime.unsafeMake(1555696836548), 1555696836548],
  customData: [{ a: [null, { b: "é" }] }, { a: [null, { b: "é" }] }],
  personId: ["P-1", "P-1"],
  externalId: ["E", "E"],
  merchantId: ["M", "M"]
}
const optionalOfAddress: Readonly<Record<string, string>> = {
  address1: "1",
  address2: "",
  city: "L",
  state: "CA",
  zip: "90210"
}

describe("CustomerUpdate", () => {
  it("takes the sample request of the document, and does not send its mask", () => {
    const { taxId: _, ...rest } = sample
    assert.deepStrictEqual(sent(sample), rest)
    assert.deepStrictEqual(Schema.encodeSync(CustomerUpdate)(decode(sample)), sample)
  })

  it("takes the reference's answer, and does not send its timestamps", () => {
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

  for (const [name, [value, wire]] of Object.entries(optional)) {
    it(`${name}: absent stays absent, null is null, a value is sent`, () => {
      assert.deepStrictEqual(sent(least), least)
      assert.deepStrictEqual(sent({ ...least, [name]: null }), { ...least, [name]: null })
      assert.deepStrictEqual(sent({ ...least, [name]: value }), { ...least, [name]: wire })
    })
  }

  for (const [name, value] of Object.entries(optionalOfAddress)) {
    it(`address.${name}: absent stays absent, null is null, a value is sent`, () => {
      for (const line of [null, value]) {
        const customer = { ...least, address: { country: "US", [name]: line } }
        assert.deepStrictEqual(sent(customer), customer)
      }
    })
  }

  it.prop("customData is sent as JSON.stringify carries it", [
    FastCheck.dictionary(FastCheck.string(), FastCheck.jsonValue())
  ], ([customData]) => {
    assert.strictEqual(JSON.stringify(sent({ ...least, customData }).customData), JSON.stringify(customData))
  })

  it.prop("what is sent decodes to an update that sends the same", [CustomerUpdate], ([update]) => {
    const { customerId: _, ...customer } = update
    const wire: unknown = JSON.parse(JSON.stringify(sent(customer)))
    assert.strictEqual(JSON.stringify(sent(decode(wire))), JSON.stringify(wire))
  })
})

// from programs without types, too
const changed = (change: unknown): ReturnType<typeof CustomerRequest.modify> =>
  Reflect.apply(CustomerRequest.modify, undefined, ["1001165729", least, change])

const body = (change: CustomerChange) => Option.getOrThrow(Either.getOrThrow(changed(change))).body

describe("CustomerChange", () => {
  it("may be empty, and may hold a part of the address", () => {
    assert.deepStrictEqual(Either.getOrThrow(changed({})), Option.none())
    assert.deepStrictEqual(body({ address: { city: "Reno" } })?.address, {
      country: "US",
      city: "Reno"
    })
  })

  it("cannot remove what is required, and keeps the rules of an update", () => {
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
