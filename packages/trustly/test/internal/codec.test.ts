import { assert, describe, it } from "@effect/vitest"
import {
  Arbitrary,
  DateTime,
  Effect,
  Either,
  FastCheck,
  Option,
  ParseResult,
  Predicate,
  Redacted,
  Schema
} from "effect"
import { Customer, CustomerBatch, CustomerChange, CustomerRecord, CustomerUpdate } from "effect-trustly"
import * as Codec from "../../src/internal/codec.ts"
import * as Presence from "../../src/internal/presence.ts"
import { reference, sample } from "../support.ts"

const rareValues = FastCheck.constantFrom<Array<unknown>>(true, {}, [])
const mostly = (...values: Array<unknown>) =>
  FastCheck.oneof({ weight: 50, arbitrary: FastCheck.constantFrom(...values) }, rareValues)

const text = mostly("", "CA", "#####6790", null)
const number = mostly(1_555_696_836_548, 2, null)
const json = FastCheck.dictionary(FastCheck.constantFrom("a", "__proto__"), FastCheck.jsonValue())

const oneOf = (names: ReadonlyArray<string>, value: FastCheck.Arbitrary<unknown>) =>
  Object.fromEntries(names.map((name) => [name, value]))

const object = (fields: Record<string, FastCheck.Arbitrary<unknown>>, requiredKeys: Array<string> = []) =>
  FastCheck.oneof(
    { weight: 9, arbitrary: FastCheck.record(fields, { requiredKeys }) },
    FastCheck.constantFrom(null, [])
  )

const validText = FastCheck.string()
const customer = object({
  ...oneOf(["name", "email", "phone"], validText),
  ...oneOf(["taxId", "dateOfBirth", "organizationNumber", "customerId", "unknownKey"], text),
  ...oneOf(["vip", "balance", "enrollDate", "createdAt"], number),
  address: object({ country: validText, ...oneOf(["city", "zip", "unknownKey"], text) }, ["country"]),
  driverLicense: object({ number: validText, state: validText }),
  customData: FastCheck.oneof(json, text)
}, ["name", "email", "phone", "address"])

const [Update, Change, ChangeByExternalId] = CustomerBatch.Command.members

/** Asserts that the decoder returns the same value or issues as the schema, and counts successes and failures. */
const decoding = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = Codec.decoder(schema)
  const decodeBySchema = ParseResult.decodeUnknownEither(schema, { errors: "all" })
  // encoding reveals redacted values
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

/** Sometimes removes or replaces one field, at the top level or nested, or adds an unknown key. */
const withFlaw = (values: FastCheck.Arbitrary<object>): FastCheck.Arbitrary<unknown> =>
  FastCheck.tuple(
    values,
    FastCheck.boolean(),
    FastCheck.nat(),
    FastCheck.constantFrom<Array<unknown>>(undefined, null, "", "text", 7, Number.NaN, true, {}, [], [null], "absent")
  ).map(([value, keep, index, other]) => {
    if (keep) return value
    const corrupt = (whole: object): object => {
      const entries = Object.entries({ ...whole, unknownKey: undefined })
      const [name, field] = entries[index % entries.length] ?? ["unknownKey", undefined]
      if (other === "absent") return Object.fromEntries(entries.filter(([key]) => key !== name && key !== "unknownKey"))
      const inside = typeof field === "object" && field !== null && !Array.isArray(field) && index % 2 === 0
      return { ...whole, [name]: inside && name !== "customData" ? corrupt(field) : other }
    }
    return corrupt(value)
  })

const typed = <A extends object, I>(schema: Schema.Schema<A, I>) => withFlaw(Arbitrary.make(Schema.typeSchema(schema)))
const wire = <A, I extends object>(schema: Schema.Schema<A, I>) =>
  withFlaw(Arbitrary.make(schema).map(Schema.encodeSync(schema)))

const record = decoding(Schema.Struct({ customer: CustomerRecord }))
const update = encoding(CustomerUpdate)
const cases = {
  "the response to a write": [decoding(Schema.Struct({ customer: Customer })), FastCheck.record({ customer })],
  "a record": [record, FastCheck.record({ customer })],
  "several records": [
    decoding(Schema.Struct({ customers: Schema.Array(CustomerRecord) })),
    FastCheck.record({ customers: FastCheck.array(customer, { maxLength: 3 }) })
  ],
  "an update command": [decoding(Update), wire(Update)],
  "a change command": [decoding(Change), wire(Change)],
  "a command to change by externalId": [decoding(ChangeByExternalId), wire(ChangeByExternalId)],
  "an outgoing customer": [update, typed(CustomerUpdate)],
  "an outgoing change": [encoding(CustomerChange), typed(CustomerChange)]
} as const

