import { assert, describe, it } from "@effect/vitest"
import { Data, DateTime, Either, FastCheck, Option, Redacted, Schema } from "effect"
import { Customer, CustomerChange, CustomerFields, CustomerRequest, CustomerUpdate, type Issue } from "effect-trustly"
import { least, reference } from "./support.ts"

// from programs without types, too
const update: (input: unknown) => ReturnType<typeof CustomerRequest.update> = (input) =>
  Reflect.apply(CustomerRequest.update, undefined, ["1001165729", input])

/** What `update` finds wrong. */
const wrong = (input: unknown) => Either.getOrThrow(Either.flip(update(input))).issues

const invalid = (path: string, expected: string): ReadonlyArray<Issue> => [{ path, problem: "invalid", expected }]
const missing = (path: string): ReadonlyArray<Issue> => [{ path, problem: "missing" }]
const unknown = (path: string): ReadonlyArray<Issue> => [{ path, problem: "unknown" }]

const accessor = Object.defineProperty({ ...least }, "email", {
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
  const refusals: ReadonlyArray<readonly [what: string, input: unknown, issues: ReadonlyArray<Issue>]> = [
    ["an empty name", { ...least, name: "" }, invalid("name", "a non-empty string")],
    ["an empty email", { ...least, email: "" }, invalid("email", "a non-empty string")],
    ["an empty externalId", { ...least, externalId: "" }, invalid("externalId", "a non-empty string")],
    ["an empty merchantId", { ...least, merchantId: "" }, invalid("merchantId", "a non-empty string")],
    ...[["address1", ""], ["city", ""]].map(([name = "", value]) =>
      [
        `an empty ${name}`,
        { ...least, address: { country: "US", [name]: value } },
        invalid(`address.${name}`, "a non-empty string")
      ] as const
    ),
    [
      "a state of one character",
      { ...least, address: { country: "US", state: "C" } },
      invalid("address.state", "a string of at least 2 characters")
    ],
    [
      "a zip of four characters",
      { ...least, address: { country: "US", zip: "9021" } },
      invalid("address.zip", "a string of at least 5 characters")
    ],
    ...["us", "USA", "U", "", "U1", "ÜS", "US\n"].map((country) =>
      [
        `the country ${JSON.stringify(country)}`,
        { ...least, address: { country } },
        invalid("address.country", "two letters from A to Z")
      ] as const
    ),
    ...["C", "CAL", "C1", ""].map((state) =>
      [
        `the license's state ${JSON.stringify(state)}`,
        { ...least, driverLicense: { number: "1", state } },
        invalid("driverLicense.state", "two letters")
      ] as const
    ),
    ["no country", { ...least, address: {} }, missing("address.country")],
    [
      "a country that is removed",
      { ...least, address: { country: null } },
      invalid("address.country", "two letters from A to Z")
    ],
    ["half a license", { ...least, driverLicense: { state: "CA" } }, [{
      path: "driverLicense.number",
      problem: "missing"
    }]],
    ["a name that is removed", { ...least, name: null }, invalid("name", "a non-empty string")],
    [
      "a secret of the wrong type",
      { ...least, taxId: 5 },
      invalid("taxId", "a string other than <redacted>, which is how a secret prints")
    ],
    [
      "a vip that JSON would change",
      { ...least, vip: 2 ** 53 },
      invalid("vip", "a string or a number up to 2^53 - 1")
    ],
    ["a vip that is no number", { ...least, vip: NaN }, invalid("vip", "a string or a number up to 2^53 - 1")],
    ["a balance that is a number", { ...least, balance: 5 }, invalid("balance", "a string")],
    [
      "a date as a number",
      { ...least, enrollDate: 5 },
      invalid("enrollDate", "a DateTime.Utc (on the wire: milliseconds since 1970)")
    ],
    ["another customer's id", { ...least, customerId: "1" }, invalid("customerId", "the customerId of the call")],
    ["an id that is removed", { ...least, customerId: null }, invalid("customerId", "a string")],
    ["an unknown key", { ...least, fullName: "a" }, unknown("fullName")],
    ["an unknown key inside", { ...least, address: { country: "US", planet: "x" } }, unknown("address.planet")],
    ["an unknown key that may be a value", { ...least, "555-12": 1 }, unknown("(a key)")],
    ["a key __proto__", JSON.parse(`{"__proto__":1,"name":"a","email":"b","phone":"c","address":{"country":"US"}}`), [
      { path: "__proto__", problem: "unknown" }
    ]],
    [
      "an accessor that throws",
      accessor,
      invalid("email", "plain data: objects, arrays, strings, numbers, booleans, and null")
    ],
    ["no object", "Jo Doe", invalid("", "an object")],
    ["null", null, invalid("", "an object")],
    ["an empty object", {}, ["name", "email", "phone", "address"].flatMap(missing)],
    [
      "several things at once",
      { ...least, name: "", phone: 7, address: { country: "us", zip: "1" } },
      [
        ...invalid("name", "a non-empty string"),
        ...invalid("phone", "a string"),
        ...invalid("address.zip", "a string of at least 5 characters"),
        ...invalid("address.country", "two letters from A to Z")
      ]
    ]
  ]
  for (const [what, input, issues] of refusals) {
    it(`refuses ${what}`, () => assert.deepStrictEqual(wrong(input), issues))
  }

  for (
    const [what, customData] of Object.entries({
      "an array": [1],
      "a text": "a",
      "a function": { a: () => 1 },
      "a symbol": { a: Symbol("a") },
      "a symbol key": { [Symbol("a")]: 1 },
      "a bigint": { a: 1n },
      NaN: { a: [NaN] },
      Infinity: { a: Infinity },
      "a secret": { a: Redacted.make("a") },
      "a hole in an array": { a: sparse },
      "a class instance": { a: DateTime.unsafeMake(0) }
    })
  ) {
    it(`refuses customData with ${what}`, () => {
      assert.deepStrictEqual(
        wrong({ ...least, customData }),
        invalid("customData", "a JSON object")
      )
    })
  }

  for (
    const [what, customData] of Object.entries({
      "a date": { a: DateTime.toDateUtc(DateTime.unsafeMake(0)) },
      "a map": { a: new Map() },
      "a cycle": cycle
    })
  ) {
    it(`refuses customData with ${what}`, () =>
      assert.deepStrictEqual(
        wrong({ ...least, customData }),
        invalid("customData", "plain data: objects, arrays, strings, numbers, booleans, and null")
      ))
  }

  it.prop("a refusal shows no value", [
    FastCheck.anything({ values: [FastCheck.constantFrom("sentinel value", 90210902)] }),
    FastCheck.constantFrom("name", "taxId", "address", "driverLicense", "customData", "vip", "sentinel value")
  ], ([value, field]) => {
    const checked = update({ ...least, [field]: value })
    if (Either.isRight(checked)) return
    assert.notMatch(`${checked.left.message} ${JSON.stringify(checked.left)}`, /sentinel value|90210902/)
  })
})

