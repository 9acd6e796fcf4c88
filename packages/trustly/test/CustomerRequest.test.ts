import { assert, describe, it } from "@effect/vitest"
import { Data, DateTime, Either, FastCheck, Hash, Option, Redacted, Schema } from "effect"
import { Customer, CustomerChange, CustomerFields, CustomerRequest, CustomerUpdate, type Issue } from "effect-trustly"
import { minimalCustomer, reference } from "./support.ts"

// also accepts input that the types forbid, as an untyped program can pass it
const update: (input: unknown) => ReturnType<typeof CustomerRequest.update> = (input) =>
  Reflect.apply(CustomerRequest.update, undefined, ["1001165729", input])

/** The issues that `update` reports. */
const issuesOf = (input: unknown) => Either.getOrThrow(Either.flip(update(input))).issues

const invalid = (path: string, expected: string): ReadonlyArray<Issue> => [{ path, problem: "invalid", expected }]
const missing = (path: string): ReadonlyArray<Issue> => [{ path, problem: "missing" }]
const unknown = (path: string): ReadonlyArray<Issue> => [{ path, problem: "unknown" }]

const accessor = Object.defineProperty({ ...minimalCustomer }, "email", {
  enumerable: true,
  get: () => {
    throw new Error("jo@example.test")
  }
})

const cycle: { self?: unknown } = {}
cycle.self = cycle

const sparse = [1]
sparse.length = 2

