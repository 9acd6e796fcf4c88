import { assert, describe, it } from "@effect/vitest"
import { Validator } from "@seriousme/openapi-schema-validator"
import { Ajv2020 } from "ajv/dist/2020.js"
import { Array as Arr, Effect, Order, Predicate, Record, Schema } from "effect"
import { Customer, CustomerUpdate } from "effect-trustly"
import { openApi } from "../src/internal/openApi.ts"
import { ask, type Response } from "./ask.ts"
import * as Contract from "./Contract.ts"
import { fields, john, start, trustly } from "./support.ts"

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

/** The violations of a schema of the document, which is given by its path, in a value. */
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
  { status }: Response
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

  it("defines exactly the schemas that it refers to", () => {
    const referred = parts.flatMap(({ $ref }) => typeof $ref === "string" ? [Contract.nameOf($ref)] : [])
    assert.deepStrictEqual(
      Arr.sort(Arr.dedupe(referred), Order.string),
      Arr.sort(Object.keys(schemas), Order.string)
    )
  })

  it("describes each operation, parameter, and property, and has a summary of each operation", () => {
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

  it("uses the schemas of the library for requests and responses", () => {
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

  it("contains no error response of the platform", () => {
    assert.notInclude(JSON.stringify(openApi), "DecodeError")
  })

  for (const path of [one, all]) {
    it.prop(`POST ${path} accepts every update as encoded by the library`, [CustomerUpdate], ([update]) => {
      assert.deepStrictEqual(faults(body(path), Schema.encodeSync(CustomerUpdate)(update)), [])
    })

    it(`POST ${path} rejects invalid updates`, () => {
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

  it.prop("the response to a write accepts every customer as encoded by the library", [Customer], ([customer]) => {
    const place = ["components", "schemas", "CustomerWritten"]
    assert.deepStrictEqual(faults(place, { url: "/", customer: Schema.encodeSync(Customer)(customer) }), [])
  })

  it.scopedLive("matches the responses of the sandbox", () =>
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
        [one, "post", 400, yield* post(`/customers/${john}`, "{")],
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
