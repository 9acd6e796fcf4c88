import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck, ParseResult, Schema } from "effect"
import { Customer, CustomerRecord } from "effect-trustly"
import * as Decoding from "../../src/internal/decoding.ts"
import { reference } from "../support.ts"

const seldom = FastCheck.constantFrom<Array<unknown>>(true, {}, [])
const often = (...values: Array<unknown>) =>
  FastCheck.oneof({ weight: 50, arbitrary: FastCheck.constantFrom(...values) }, seldom)

const text = often("", "CA", "#####6790", null)
const number = often(1_555_696_836_548, 2, null)
const json = FastCheck.dictionary(FastCheck.constantFrom("a", "__proto__"), FastCheck.jsonValue())

const oneOf = (names: ReadonlyArray<string>, value: FastCheck.Arbitrary<unknown>) =>
  Object.fromEntries(names.map((name) => [name, value]))

const object = (fields: Record<string, FastCheck.Arbitrary<unknown>>, requiredKeys: Array<string> = []) =>
  FastCheck.oneof(
    { weight: 9, arbitrary: FastCheck.record(fields, { requiredKeys }) },
    FastCheck.constantFrom(null, [])
  )

const sound = FastCheck.string()
const customer = object({
  ...oneOf(["name", "email", "phone"], sound),
  ...oneOf(["taxId", "dateOfBirth", "organizationNumber", "customerId", "unheardOf"], text),
  ...oneOf(["vip", "balance", "enrollDate", "createdAt"], number),
  address: object({ country: sound, ...oneOf(["city", "zip", "unheardOf"], text) }, ["country"]),
  driverLicense: object({ number: sound, state: sound }),
  customData: FastCheck.oneof(json, text)
}, ["name", "email", "phone", "address"])

/** Holds that a body comes out as the schema decodes it, or with its issues; counts both. */
const comparison = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = Decoding.make(schema)
  const decodeBySchema = ParseResult.decodeUnknownEither(schema, { errors: "all" })
  // shows what Redacted hides
  const encode = Schema.encodeSync(schema)
  const seen = { Left: 0, Right: 0 }
  const check = (body: unknown): void => {
    const actual = decode(body)
    const expected = decodeBySchema(body)
    seen[actual._tag] += 1
    assert.deepStrictEqual(actual, expected)
    if (Either.isRight(actual) && Either.isRight(expected)) {
      assert.deepStrictEqual(encode(actual.right), encode(expected.right))
    }
  }
  return { check, seen }
}

const record = comparison(Schema.Struct({ customer: CustomerRecord }))
const cases = {
  "a customer": [comparison(Schema.Struct({ customer: Customer })), FastCheck.record({ customer })],
  "a record": [record, FastCheck.record({ customer })],
  "several records": [
    comparison(Schema.Struct({ customers: Schema.Array(CustomerRecord) })),
    FastCheck.record({ customers: FastCheck.array(customer, { maxLength: 3 }) })
  ]
} as const

describe("decoding an answer", () => {
  for (const [name, [{ check, seen }, bodies]] of Object.entries(cases)) {
    it(`gives what the schema gives, or its issues: ${name}`, () => {
      FastCheck.assert(FastCheck.property<[unknown]>(bodies, check), { numRuns: 500 })
      assert.isAbove(seen.Left, 50)
      assert.isAbove(seen.Right, 50)
    })
  }

  it("reads null as absent, but in customData", () => {
    const decode = Decoding.make(Customer)
    const customData = { tier: null, list: [null] }
    const decoded = Either.getOrThrow(decode({ ...reference, taxId: null, customData }))
    assert.notProperty(decoded, "taxId")
    assert.deepStrictEqual(decoded.customData, customData)
  })

  for (const body of [null, "text", 7, [], { customer: null }, { customer: [] }, {}]) {
    it(`leaves ${JSON.stringify(body)} to the schema`, () => {
      assert.doesNotThrow(() => record.check(body))
    })
  }
})