describe("the input of a write", () => {
  const invalidInputs: ReadonlyArray<readonly [what: string, input: unknown, issues: ReadonlyArray<Issue>]> = [
    ["an empty name", { ...minimalCustomer, name: "" }, invalid("name", "a non-empty string")],
    ["an empty email", { ...minimalCustomer, email: "" }, invalid("email", "a non-empty string")],
    ["an empty externalId", { ...minimalCustomer, externalId: "" }, invalid("externalId", "a non-empty string")],
    ["an empty merchantId", { ...minimalCustomer, merchantId: "" }, invalid("merchantId", "a non-empty string")],
    ...[["address1", ""], ["city", ""]].map(([name = "", value]) =>
      [
        `an empty ${name}`,
        { ...minimalCustomer, address: { country: "US", [name]: value } },
        invalid(`address.${name}`, "a non-empty string")
      ] as const
    ),
    [
      "a state of one character",
      { ...minimalCustomer, address: { country: "US", state: "C" } },
      invalid("address.state", "a string of at least 2 characters")
    ],
    [
      "a zip of four characters",
      { ...minimalCustomer, address: { country: "US", zip: "9021" } },
      invalid("address.zip", "a string of at least 5 characters")
    ],
    ...["us", "USA", "U", "", "U1", "ÜS", "US\n"].map((country) =>
      [
        `the country ${JSON.stringify(country)}`,
        { ...minimalCustomer, address: { country } },
        invalid("address.country", "two letters from A to Z")
      ] as const
    ),
    ...["C", "CAL", "C1", ""].map((state) =>
      [
        `the license's state ${JSON.stringify(state)}`,
        { ...minimalCustomer, driverLicense: { number: "1", state } },
        invalid("driverLicense.state", "two letters")
      ] as const
    ),
    ["no country", { ...minimalCustomer, address: {} }, missing("address.country")],
    [
      "a null country",
      { ...minimalCustomer, address: { country: null } },
      invalid("address.country", "two letters from A to Z")
    ],
    ["a license without a number", { ...minimalCustomer, driverLicense: { state: "CA" } }, [{
      path: "driverLicense.number",
      problem: "missing"
    }]],
    ["a null name", { ...minimalCustomer, name: null }, invalid("name", "a non-empty string")],
    [
      "a secret of the wrong type",
      { ...minimalCustomer, taxId: 5 },
      invalid("taxId", "a string other than <redacted>, which is how a secret prints")
    ],
    [
      "a vip that JSON cannot represent exactly",
      { ...minimalCustomer, vip: 2 ** 53 },
      invalid("vip", "a string or a number up to 2^53 - 1")
    ],
    ["a vip that is NaN", { ...minimalCustomer, vip: NaN }, invalid("vip", "a string or a number up to 2^53 - 1")],
    ["a balance that is a number", { ...minimalCustomer, balance: 5 }, invalid("balance", "a string")],
    [
      "a date as a number",
      { ...minimalCustomer, enrollDate: 5 },
      invalid("enrollDate", "a DateTime.Utc (on the wire: milliseconds since 1970)")
    ],
    [
      "another customer's ID",
      { ...minimalCustomer, customerId: "1" },
      invalid("customerId", "the customerId of the call")
    ],
    ["a null customerId", { ...minimalCustomer, customerId: null }, invalid("customerId", "a string")],
    ["an unknown key", { ...minimalCustomer, fullName: "a" }, unknown("fullName")],
    [
      "an unknown nested key",
      { ...minimalCustomer, address: { country: "US", planet: "x" } },
      unknown("address.planet")
    ],
    ["an unknown key that may be a value", { ...minimalCustomer, "555-12": 1 }, unknown("(a key)")],
    ["a __proto__ key", JSON.parse(`{"__proto__":1,"name":"a","email":"b","phone":"c","address":{"country":"US"}}`), [
      { path: "__proto__", problem: "unknown" }
    ]],
    [
      "an accessor that throws",
      accessor,
      invalid("email", "plain data: objects, arrays, strings, numbers, booleans, and null")
    ],
    ["a string instead of an object", "Jo Doe", invalid("", "an object")],
    ["null", null, invalid("", "an object")],
    ["an empty object", {}, ["name", "email", "phone", "address"].flatMap(missing)],
    [
      "several invalid fields",
      { ...minimalCustomer, name: "", phone: 7, address: { country: "us", zip: "1" } },
      [
        ...invalid("name", "a non-empty string"),
        ...invalid("phone", "a string"),
        ...invalid("address.zip", "a string of at least 5 characters"),
        ...invalid("address.country", "two letters from A to Z")
      ]
    ]
  ]
  for (const [what, input, issues] of invalidInputs) {
    it(`rejects ${what}`, () => assert.deepStrictEqual(issuesOf(input), issues))
  }

  for (
    const [what, customData] of Object.entries({
      "an array": [1],
      "a string": "a",
      "a function": { a: () => 1 },
      "a symbol": { a: Symbol("a") },
      "a symbol key": { [Symbol("a")]: 1 },
      "a bigint": { a: 1n },
      NaN: { a: [NaN] },
      Infinity: { a: Infinity },
      "a secret": { a: Redacted.make("a") },
      "a class instance": { a: DateTime.unsafeMake(0) }
    })
  ) {
    it(`rejects customData with ${what}`, () => {
      assert.deepStrictEqual(
        issuesOf({ ...minimalCustomer, customData }),
        invalid("customData", "a JSON object")
      )
    })
  }

  for (
    const [what, customData] of Object.entries({
      "a hole in an array": { a: sparse },
      "a date": { a: DateTime.toDateUtc(DateTime.unsafeMake(0)) },
      "a map": { a: new Map() },
      "a cycle": cycle
    })
  ) {
    it(`rejects customData with ${what}`, () =>
      assert.deepStrictEqual(
        issuesOf({ ...minimalCustomer, customData }),
        invalid("customData", "plain data: objects, arrays, strings, numbers, booleans, and null")
      ))
  }

  it.prop("reports no input value", [
    FastCheck.anything({ values: [FastCheck.constantFrom("sentinel value", 90210902)] }),
    FastCheck.constantFrom("name", "taxId", "address", "driverLicense", "customData", "vip", "sentinel value")
  ], ([value, field]) => {
    const checked = update({ ...minimalCustomer, [field]: value })
    if (Either.isRight(checked)) return
    assert.notMatch(`${checked.left.message} ${JSON.stringify(checked.left)}`, /sentinel value|90210902/)
  })
})

/** The body that `update` sends. */
const sent = (input: unknown) => Either.getOrThrow(update(input)).body

