import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, DateTime, Either, FastCheck, JSONSchema, Order, ParseResult, Redacted, Schema } from "effect"
import { Address, Customer, CustomerRecord, DriverLicense, Sensitive } from "effect-trustly"
import { least, reference } from "./support.ts"

const decode = Schema.decodeUnknownSync(Customer)
const encode = Schema.encodeSync(Customer)
const decodeRecord = Schema.decodeUnknownSync(CustomerRecord)

const sorted = (texts: ReadonlyArray<string>) => Arr.sort(texts, Order.string)

const names = (schema: { readonly fields: object }): ReadonlyArray<string> => sorted(Object.keys(schema.fields))

/** The fields of a JSON schema with their descriptions, which may be on what they refer to. */
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

const describes = <A, I>(name: string, schema: Schema.Schema<A, I> & { readonly fields: object }) => {
  it(`${name}: every field has a description, in the JSON schema of the wire too`, () => {
    const described = descriptions(JSONSchema.make(schema))
    assert.deepStrictEqual(sorted(described.map(([field]) => field)), names(schema))
    assert.deepStrictEqual(described.filter(([, description]) => description === undefined), [])
  })
}

const holds = <A, I>(name: string, schema: Schema.Schema<A, I>) => {
  it.prop(`${name}: what is encoded decodes to the same`, [schema], ([value]) => {
    // as JSON, which knows one zero only
    const wire = JSON.stringify(Schema.encodeSync(schema)(value))
    assert.strictEqual(
      JSON.stringify(Schema.encodeSync(schema)(Schema.decodeUnknownSync(schema)(JSON.parse(wire)))),
      wire
    )
  })

  it.prop(
    `${name}: decoding is total`,
    [FastCheck.anything({ withNullPrototype: true, withBigInt: true })],
    ([input]) => {
      assert.isTrue(Either.isEither(ParseResult.decodeUnknownEither(schema)(input)))
    }
  )
}

describe("Customer", () => {
  it("reads the answer of Trustly's reference, and encodes to it", () => {
    const customer = decode(reference)
    assert.strictEqual(customer.name, "Joe User")
    assert.strictEqual(customer.createdAt?.pipe(DateTime.formatIso), "2019-04-19T18:00:36.548Z")
    assert.strictEqual(customer.driverLicense && Redacted.value(customer.driverLicense.number), "A1234567")
    assert.deepStrictEqual(encode(customer), reference)
    assert.deepStrictEqual(Schema.encodeSync(CustomerRecord)(decodeRecord(reference)), reference)
  })

  describes("Customer", Customer)
  describes("CustomerRecord", CustomerRecord)
  describes("Address", Address)
  describes("DriverLicense", DriverLicense)

  it("reads a record without any field, and one with an empty address and license", () => {
    assert.deepStrictEqual(decodeRecord({}), {})
    assert.deepStrictEqual(decodeRecord({ address: { country: null }, driverLicense: {} }), {
      address: {},
      driverLicense: {}
    })
  })

  it("reads vip and balance from a text or a number", () => {
    for (const [wire, text] of [[2, "2"], ["2", "2"], [-1.5, "-1.5"], [0, "0"], ["", ""]] as const) {
      assert.strictEqual(decode({ ...least, vip: wire }).vip, text)
      assert.strictEqual(decode({ ...least, balance: wire }).balance, text)
    }
  })

  it("refuses a number that JSON has already changed, and a date that is none", () => {
    for (const wrong of [{ vip: 2 ** 53 }, { balance: true }, { enrollDate: 1e300 }, { createdAt: "now" }]) {
      assert.isTrue(Either.isLeft(Schema.decodeUnknownEither(Customer)({ ...least, ...wrong })), JSON.stringify(wrong))
    }
  })

  it("ignores keys that it does not know, at every level", () => {
    const wire = { ...least, url: "/x", address: { country: "US", planet: "Earth" }, constructor: 1 }
    assert.deepStrictEqual(decode(wire), least)
    assert.deepStrictEqual(decodeRecord(wire), least)
  })

  it("keeps its prototype whatever the keys are", () => {
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

  it("takes an object only for customData", () => {
    for (const customData of [[], "a", 1, true]) {
      assert.isTrue(
        Either.isLeft(Schema.decodeUnknownEither(CustomerRecord)({ customData })),
        JSON.stringify(customData)
      )
    }
  })

  it("prints no secret", () => {
    const printed = `${String(Schema.decodeUnknownSync(Sensitive.SensitiveString)("123456790"))} ${
      JSON.stringify(decode(reference))
    }`
    for (const secret of ["123456790", "012345678", "A1234567"]) assert.notInclude(printed, secret)
  })

  it("does not quote a secret of the wrong type", () => {
    const refused = Schema.decodeUnknownEither(Sensitive.SensitiveString)(55501)
    assert.isTrue(Either.isLeft(refused))
    assert.notInclude(String(refused), "55501")
  })

  holds("Customer", Customer)
  holds("CustomerRecord", CustomerRecord)
})
