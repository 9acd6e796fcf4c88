import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup, HttpServer } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Either, FastCheck, Layer, ParseResult, Schema } from "effect"
import {
  Address,
  Customer,
  CustomerBatch,
  CustomerChange,
  CustomerFields,
  CustomerRecord,
  CustomerUpdate,
  CustomerWithoutSecrets,
  DecodeReason,
  DriverLicense,
  Issue,
  NetworkReason,
  Operation,
  Outcome,
  Sensitive,
  ServerError,
  TrustlyError
} from "effect-trustly"
import { inspect } from "node:util"
import { soak } from "./soak.ts"
import { minimalCustomer, reference } from "./support.ts"

const schemas: Readonly<Record<string, Schema.Schema.AnyNoContext>> = {
  Address,
  Customer,
  CustomerChange,
  CustomerRecord,
  CustomerUpdate,
  CustomerWithoutSecrets,
  DriverLicense,
  Command: CustomerBatch.Command,
  SensitiveString: Sensitive.SensitiveString,
  SensitiveStringInput: Sensitive.SensitiveStringInput
}

const sentinel = "sentinel-9021"
const sentinelNumber = 90_210_902_109

const wrongTypes: ReadonlyArray<unknown> = [
  sentinel,
  sentinelNumber,
  -sentinelNumber - 0.5,
  BigInt(sentinelNumber),
  [sentinel],
  { [`x`]: sentinel },
  { number: sentinel, country: sentinel, state: sentinel, zip: sentinelNumber },
  { number: sentinelNumber, country: sentinelNumber },
  () => sentinel,
  true,
  null,
  undefined,
  DateTime.toDateUtc(DateTime.unsafeMake(sentinelNumber)),
  new Error(sentinel)
]

const at = (path: ReadonlyArray<string>, value: unknown): object => {
  const [name = "", ...rest] = path
  return { [name]: rest.length === 0 ? value : at(rest, value) }
}

const paths = [...CustomerFields.all.map(({ path }) => path), "vipp", "address.planet"].map((path) => path.split("."))

const inputs = FastCheck.oneof(
  FastCheck.constantFrom(...wrongTypes),
  FastCheck.tuple(
    FastCheck.constantFrom<Array<object>>({}, minimalCustomer, reference),
    FastCheck.constantFrom(...paths),
    FastCheck.constantFrom(...wrongTypes)
  ).map(([whole, path, value]) => ({ ...whole, ...at(path, value) }))
)

const commands = FastCheck.tuple(
  inputs,
  FastCheck.constantFrom("update", "change", "other"),
  FastCheck.constantFrom<Array<unknown>>("1", `${sentinel}/`, sentinelNumber)
).map(([customer, key, customerId]) => ({ customerId, [key]: customer }))

const numRuns = soak({ quick: 400, whole: 1500 })

/** Every text that Effect prints for a parse error. */
const prints = (error: ParseResult.ParseError): string =>
  [
    ParseResult.TreeFormatter.formatErrorSync(error),
    JSON.stringify(ParseResult.ArrayFormatter.formatErrorSync(error)),
    String(error),
    error.message,
    JSON.stringify(error),
    inspect(error)
  ].join("\n")

describe("a parse error prints no input value", () => {
  for (const [name, schema] of Object.entries(schemas)) {
    for (const direction of ["decode", "encode", "validate"] as const) {
      it(`${name}, ${direction}`, () => {
        const parse = {
          decode: Schema.decodeUnknownEither(schema, { errors: "all" }),
          encode: Schema.encodeUnknownEither(schema, { errors: "all" }),
          validate: Schema.validateEither(schema, { errors: "all" })
        }[direction]
        let failures = 0
        FastCheck.assert(
          FastCheck.property(FastCheck.oneof(inputs, commands), (input) => {
            const result = parse(input)
            if (result._tag === "Right") return
            failures += 1
            assert.notMatch(prints(result.left), /sentinel|902109/)
          }),
          { numRuns }
        )
        assert.isAbove(failures, numRuns / 15)
      })
    }
  }

  it("for the schemas of the errors", () => {
    const parts: ReadonlyArray<Schema.Schema.AnyNoContext> = [
      TrustlyError,
      ...TrustlyError.members,
      DecodeReason,
      Issue,
      NetworkReason,
      Operation,
      Outcome,
      ServerError
    ]
    for (const schema of parts) {
      const decode = Schema.decodeUnknownEither(schema, { errors: "all" })
      for (const value of wrongTypes) {
        const input = { _tag: "TrustlyNotFoundError", operation: "get", outcome: value, errors: value }
        for (const wrong of [value, input, { ...input, _tag: value }]) {
          const result = decode(wrong)
          assert.notMatch(result._tag === "Left" ? prints(result.left) : "", /sentinel|902109/)
        }
      }
      assert.isTrue(Either.isLeft(decode(sentinel)))
    }
  })
})

const toJson = Schema.encodeSync(Schema.parseJson(Schema.Unknown))

const Api = HttpApi.make("api").add(
  HttpApiGroup.make("customers").add(
    HttpApiEndpoint.post("change", "/change").setPayload(CustomerChange).addSuccess(
      Schema.Struct({ ok: Schema.Boolean })
    )
  )
)

const handlers = HttpApiBuilder.group(
  Api,
  "customers",
  (group) => group.handle("change", () => Effect.succeed({ ok: true }))
)

const { handler } = HttpApiBuilder.toWebHandler(
  Layer.merge(Layer.provide(HttpApiBuilder.api(Api), handlers), HttpServer.layerContext)
)

const post = (body: unknown) =>
  Effect.promise(async () => {
    const response = await handler(
      new Request("http://localhost/change", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: toJson(body)
      })
    )
    return { status: response.status, text: await response.text() }
  })

describe("CustomerChange as the payload of an HttpApi", () => {
  it.effect("rejects an unknown field at every depth", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* post({ vip: 2 })).status, 200)
      for (
        const body of [{ vipp: 2 }, { address: { cty: "Reno" } }, { driverLicense: { number: "1", state: "CA", x: 1 } }]
      ) {
        assert.strictEqual((yield* post(body)).status, 400, toJson(body))
      }
    }))

  it.effect("prints no input value in a 400", () =>
    Effect.gen(function*() {
      for (const path of paths) {
        for (const value of [sentinelNumber, [sentinel], { x: sentinel }]) {
          const { status, text } = yield* post(at(path, value))
          if (status !== 200) assert.notMatch(text, /sentinel|902109/, path.join("."))
        }
      }
    }))
})
