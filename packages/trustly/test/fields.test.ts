import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, DateTime, Either, Order, Redacted, Schema } from "effect"
import {
  Address,
  Customer,
  CustomerFields,
  CustomerRecord,
  CustomerRequest,
  CustomerUpdate,
  DriverLicense
} from "effect-trustly"
import { readFileSync } from "node:fs"
import { minimalCustomer } from "./support.ts"

/** The wire value of each field, and the decoded value if it differs. */
const values: Readonly<Record<string, readonly [wire: unknown, read?: unknown]>> = {
  name: ["Ann Other"],
  email: ["ann@example.test"],
  phone: ["+1 555 0123"],
  address: [{ country: "US", city: "Reno" }],
  "address.address1": ["1 Main Street"],
  "address.address2": [""],
  "address.city": ["Reno"],
  "address.state": ["NV"],
  "address.zip": ["89501"],
  "address.country": ["CA"],
  taxId: ["123456790", Redacted.make("123456790")],
  dateOfBirth: ["1990-02-03", Redacted.make("1990-02-03")],
  nationalId: ["", Redacted.make("")],
  driverLicense: [{ number: "A1", state: "ca" }, { number: Redacted.make("A1"), state: "ca" }],
  organizationNumber: [""],
  currency: ["USD"],
  balance: ["10.50"],
  vip: ["2"],
  externalTier: ["Gold"],
  enrollDate: [1555696836548, DateTime.unsafeMake(1555696836548)],
  customData: [{ a: [null, { b: "é" }] }],
  personId: ["P-1"],
  customerId: ["1001165729"],
  externalId: ["E-1"],
  merchantId: ["M-1"],
  createdAt: [0, DateTime.unsafeMake(0)],
  updatedAt: [1, DateTime.unsafeMake(1)]
}

const sorted = (texts: Iterable<string>) => Arr.sort(texts, Order.string)

/** The minimal customer with this value at a path. */
const withValue = (path: string, value: unknown): Readonly<Record<string, unknown>> => {
  const [head = "", tail] = path.split(".")
  return { ...minimalCustomer, [head]: tail === undefined ? value : { ...minimalCustomer.address, [tail]: value } }
}

const valueAt = (customer: unknown, path: string): unknown =>
  path.split(".").reduce<unknown>((value, name) => Object(value)[name], customer)

const has = (customer: unknown, path: string): boolean => {
  const dot = path.indexOf(".")
  return path.slice(dot + 1) in Object(dot < 0 ? customer : valueAt(customer, path.slice(0, dot)))
}

/** The body that `update` sends. */
const sent = (customer: unknown): unknown =>
  Either.getOrThrow(CustomerRequest.update("1001165729", Schema.decodeUnknownSync(CustomerUpdate)(customer))).body

const decode = Schema.decodeUnknownSync(Customer)
const decodeRecord = Schema.decodeUnknownSync(CustomerRecord)

describe("the fields of a customer", () => {
  it("are exactly those of Trustly's documentation", () => {
    const document = JSON.parse(
      readFileSync(new URL("../../../contract/trustly-customers.json", import.meta.url), "utf8")
    )
    const fields = { Customer, CustomerRecord, Address, DriverLicense }
    for (const [name, schema] of Object.entries(fields)) {
      const documented = Object(document).schemas[name === "CustomerRecord" ? "Customer" : name].properties
      assert.deepStrictEqual(sorted(Object.keys(schema.fields)), sorted(Object.keys(documented)), name)
    }
  })

  it("each have a value in these tests", () => {
    const parts = CustomerFields.all.filter(({ path }) => !path.startsWith("driverLicense."))
    assert.deepStrictEqual(Object.keys(values), parts.map(({ path }) => path))
  })

  for (const { isClearable, isReadOnly, isRequired, path } of CustomerFields.all) {
    const [wire, read = wire] = values[path] ?? []
    if (wire === undefined) continue
    const customer = withValue(path, wire)

    it(`${path}: decodes and re-encodes a value`, () => {
      assert.deepStrictEqual(valueAt(decode(customer), path), read)
      assert.deepStrictEqual(valueAt(decodeRecord(customer), path), read)
      assert.deepStrictEqual(Schema.encodeSync(Customer)(decode(customer)), customer)
    })

    it(`${path}: reads null as absent in a record${isRequired ? ", and rejects both after a write" : ""}`, () => {
      const absent = JSON.parse(JSON.stringify(withValue(path, undefined)))
      for (const without of [withValue(path, null), absent]) {
        assert.isFalse(has(decodeRecord(without), path))
        if (isRequired) assert.isTrue(Either.isLeft(Schema.decodeUnknownEither(Customer)(without)))
        else assert.isFalse(has(decode(without), path))
      }
    })

    const behavior = isReadOnly ? "does not send a value" : "sends a value"
    it(`${path}: ${behavior}, and null ${isClearable ? "clears the field" : "does not clear the field"}`, () => {
      assert.deepStrictEqual(sent(customer), isReadOnly ? minimalCustomer : customer)
      const cleared = withValue(path, null)
      if (isClearable) assert.deepStrictEqual(sent(cleared), cleared)
      else if (!isReadOnly) assert.throws(() => sent(cleared))
    })
  }

  it("are not sent when absent", () => {
    assert.deepStrictEqual(sent(minimalCustomer), minimalCustomer)
  })
})
