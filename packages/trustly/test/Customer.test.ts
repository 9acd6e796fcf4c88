import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, DateTime, Either, FastCheck, JSONSchema, Order, ParseResult, Redacted, Schema } from "effect"
import {
  Address,
  Customer,
  CustomerFields,
  CustomerRecord,
  CustomerWithoutSecrets,
  DriverLicense,
  Sensitive
} from "effect-trustly"
import { minimalCustomer, reference } from "./support.ts"

const decode = Schema.decodeUnknownSync(Customer)
const encode = Schema.encodeSync(Customer)
const decodeRecord = Schema.decodeUnknownSync(CustomerRecord)

const sorted = (texts: ReadonlyArray<string>) => Arr.sort(texts, Order.string)

const names = (schema: { readonly fields: object }): ReadonlyArray<string> => sorted(Object.keys(schema.fields))

/** The fields of a JSON schema with their descriptions, which may be in a referenced definition. */
const descriptions = ({ $defs = {}, ...root }: JSONSchema.JsonSchema7Root) => {
  const resolved = (schema: JSONSchema.JsonSchema7): JSONSchema.JsonSchema7 =>
    "$ref" in schema ? $defs[schema.$ref.replace("#/$defs/", "")] ?? schema : schema
  const object = resolved(root)
  return "properties" in object
    ? Object.entries(object.properties).map(([name, field]) =>
      [name, field.description ?? resolved(field).description] as const
    )
    : []
}

const testDescriptions = <A, I>(name: string, schema: Schema.Schema<A, I> & { readonly fields: object }) => {
  it(`${name}: every field has a description in the JSON schema of the wire format`, () => {
    const described = descriptions(JSONSchema.make(schema))
    assert.deepStrictEqual(sorted(described.map(([field]) => field)), names(schema))
    assert.deepStrictEqual(described.filter(([, description]) => description === undefined), [])
  })
}

const testRoundTrip = <A, I>(name: string, schema: Schema.Schema<A, I>) => {
  it.prop(`${name}: an encoded value decodes to the same value`, [schema], ([value]) => {
    // compares as JSON, because JSON does not distinguish -0 from 0
    const wire = JSON.stringify(Schema.encodeSync(schema)(value))
    assert.strictEqual(
      JSON.stringify(Schema.encodeSync(schema)(Schema.decodeUnknownSync(schema)(JSON.parse(wire)))),
      wire
    )
  })

  it.prop(
    `${name}: decoding never throws`,
    [FastCheck.anything({ withNullPrototype: true, withBigInt: true })],
    ([input]) => {
      assert.isTrue(Either.isEither(ParseResult.decodeUnknownEither(schema)(input)))
    }
  )
}

describe("Customer", () => {
  it("decodes and re-encodes the sample response in Trustly's reference", () => {
    const customer = decode(reference)
    assert.strictEqual(customer.name, "Joe User")
    assert.strictEqual(customer.createdAt?.pipe(DateTime.formatIso), "2019-04-19T18:00:36.548Z")
    assert.strictEqual(customer.driverLicense && Redacted.value(customer.driverLicense.number), "A1234567")
    assert.deepStrictEqual(encode(customer), reference)
    assert.deepStrictEqual(Schema.encodeSync(CustomerRecord)(decodeRecord(reference)), reference)
  })

  testDescriptions("Customer", Customer)
  testDescriptions("CustomerRecord", CustomerRecord)
  testDescriptions("Address", Address)
  testDescriptions("DriverLicense", DriverLicense)

  it("decodes a record without fields and one with an empty address and license", () => {
    assert.deepStrictEqual(decodeRecord({}), {})
    assert.deepStrictEqual(decodeRecord({ address: { country: null }, driverLicense: {} }), {
      address: {},
      driverLicense: {}
    })
  })

  it("decodes vip and balance from a string or a number", () => {
    for (const [wire, text] of [[2, "2"], ["2", "2"], [-1.5, "-1.5"], [0, "0"], ["", ""]] as const) {
      assert.strictEqual(decode({ ...minimalCustomer, vip: wire }).vip, text)
      assert.strictEqual(decode({ ...minimalCustomer, balance: wire }).balance, text)
    }
  })

  it("rejects a number that JSON cannot represent exactly, and an invalid date", () => {
    for (const wrong of [{ vip: 2 ** 53 }, { balance: true }, { enrollDate: 1e300 }, { createdAt: "now" }]) {
      assert.isTrue(
        Either.isLeft(Schema.decodeUnknownEither(Customer)({ ...minimalCustomer, ...wrong })),
        JSON.stringify(wrong)
      )
    }
  })

  it("ignores unknown keys at every level", () => {
    const wire = { ...minimalCustomer, url: "/x", address: { country: "US", planet: "Earth" }, constructor: 1 }
    assert.deepStrictEqual(decode(wire), minimalCustomer)
    assert.deepStrictEqual(decodeRecord(wire), minimalCustomer)
  })

  it("keeps its prototype when the input has __proto__ keys", () => {
    const hostile: unknown = JSON.parse(
      `{"name":"a","email":"b","phone":"c","address":{"country":"US","__proto__":{"x":1}},"__proto__":{"vip":"9"},
        "customData":{"__proto__":{"admin":true},"a":1}}`
    )
    const customer = decode(hostile)
    assert.strictEqual(customer.vip, undefined)
    for (const value of [customer, customer.address, customer.customData]) {
      assert.strictEqual(Object.getPrototypeOf(value), Object.prototype)
    }
    assert.isTrue(Object.hasOwn(customer.customData ?? {}, "__proto__"))
    assert.strictEqual(JSON.stringify(encode(customer).customData), `{"__proto__":{"admin":true},"a":1}`)
  })

  it("encodes optional fields that are undefined as missing", () => {
    const optional = CustomerFields.all.filter(({ isRequired, path }) => !isRequired && !path.includes("."))
    const omitted = Object.fromEntries(optional.map(({ path }) => [path, undefined]))
    const customer = { ...decode(minimalCustomer), ...omitted, address: { country: "US", city: undefined } }
    for (
      const encodeUnknown of [
        Schema.encodeUnknownSync(Customer),
        Schema.encodeUnknownSync(CustomerRecord),
        Schema.encodeUnknownSync(CustomerWithoutSecrets)
      ]
    ) {
      assert.deepStrictEqual<object>(encodeUnknown(customer), minimalCustomer)
    }
  })

  it("accepts only an object as customData", () => {
    for (const customData of [[], "a", 1, true]) {
      assert.isTrue(
        Either.isLeft(Schema.decodeUnknownEither(CustomerRecord)({ customData })),
        JSON.stringify(customData)
      )
    }
  })

  it("does not print secrets", () => {
    const printed = `${String(Schema.decodeUnknownSync(Sensitive.SensitiveString)("123456790"))} ${
      JSON.stringify(decode(reference))
    }`
    for (const secret of ["123456790", "012345678", "A1234567"]) assert.notInclude(printed, secret)
  })

  it("does not print a secret of the wrong type", () => {
    const result = Schema.decodeUnknownEither(Sensitive.SensitiveString)(55501)
    assert.isTrue(Either.isLeft(result))
    assert.notInclude(String(result), "55501")
  })

  testRoundTrip("Customer", Customer)
  testRoundTrip("CustomerRecord", CustomerRecord)
})