describe("a codec", () => {
  for (const [name, [{ check, seen }, values]] of Object.entries(cases)) {
    it(`returns the same value or issues as the schema: ${name}`, () => {
      FastCheck.assert(FastCheck.property<[unknown]>(values, check), { numRuns: 500 })
      assert.isAbove(seen.Left, 50)
      assert.isAbove(seen.Right, 50)
    })
  }

  it("reads null as absent, except in customData", () => {
    const decode = Codec.decoder(Customer)
    const customData = { tier: null, list: [null] }
    const decoded = Either.getOrThrow(decode({ ...reference, taxId: null, customData }))
    assert.notProperty(decoded, "taxId")
    assert.deepStrictEqual(decoded.customData, customData)
  })

  for (const body of [null, "text", 7, [], { customer: null }, { customer: [] }, {}]) {
    it(`falls back to the schema for ${JSON.stringify(body)}`, () => {
      assert.doesNotThrow(() => record.check(body))
    })
  }

  it("rejects a symbol key", () => {
    const withSymbol = { ...sample, [Symbol("a key")]: 1 }
    update.check(withSymbol)
    assert.isTrue(Either.isLeft(Codec.encoder(CustomerUpdate)(withSymbol)))
  })

  // one of each kind of field
  const rich = { ...sample, vip: 2, currency: null, customData: { tier: 1 } }
  const parsers = {
    "the response to a write": [Codec.decoder(Customer), { ...reference, ...rich }],
    "a customer as wire JSON": [
      Codec.decoder(CustomerUpdate),
      { ...rich, enrollDate: 0 }
    ],
    "an outgoing customer": [
      Codec.encoder(CustomerUpdate),
      { ...rich, enrollDate: DateTime.unsafeMake(0), taxId: Redacted.make("123456790") }
    ]
  } as const

  for (const [name, [parse, value]] of Object.entries(parsers)) {
    it(`takes the fast path: ${name}`, () => {
      let reads = 0
      const counted = new Proxy(value, {
        get: (target, key) => {
          reads += 1
          return Reflect.get(target, key)
        }
      })
      assert.strictEqual(parse(counted)._tag, "Right")
      // the schema would read every field a second time
      assert.strictEqual(reads, Object.keys(value).length)
    })
  }
})

const trimmed = Schema.transform(Schema.String, Schema.NonEmptyString, {
  strict: true,
  decode: (raw) => raw.trim(),
  encode: (trimmedText) => trimmedText
})

/** Schemas that this library does not use. The codec must decode and encode them as the schema does. */
const unusualSchemas = {
  "a default": Schema.Struct({ a: Schema.optionalWith(Schema.Number, { default: () => 7 }), b: Schema.String }),
  "a default for null": Schema.Struct({ a: Schema.optionalWith(Schema.Number, { default: () => 7, nullable: true }) }),
  "a dropped null that the field does not accept": Schema.Struct({
    a: Schema.optionalToOptional(Schema.Number, Schema.Number, { decode: Presence.dropNull, encode: (value) => value })
  }),
  "a default for a boolean": Schema.Struct({ a: Schema.optionalWith(Schema.Boolean, { default: () => true }) }),
  "a boolean whose null is dropped": Schema.Struct({
    a: Schema.optionalToOptional(Schema.NullOr(Schema.Boolean), Schema.Boolean, {
      decode: Option.filter(Predicate.isNotNull),
      encode: (value) => value
    })
  }),
  "a dropped null of a schema that the codec does not know": Schema.Struct({
    a: Schema.optionalToOptional(
      Schema.NullOr(Schema.Tuple(Schema.Number)),
      Schema.NullOr(Schema.Tuple(Schema.Number)),
      {
        decode: Presence.dropNull,
        encode: (value) => value
      }
    )
  }),
  "a renamed field": Schema.Struct({ a: Schema.propertySignature(Schema.Number).pipe(Schema.fromKey("b")) }),
  "swapped names": Schema.Struct({
    a: Schema.propertySignature(Schema.Number).pipe(Schema.fromKey("b")),
    b: Schema.propertySignature(Schema.String).pipe(Schema.fromKey("a"))
  }),
  "an Option": Schema.Struct({ a: Schema.optionalWith(Schema.Number, { as: "Option" }) }),
  "an optional field": Schema.Struct({
    a: Schema.optional(Schema.Number),
    b: Schema.optionalWith(Schema.String, { exact: true })
  }),
  "a check after a transformation": Schema.Struct({ b: trimmed }),
  "members discriminated by a literal": Schema.Union(
    Schema.Struct({ b: Schema.String }),
    Schema.Struct({ a: Schema.Literal(1), b: Schema.String })
  ),
  "members in order": Schema.Union(Schema.NumberFromString, Schema.String),
  "a first member that the codec does not know": Schema.Union(
    Schema.compose(Schema.Trim, Schema.NumberFromString),
    Schema.suspend(() => Schema.NumberFromString),
    Schema.NumberFromString.annotations({ decodingFallback: () => Either.right(0) }),
    Schema.String
  ),
  "a first member that decodes in an effect": Schema.Union(
    Schema.transformOrFail(Schema.String, Schema.Number, {
      decode: ({ length }) => Effect.as(Effect.yieldNow(), length),
      encode: (length) => Effect.as(Effect.yieldNow(), String(length))
    }),
    Schema.String
  ),
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

describe("a codec for a schema that this library does not use", () => {
  for (const [name, schema] of Object.entries<Schema.Schema.AnyNoContext>(unusualSchemas)) {
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
