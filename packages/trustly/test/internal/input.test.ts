import { assert, describe, it } from "@effect/vitest"
import { DateTime, Either, FastCheck, Redacted } from "effect"
import type { Issue } from "effect-trustly"
import * as Input from "../../src/internal/input.ts"
import { least } from "../support.ts"

/** What `update` finds wrong. */
const wrong = (input: unknown) => Either.getOrThrow(Either.flip(Input.updateBody("1001165729", input))).issues

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
    ["an empty name", { ...least, name: "" }, invalid("name", "a text that is not empty")],
    ["an empty email", { ...least, email: "" }, invalid("email", "a text that is not empty")],
    ["an empty externalId", { ...least, externalId: "" }, invalid("externalId", "a text that is not empty or null")],
    ["an empty merchantId", { ...least, merchantId: "" }, invalid("merchantId", "a text that is not empty or null")],
    ...[["address1", ""], ["city", ""]].map(([name = "", value]) =>
      [
        `an empty ${name}`,
        { ...least, address: { country: "US", [name]: value } },
        invalid(`address.${name}`, "a text that is not empty or null")
      ] as const
    ),
    [
      "a state of one character",
      { ...least, address: { country: "US", state: "C" } },
      invalid("address.state", "a text of 2 characters or more or null")
    ],
    [
      "a zip of four characters",
      { ...least, address: { country: "US", zip: "9021" } },
      invalid("address.zip", "a text of 5 characters or more or null")
    ],
    ...["us", "USA", "U", "", "U1", "ÜS", "US\n"].map((country) =>
      [
        `the country ${JSON.stringify(country)}`,
        { ...least, address: { country } },
        invalid("address.country", "two letters A to Z")
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
      invalid("address.country", "a text")
    ],
    ["half a license", { ...least, driverLicense: { state: "CA" } }, [{
      path: "driverLicense.number",
      problem: "missing"
    }]],
    ["a name that is removed", { ...least, name: null }, invalid("name", "a text")],
    ["an undefined field", { ...least, taxId: undefined }, invalid("taxId", "a text or null, or no such key")],
    ["a secret of the wrong type", { ...least, taxId: 5 }, invalid("taxId", "a text or null")],
    [
      "a vip that JSON would change",
      { ...least, vip: 2 ** 53 },
      invalid("vip", "a text or a number up to 2^53 - 1 or null")
    ],
    ["a vip that is no number", { ...least, vip: NaN }, invalid("vip", "a text or a number up to 2^53 - 1 or null")],
    ["a balance that is a number", { ...least, balance: 5 }, invalid("balance", "a text or null")],
    [
      "a date as a number",
      { ...least, enrollDate: 5 },
      invalid("enrollDate", "a DateTime.Utc (in JSON, milliseconds since 1970) or null")
    ],
    ["another customer's id", { ...least, customerId: "1" }, invalid("customerId", "the identifier of the call")],
    ["an id that is removed", { ...least, customerId: null }, invalid("customerId", "a text")],
    ["an unknown key", { ...least, fullName: "a" }, unknown("fullName")],
    ["an unknown key inside", { ...least, address: { country: "US", planet: "x" } }, unknown("address.planet")],
    ["an unknown key that may be a value", { ...least, "555-12": 1 }, unknown("(a key)")],
    ["a key __proto__", JSON.parse(`{"__proto__":1,"name":"a","email":"b","phone":"c","address":{"country":"US"}}`), [
      { path: "__proto__", problem: "unknown" }
    ]],
    ["an accessor that throws", accessor, invalid("", "plain data")],
    ["no object", "Jo Doe", invalid("", "an object")],
    ["null", null, invalid("", "an object")],
    ["an empty object", {}, ["name", "email", "phone", "address"].flatMap(missing)],
    [
      "several things at once",
      { ...least, name: "", phone: 7, address: { country: "us", zip: "1" } },
      [
        ...invalid("name", "a text that is not empty"),
        ...invalid("phone", "a text"),
        ...invalid("address.zip", "a text of 5 characters or more or null"),
        ...invalid("address.country", "two letters A to Z")
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
      "undefined inside": { a: undefined },
      "a function": { a: () => 1 },
      "a symbol": { a: Symbol("a") },
      "a symbol key": { [Symbol("a")]: 1 },
      "a bigint": { a: 1n },
      NaN: { a: [NaN] },
      Infinity: { a: Infinity },
      "a date": { a: DateTime.toDateUtc(DateTime.unsafeMake(0)) },
      "a map": { a: new Map() },
      "a secret": { a: Redacted.make("a") },
      "a cycle": cycle,
      "a hole in an array": { a: sparse },
      "a class instance": { a: DateTime.unsafeMake(0) }
    })
  ) {
    it(`refuses customData with ${what}`, () => {
      assert.deepStrictEqual(
        wrong({ ...least, customData }),
        invalid("customData", "an object that JSON can carry or null")
      )
    })
  }

  it.prop("a refusal shows no value", [
    FastCheck.anything({ values: [FastCheck.constantFrom("sentinel value", 90210902)] }),
    FastCheck.constantFrom("name", "taxId", "address", "driverLicense", "customData", "vip", "sentinel value")
  ], ([value, field]) => {
    const checked = Input.updateBody("1001165729", { ...least, [field]: value })
    if (Either.isRight(checked)) return
    assert.notMatch(`${checked.left.message} ${JSON.stringify(checked.left)}`, /sentinel value|90210902/)
  })
})