/** The body that `update` sends. */
const sent = (input: unknown) => Either.getOrThrow(update(input)).body

describe("a mask", () => {
  const masks = ["#####6790", "#####", "######", "#########6790", "#####é1", "##########"]
  for (const mask of masks) {
    it(`${mask} in a secret is never written`, () => {
      for (const field of ["taxId", "nationalId", "dateOfBirth"]) {
        assert.deepStrictEqual(sent({ ...least, [field]: mask, vip: 7 }), { ...least, vip: 7 })
        assert.deepStrictEqual(sent({ ...least, [field]: Redacted.make(mask) }), least)
      }
      assert.deepStrictEqual(sent({ ...least, driverLicense: { number: Redacted.make(mask), state: "CA" } }), least)
    })
  }

  for (const value of ["####6790", "#####67901", "6790#####", "123-45-6790", ""]) {
    it(`is not ${JSON.stringify(value)}, which is written`, () =>
      assert.deepStrictEqual(sent({ ...least, taxId: value }), { ...least, taxId: value }))
  }

  it("is written where it is no secret", () =>
    assert.deepStrictEqual(sent({ ...least, externalTier: "#####1" }), { ...least, externalTier: "#####1" }))

  it("lets a customer that was read be sent back", () => {
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

  it("of a license that changes its state is refused", () => {
    const record = { ...least, driverLicense: { number: Redacted.make("#####4567"), state: "CA" } }
    const error = Either.getOrThrow(
      Either.flip(CustomerRequest.modify("1", record, { driverLicense: { number: "#####4567", state: "NV" } }))
    )
    assert.deepStrictEqual(error.issues, invalid("driverLicense.number", "the whole number, not a mask"))
  })
})

describe("the text <redacted>", () => {
  for (const text of ["<redacted>", " <redacted> ", "<REDACTED>", "<redacted:taxId>"]) {
    it(`${JSON.stringify(text)} is refused in every secret, in every write`, () => {
      const expected = "a string other than <redacted>, which is how a secret prints"
      for (const field of ["taxId", "nationalId", "dateOfBirth"]) {
        for (const value of [text, Redacted.make(text)]) {
          assert.deepStrictEqual(wrong({ ...least, [field]: value }), invalid(field, expected))
        }
      }
      const license = { ...least, driverLicense: { number: text, state: "CA" } }
      assert.deepStrictEqual(wrong(license), invalid("driverLicense.number", expected))
      const json = { ...least, taxId: text }
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

describe("input that is not plain data", () => {
  const refused: Readonly<Record<string, readonly [input: unknown, path: string]>> = {
    "a getter on the class": [Object.assign(new Dto(), least), ""],
    "an inherited field": [Object.assign(Object.create({ vip: 2 }), least), ""],
    "a Map": [new Map(Object.entries(least)), ""],
    "a promise": [Promise.resolve(least), ""],
    "a Date as the address": [{ ...least, address: DateTime.toDateUtc(DateTime.unsafeMake(0)) }, "address"],
    "a Map as customData": [{ ...least, customData: new Map([["tier", 1]]) }, "customData"],
    "a toJSON that throws": [{
      ...least,
      customData: {
        toJSON: () => {
          throw new Error("sentinel")
        }
      }
    }, "customData"],
    "a toJSON that says something else": [{ ...least, toJSON: () => ({}) }, ""]
  }
  for (const [what, [input, path]] of Object.entries(refused)) {
    it(`is refused: ${what}`, () => assert.deepStrictEqual(wrong(input), invalid(path, plainData)))
  }

  it("is read once", () => {
    let reads = 0
    const input = Object.defineProperty({ ...least }, "vip", { enumerable: true, get: () => ++reads })
    assert.deepStrictEqual(sent(input), { ...least, vip: 1 })
    assert.strictEqual(reads, 1)
  })

  it("is accepted where nothing would be lost", () => {
    assert.deepStrictEqual(sent(new Plain()), least)
    assert.deepStrictEqual(sent(Data.struct(least)), least)
    assert.deepStrictEqual(sent(Object.assign(Object.create(null), least)), least)
    const hidden = Object.defineProperty({ ...least }, "vip", { value: 2, enumerable: false })
    assert.deepStrictEqual(sent(hidden), { ...least, vip: 2 })
  })
})

describe("undefined", () => {
  it("counts as absent, at every depth", () => {
    const optional = Object.fromEntries(
      CustomerFields.all.filter(({ isRequired, path }) => !isRequired && !path.includes(".")).map((
        { path }
      ) => [path, undefined])
    )
    const input = { ...least, ...optional, address: { country: "US", city: undefined, zip: undefined } }
    assert.deepStrictEqual(sent(input), least)
    assert.deepStrictEqual(sent({ ...least, customData: { a: undefined, b: 1 } }), { ...least, customData: { b: 1 } })
    assert.deepStrictEqual(Schema.decodeUnknownSync(CustomerUpdate)(input), least)
    assert.deepStrictEqual(Schema.encodeUnknownSync(CustomerUpdate)(input), least)
    assert.deepStrictEqual(Schema.decodeUnknownSync(CustomerChange)(input), least)
    assert.deepStrictEqual(Schema.encodeUnknownSync(CustomerChange)(input), least)
  })

  it("of a required field is a missing field", () =>
    assert.deepStrictEqual(wrong({ ...least, name: undefined }), missing("name")))
})