describe("a mask", () => {
  const masks = ["#####6790", "#####", "######", "#########6790", "#####é1", "##########"]
  for (const mask of masks) {
    it(`${mask} in a secret field is never sent`, () => {
      for (const field of ["taxId", "nationalId", "dateOfBirth"]) {
        assert.deepStrictEqual(sent({ ...minimalCustomer, [field]: mask, vip: 7 }), { ...minimalCustomer, vip: 7 })
        assert.deepStrictEqual(sent({ ...minimalCustomer, [field]: Redacted.make(mask) }), minimalCustomer)
      }
      assert.deepStrictEqual(
        sent({ ...minimalCustomer, driverLicense: { number: Redacted.make(mask), state: "CA" } }),
        minimalCustomer
      )
    })
  }

  for (const value of ["####6790", "#####67901", "6790#####", "123-45-6790", ""]) {
    it(`${JSON.stringify(value)} is not a mask and is sent`, () =>
      assert.deepStrictEqual(sent({ ...minimalCustomer, taxId: value }), { ...minimalCustomer, taxId: value }))
  }

  it("is sent in a field that is not secret", () =>
    assert.deepStrictEqual(sent({ ...minimalCustomer, externalTier: "#####1" }), {
      ...minimalCustomer,
      externalTier: "#####1"
    }))

  it("is omitted when a customer that was read is sent back", () => {
    const wire = { ...reference, taxId: "#####5678", driverLicense: { number: "#####4567", state: "CA" } }
    const read = Schema.decodeUnknownSync(Customer)(wire)
    const { createdAt: _c, driverLicense: _d, taxId: _t, updatedAt: _u, ...rest } = wire
    const sentBack = CustomerRequest.update(wire.customerId, { ...read, vip: 7 })
    assert.deepStrictEqual(Either.getOrThrow(sentBack).body, { ...rest, vip: 7 })
    const changed = CustomerRequest.modify(wire.customerId, read, { ...read, vip: 7 })
    assert.deepStrictEqual(Option.getOrThrow(Either.getOrThrow(changed)).body, { ...rest, vip: 7 })
    const upserted = CustomerRequest.createOrUpdate({ ...read, externalId: wire.externalId, vip: 7 })
    assert.deepStrictEqual(Either.getOrThrow(upserted).body, { ...rest, vip: 7 })
  })

  it("is rejected in a license whose state changes", () => {
    const record = { ...minimalCustomer, driverLicense: { number: Redacted.make("#####4567"), state: "CA" } }
    const error = Either.getOrThrow(
      Either.flip(CustomerRequest.modify("1", record, { driverLicense: { number: "#####4567", state: "NV" } }))
    )
    assert.deepStrictEqual(error.issues, invalid("driverLicense.number", "the whole number, not a mask"))
  })
})

describe("the string <redacted>", () => {
  for (const text of ["<redacted>", " <redacted> ", "<REDACTED>", "<redacted:taxId>"]) {
    it(`${JSON.stringify(text)} is rejected in every secret field of every write`, () => {
      const expected = "a string other than <redacted>, which is how a secret prints"
      for (const field of ["taxId", "nationalId", "dateOfBirth"]) {
        for (const value of [text, Redacted.make(text)]) {
          assert.deepStrictEqual(issuesOf({ ...minimalCustomer, [field]: value }), invalid(field, expected))
        }
      }
      const license = { ...minimalCustomer, driverLicense: { number: text, state: "CA" } }
      assert.deepStrictEqual(issuesOf(license), invalid("driverLicense.number", expected))
      const json = { ...minimalCustomer, taxId: text }
      assert.isTrue(Either.isLeft(Schema.decodeUnknownEither(CustomerUpdate)(json)))
      assert.isTrue(Either.isLeft(Schema.decodeUnknownEither(CustomerChange)(json)))
    })
  }
})

class Base {
  get vip() {
    return 2
  }
}
class Dto extends Base {
  readonly name = "Jo Doe"
  readonly email = "jo@example.test"
  readonly phone = "+1"
  readonly address = { country: "US" }
}
class Plain {
  readonly name = "Jo Doe"
  readonly email = "jo@example.test"
  readonly phone = "+1"
  readonly address = { country: "US" }
  greet() {
    return this.name
  }
}

const plainData = "plain data: objects, arrays, strings, numbers, booleans, and null"

