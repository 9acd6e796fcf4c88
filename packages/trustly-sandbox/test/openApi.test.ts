import { assert, describe, it } from "@effect/vitest"
import { Validator } from "@seriousme/openapi-schema-validator"
import { Ajv2020 } from "ajv/dist/2020.js"
import { Array as Arr, Effect, Order, Predicate, Record, Schema } from "effect"
import { Customer, CustomerUpdate } from "effect-trustly"
import { openApi } from "../src/internal/openApi.ts"
import * as Contract from "./Contract.ts"
import { type Answer, ask, fields, john, start, trustly } from "./support.ts"

const { operations, schemas } = Contract.ofOpenApi(Schema.decodeUnknownSync(Contract.OpenApiDocument)(openApi))

type Part = Readonly<Record<string, unknown>>

/** Every object within a value, itself too. */
const partsOf = (value: unknown): ReadonlyArray<Part> => {
  if (Array.isArray(value)) return value.flatMap(partsOf)
  return Predicate.isReadonlyRecord(value) ? [value, ...Object.values(value).flatMap(partsOf)] : []
}

const parts = partsOf(openApi)

const nameIn = (schema: Contract.JsonSchema | undefined): string | undefined =>
  schema?.$ref === undefined ? undefined : Contract.nameOf(schema.$ref)

const inAnswer = (name: string, field: string) => schemas[name]?.properties?.[field]

const ajv = new Ajv2020({ strict: false, allErrors: true }).addSchema(openApi, "openapi")

/** What a validator of JSON schemas finds wrong with a value, by the place of a schema in the document. */
const faults = (place: ReadonlyArray<string>, value: unknown): ReadonlyArray<string> => {
  const pointer = place.map((name) => encodeURIComponent(name.replaceAll("/", "~1"))).join("/")
  const validate = ajv.getSchema(`openapi#/${pointer}`)
  assert(validate !== undefined, `no schema at ${pointer}`)
  validate(JSON.parse(JSON.stringify(value)))
  return (validate.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`)
}

const inJson = ["content", "application/json", "schema"]
const body = (path: string) => ["paths", path, "post", "requestBody", ...inJson]
const answer = (
  path: string,
  method: string,
  { status }: Answer
) => ["paths", path, method, "responses", String(status), ...inJson]

const one = "/customers/{customerId}"
const all = "/customers"

const isValid = (document: object) =>
  Effect.promise(() => new Validator().validate({ ...document })).pipe(Effect.map(({ valid }) => valid))

describe("openApi", () => {
  it.effect("is a valid OpenAPI 3.1 document", () =>
    Effect.gen(function*() {
      assert.strictEqual(openApi.openapi, "3.1.0")
      assert.isTrue(yield* isValid(openApi))
      assert.isFalse(yield* isValid({ ...openApi, info: {} }))
    }))

  it("defines what it refers to, and nothing else", () => {
    const referred = parts.flatMap(({ $ref }) => typeof $ref === "string" ? [Contract.nameOf($ref)] : [])
    assert.deepStrictEqual(
      Arr.sort(Arr.dedupe(referred), Order.string),
      Arr.sort(Object.keys(schemas), Order.string)
    )
  })

  it("describes each operation, parameter and property, and sums up each operation", () => {
    const described = parts.flatMap((part) => [
      ...("operationId" in part ? [[String(part["operationId"]), part] as const] : []),
      ...("in" in part ? [[String(part["name"]), part] as const] : []),
      ...(Predicate.isReadonlyRecord(part["properties"]) ? Object.entries(part["properties"]) : [])
    ])
    const silent = described.filter(([, part]) =>
      !Predicate.hasProperty(part, "description") || part.description === ""
    )
    assert.deepStrictEqual(silent.map(([name]) => name), [])
    assert.includeMembers(described.map(([name]) => name), ["customers.find", "externalId", "customer", "zip", "code"])
    assert.strictEqual(parts.filter((part) => "operationId" in part && "summary" in part).length, 4)
  })

  it("sends and answers the schemas of the library", () => {
    assert.deepStrictEqual(
      Record.map(operations, ({ answers, inputs }) => [nameIn(inputs["body"]?.schema), nameIn(answers["200"])]),
      {
        "customers.update": ["CustomerUpdate", "CustomerWritten"],
        "customers.get": [undefined, "CustomerFound"],
        "customers.find": [undefined, "CustomersFound"],
        "customers.createOrUpdate": ["CustomerUpdate", "CustomerWritten"]
      }
    )
    assert.deepStrictEqual(inAnswer("CustomerWritten", "customer")?.allOf?.map(nameIn), ["Customer"])
    assert.deepStrictEqual(inAnswer("CustomerFound", "customer")?.allOf?.map(nameIn), ["CustomerRecord"])
    assert.strictEqual(nameIn(inAnswer("CustomersFound", "customers")?.items), "CustomerRecord")
  })

  it("has no answer that is the platform's and not Trustly's", () => {
    assert.notInclude(JSON.stringify(openApi), "DecodeError")
  })

  for (const path of [one, all]) {
    it.prop(`POST ${path} takes what an update is on the wire`, [CustomerUpdate], ([update]) => {
      assert.deepStrictEqual(faults(body(path), Schema.encodeSync(CustomerUpdate)(update)), [])
    })

    it(`POST ${path} takes no other`, () => {
      for (
        const [wrong, fault] of [
          [{ ...fields, name: "" }, "/name minLength"],
          [{ ...fields, email: null }, "/email type"],
          [{ ...fields, address: {} }, "/address required"],
          [{ ...fields, address: { country: "usa" } }, "/address/country pattern"],
          [{ ...fields, vip: true }, "/vip anyOf"],
          [{ ...fields, driverLicense: { number: "A1" } }, "/driverLicense required"],
          [Record.remove(fields, "phone"), " required"],
          [[], " type"]
        ] as const
      ) {
        assert.include(faults(body(path), wrong), fault)
      }
    })
  }

  it.prop("a customer as it is on the wire fits the answer to a write", [Customer], ([customer]) => {
    const place = ["components", "schemas", "CustomerWritten"]
    assert.deepStrictEqual(faults(place, { url: "/", customer: Schema.encodeSync(Customer)(customer) }), [])
  })

  it.scopedLive("is what the sandbox answers", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const { get, post } = trustly(sandbox)
      const found = `${all}?customerId=${john}`
      const answers = [
        [one, "get", 200, yield* get(`/customers/${john}`)],
        [one, "get", 404, yield* get("/customers/1")],
        [one, "get", 401, yield* ask(`${sandbox.url}/customers/${john}`)],
        [one, "post", 200, yield* post(`/customers/${john}`, { ...fields, vip: "2" })],
        [one, "post", 400, yield* post(`/customers/${john}`, { ...fields, name: "" })],
        [one, "post", 400, yield* post(`/customers/${john}`, "no JSON")],
        [all, "get", 200, yield* get(found)],
        [all, "get", 400, yield* get(all)],
        [all, "post", 200, yield* post(`${all}?externalId=E-1`, fields)],
        [all, "post", 404, yield* post(all, { ...fields, customerId: "1" })]
      ] as const
      for (const [path, method, status, given] of answers) {
        assert.strictEqual(given.status, status)
        assert.deepStrictEqual(faults(answer(path, method, given), given.json), [], `${method} ${path} ${status}`)
      }
    }))
})
