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

/** Holds that a value comes out as the schema decodes it, or with its issues; counts both. */
const decoding = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = Codec.decoder(schema)
  const decodeBySchema = ParseResult.decodeUnknownEither(schema, { errors: "all" })
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
  const encodeBySchema = ParseResult.encodeUnknownEither(schema, { errors: "all" })
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

const record = decoding(Schema.Struct({ customer: CustomerRecord }))
const update = encoding(CustomerUpdate)
const cases = {
  "the answer to a write": [decoding(Schema.Struct({ customer: Customer })), FastCheck.record({ customer })],
  "a record": [record, FastCheck.record({ customer })],
  "several records": [
    decoding(Schema.Struct({ customers: Schema.Array(CustomerRecord) })),
    FastCheck.record({ customers: FastCheck.array(customer, { maxLength: 3 }) })
  ],
  "the command of an update": [decoding(Update), wire(Update)],
  "the command of a change": [decoding(Change), wire(Change)],
  "the command of a change by externalId": [decoding(ChangeByExternalId), wire(ChangeByExternalId)],
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
    const decode = Codec.decoder(Customer)
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

  it("refuses a key that is a symbol", () => {
    const withSymbol = { ...sample, [Symbol("a key")]: 1 }
    update.check(withSymbol)
    assert.isTrue(Either.isLeft(Codec.encoder(CustomerUpdate)(withSymbol)))
  })

  // one of each kind of field
  const rich = { ...sample, vip: 2, currency: null, customData: { tier: 1 } }
  const parsers = {
    "the answer to a write": [Codec.decoder(Customer), { ...reference, ...rich }],
    "a customer as wire JSON": [
      Codec.decoder(CustomerUpdate),
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

const trimmed = Schema.transform(Schema.String, Schema.NonEmptyString, {
  strict: true,
  decode: (raw) => raw.trim(),
  encode: (trimmedText) => trimmedText
})

/** Schemas that this library does not use. The codec must treat them as the schema does. */
const foreign = {
  "a default": Schema.Struct({ a: Schema.optionalWith(Schema.Number, { default: () => 7 }), b: Schema.String }),
  "a default for null": Schema.Struct({ a: Schema.optionalWith(Schema.Number, { default: () => 7, nullable: true }) }),
  "another name": Schema.Struct({ a: Schema.propertySignature(Schema.Number).pipe(Schema.fromKey("b")) }),
  "names that change places": Schema.Struct({
    a: Schema.propertySignature(Schema.Number).pipe(Schema.fromKey("b")),
    b: Schema.propertySignature(Schema.String).pipe(Schema.fromKey("a"))
  }),
  "an Option": Schema.Struct({ a: Schema.optionalWith(Schema.Number, { as: "Option" }) }),
  "an optional field": Schema.Struct({
    a: Schema.optional(Schema.Number),
    b: Schema.optionalWith(Schema.String, { exact: true })
  }),
  "a check after a transformation": Schema.Struct({ b: trimmed }),
  "members told apart by a literal": Schema.Union(
    Schema.Struct({ b: Schema.String }),
    Schema.Struct({ a: Schema.Literal(1), b: Schema.String })
  ),
  "members in order": Schema.Union(Schema.NumberFromString, Schema.String),
  "a record": Schema.Record({ key: Schema.String, value: Schema.Number }),
  "fields and a record": Schema.Struct({ a: Schema.Number }, { key: Schema.String, value: Schema.Unknown }),
  "a tuple": Schema.Struct({ a: Schema.Tuple(Schema.Number), b: Schema.Array(trimmed) }),
  "known keys only": Schema.Struct({ a: Schema.Number, b: Schema.Struct({ a: Schema.Number }) }).annotations({
    parseOptions: { onExcessProperty: "error" }
  }),
  "a fallback": Schema.Struct({ a: Schema.Number.annotations({ decodingFallback: () => Either.right(0) }) }),
  "a refinement of a transformation": Schema.Struct({ a: Schema.NumberFromString.pipe(Schema.positive()) }),
  "a class": class Pair extends Schema.Class<Pair>("Pair")({ a: Schema.Number, b: Schema.optional(Schema.String) }) {},
  "a date": Schema.Struct({ a: Schema.Date, b: Schema.DateTimeUtc }),
  "a brand": Schema.Struct({ a: Schema.Number.pipe(Schema.brand("A")), b: Schema.Enums({ on: "on", off: 0 }) }),
  suspended: Schema.Struct({ a: Schema.suspend(() => Schema.Number) }),
  "a composition": Schema.Struct({ a: Schema.compose(Schema.Trim, Schema.NumberFromString) })
} as const

const texts = ["", " ", " 1 ", "1", "text", "2020-01-01T00:00:00Z", "on"]
const others = [undefined, null, 0, 1, -1, Number.NaN, true, [], [1], [" a"], {}, { a: 1 }, { a: 1, b: 2 }]
const value = FastCheck.constantFrom<Array<unknown>>(...texts, ...others, Either.right(1))

describe("a codec of a schema that this library does not use", () => {
  for (const [name, schema] of Object.entries<Schema.Schema.AnyNoContext>(foreign)) {
    it(`decodes and encodes as the schema does: ${name}`, () => {
      const decode = Codec.decoder(schema)
      const decodeBySchema = ParseResult.decodeUnknownEither(schema, { errors: "all" })
      const encode = Codec.encoder(schema)
      const encodeBySchema = ParseResult.encodeUnknownEither(schema, { errors: "all" })
      const inputs = FastCheck.oneof(value, FastCheck.record({ a: value, b: value, c: value }, { requiredKeys: [] }))
      const check = (input: unknown) => {
        const decoded = decode(input)
        assert.deepStrictEqual(decoded, decodeBySchema(input))
        assert.deepStrictEqual(encode(input), encodeBySchema(input))
        if (Either.isRight(decoded)) {
          assert.deepStrictEqual(encode(decoded.right), encodeBySchema(decoded.right))
        }
      }
      FastCheck.assert(FastCheck.property(inputs, check), { numRuns: 500 })
    })
  }
})
