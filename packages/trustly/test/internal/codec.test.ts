import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, DateTime, Either, FastCheck, ParseResult, Redacted, Schema } from "effect"
import { Customer, CustomerBatch, CustomerChange, CustomerRecord, CustomerUpdate } from "effect-trustly"
import * as Codec from "../../src/internal/codec.ts"
import { reference, sample } from "../support.ts"

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

const [Update, Change, ChangeByExternalId] = CustomerBatch.Command.members

const ignore = { onExcessProperty: "ignore" } as const
const refuse = { onExcessProperty: "error" } as const

/** Holds that a value comes out as the schema decodes it, or with its issues; counts both. */
const decoding = <A, I>(schema: Schema.Schema<A, I>, options: typeof ignore | typeof refuse) => {
  const decode = Codec.decoder(schema, options)
  const decodeBySchema = ParseResult.decodeUnknownEither(schema, { ...options, errors: "all" })
  // shows what Redacted hides
  const encode = Schema.encodeSync(schema)
  const seen = { Left: 0, Right: 0 }
  const check = (value: unknown): void => {
    const actual = decode(value)
    const expected = decodeBySchema(value)
    seen[actual._tag] += 1
    assert.deepStrictEqual(actual, expected)
    if (Either.isRight(actual) && Either.isRight(expected)) {
      assert.deepStrictEqual(encode(actual.right), encode(expected.right))
    }
  }
  return { check, seen }
}

const encoding = <A, I>(schema: Schema.Schema<A, I>) => {
  const encode = Codec.encoder(schema)
  const encodeBySchema = ParseResult.encodeUnknownEither(schema, { ...refuse, errors: "all" })
  const seen = { Left: 0, Right: 0 }
  const check = (value: unknown): void => {
    const actual = encode(value)
    seen[actual._tag] += 1
    assert.deepStrictEqual(actual, encodeBySchema(value))
  }
  return { check, seen }
}

/** Now and then one field, of the value or of an object in it, gone or something else, or a key that nobody knows. */
const flawed = (values: FastCheck.Arbitrary<object>): FastCheck.Arbitrary<unknown> =>
  FastCheck.tuple(
    values,
    FastCheck.boolean(),
    FastCheck.nat(),
    FastCheck.constantFrom<Array<unknown>>(undefined, null, "", "text", 7, Number.NaN, true, {}, [], [null], "absent")
  ).map(([value, keep, index, other]) => {
    if (keep) return value
    const spoil = (whole: object): object => {
      const entries = Object.entries({ ...whole, unheardOf: undefined })
      const [name, held] = entries[index % entries.length] ?? ["unheardOf", undefined]
      if (other === "absent") return Object.fromEntries(entries.filter(([key]) => key !== name && key !== "unheardOf"))
      const inside = typeof held === "object" && held !== null && !Array.isArray(held) && index % 2 === 0
      return { ...whole, [name]: inside && name !== "customData" ? spoil(held) : other }
    }
    return spoil(value)
  })

const typed = <A extends object, I>(schema: Schema.Schema<A, I>) => flawed(Arbitrary.make(Schema.typeSchema(schema)))
const wire = <A, I extends object>(schema: Schema.Schema<A, I>) =>
  flawed(Arbitrary.make(schema).map(Schema.encodeSync(schema)))

const record = decoding(Schema.Struct({ customer: CustomerRecord }), ignore)
const update = encoding(CustomerUpdate)
const cases = {
  "the answer to a write": [decoding(Schema.Struct({ customer: Customer }), ignore), FastCheck.record({ customer })],
  "a record": [record, FastCheck.record({ customer })],
  "several records": [
    decoding(Schema.Struct({ customers: Schema.Array(CustomerRecord) }), ignore),
    FastCheck.record({ customers: FastCheck.array(customer, { maxLength: 3 }) })
  ],
  "the command of an update": [decoding(Update, refuse), wire(Update)],
  "the command of a change": [decoding(Change, refuse), wire(Change)],
  "the command of a change by externalId": [decoding(ChangeByExternalId, refuse), wire(ChangeByExternalId)],
  "a customer to be sent": [update, typed(CustomerUpdate)],
  "a change to be sent": [encoding(CustomerChange), typed(CustomerChange)]
} as const

describe("a codec", () => {
  for (const [name, [{ check, seen }, values]] of Object.entries(cases)) {
    it(`gives what the schema gives, or its issues: ${name}`, () => {
      FastCheck.assert(FastCheck.property<[unknown]>(values, check), { numRuns: 500 })
      assert.isAbove(seen.Left, 50)
      assert.isAbove(seen.Right, 50)
    })
  }

  it("reads null as absent, but in customData", () => {
    const decode = Codec.decoder(Customer, ignore)
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

  it("refuses a key that is a symbol, and takes fields that are inherited", () => {
    class Person {
      readonly phone = "+1"
      readonly address = { country: "US" }
      get name() {
        return "Jo Doe"
      }
      get email() {
        return "jo@example.com"
      }
    }
    update.check({ ...sample, [Symbol("a key")]: 1 })
    update.check(new Person())
    assert.isTrue(Either.isRight(Codec.encoder(CustomerUpdate)(new Person())))
  })

  // one of each kind of field
  const rich = { ...sample, vip: 2, currency: null, customData: { tier: 1 } }
  const parsers = {
    "the answer to a write": [Codec.decoder(Customer, ignore), { ...reference, ...rich }],
    "a customer as wire JSON": [
      Codec.decoder(CustomerUpdate, refuse),
      { ...rich, enrollDate: 0 }
    ],
    "a customer to be sent": [
      Codec.encoder(CustomerUpdate),
      { ...rich, enrollDate: DateTime.unsafeMake(0), taxId: Redacted.make("123456790") }
    ]
  } as const

  for (const [name, [parse, value]] of Object.entries(parsers)) {
    it(`goes the short way: ${name}`, () => {
      let reads = 0
      const counted = new Proxy(value, {
        get: (target, key) => {
          reads += 1
          return Reflect.get(target, key)
        }
      })
      assert.strictEqual(parse(counted)._tag, "Right")
      // the schema would read all of them once more
      assert.strictEqual(reads, Object.keys(value).length)
    })
  }
})