describe("input that is not a plain object", () => {
  const invalidInputs: Readonly<Record<string, readonly [input: unknown, path: string]>> = {
    "a getter on the class": [Object.assign(new Dto(), minimalCustomer), ""],
    "an inherited field": [Object.assign(Object.create({ vip: 2 }), minimalCustomer), ""],
    "a Map": [new Map(Object.entries(minimalCustomer)), ""],
    "a promise": [Promise.resolve(minimalCustomer), ""],
    "a Date as the address": [{ ...minimalCustomer, address: DateTime.toDateUtc(DateTime.unsafeMake(0)) }, "address"],
    "a match with groups in customData": [{ ...minimalCustomer, customData: { a: /b/.exec("abc") } }, "customData"],
    "a Map as customData": [{ ...minimalCustomer, customData: new Map([["tier", 1]]) }, "customData"],
    "a toJSON that throws": [{
      ...minimalCustomer,
      customData: {
        toJSON: () => {
          throw new Error("sentinel")
        }
      }
    }, "customData"],
    "a toJSON that returns other data": [{ ...minimalCustomer, toJSON: () => ({}) }, ""]
  }
  for (const [what, [input, path]] of Object.entries(invalidInputs)) {
    it(`is rejected: ${what}`, () => assert.deepStrictEqual(issuesOf(input), invalid(path, plainData)))
  }

  it("reads each property once", () => {
    let reads = 0
    const input = Object.defineProperty({ ...minimalCustomer }, "vip", { enumerable: true, get: () => ++reads })
    assert.deepStrictEqual(sent(input), { ...minimalCustomer, vip: 1 })
    assert.strictEqual(reads, 1)
  })

  it("reads each property of customData once", () => {
    let reads = 0
    const customData = Object.defineProperty({}, "tier", { enumerable: true, get: () => ++reads })
    const body = sent({ ...minimalCustomer, customData })
    const stringify = Schema.encodeSync(Schema.parseJson(Schema.Unknown))
    assert.strictEqual(stringify(body), stringify({ ...minimalCustomer, customData: { tier: 1 } }))
    assert.strictEqual(reads, 1)
  })

  it("is accepted if no data would be lost", () => {
    assert.deepStrictEqual(sent(new Plain()), minimalCustomer)
    assert.deepStrictEqual(sent(Data.struct(minimalCustomer)), minimalCustomer)
    assert.deepStrictEqual(sent(Object.assign(Object.create(null), minimalCustomer)), minimalCustomer)
    const compared = Data.struct(minimalCustomer)
    Hash.hash(compared)
    assert.deepStrictEqual(sent(compared), minimalCustomer)
    const hidden = Object.defineProperty({ ...minimalCustomer }, "vip", { value: 2, enumerable: false })
    assert.deepStrictEqual(sent(hidden), { ...minimalCustomer, vip: 2 })
  })
})

describe("undefined", () => {
  it("counts as absent, at every depth", () => {
    const optional = Object.fromEntries(
      CustomerFields.all.filter(({ isRequired, path }) => !isRequired && !path.includes(".")).map((
        { path }
      ) => [path, undefined])
    )
    const input = { ...minimalCustomer, ...optional, address: { country: "US", city: undefined, zip: undefined } }
    assert.deepStrictEqual(sent(input), minimalCustomer)
    assert.deepStrictEqual(sent({ ...minimalCustomer, customData: { a: undefined, b: 1 } }), {
      ...minimalCustomer,
      customData: { b: 1 }
    })
    assert.deepStrictEqual(Schema.decodeUnknownSync(CustomerUpdate)(input), minimalCustomer)
    assert.deepStrictEqual(Schema.encodeUnknownSync(CustomerUpdate)(input), minimalCustomer)
    assert.deepStrictEqual(Schema.decodeUnknownSync(CustomerChange)(input), minimalCustomer)
    assert.deepStrictEqual(Schema.encodeUnknownSync(CustomerChange)(input), minimalCustomer)
  })

  it("counts as missing in a required field", () =>
    assert.deepStrictEqual(issuesOf({ ...minimalCustomer, name: undefined }), missing("name")))
})
