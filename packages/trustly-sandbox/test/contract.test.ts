import * as OpenApiJsonSchema from "@effect/platform/OpenApiJsonSchema"
import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Console, Effect, Predicate, Schema } from "effect"
import { Customer, CustomerRecord, CustomerUpdate } from "effect-trustly"
import { readFileSync } from "node:fs"
import { openApi } from "../src/internal/openApi.ts"
import * as Contract from "./Contract.ts"

const read = <A, I>(schema: Schema.Schema<A, I>, name: string): A =>
  Schema.decodeSync(Schema.parseJson(schema))(
    readFileSync(new URL(`../../../contract/${name}`, import.meta.url), "utf8")
  )

const theirs = read(Contract.Contract, "trustly-customers.json")
const Reasons = Schema.Array(
  Schema.Struct({ reason: Schema.NonEmptyString, differences: Schema.NonEmptyArray(Schema.String) })
)
const reasons = read(Reasons, "differences.json")
const explained = reasons.flatMap(({ differences }) => differences)

const differencesOf = (document: unknown): ReadonlyArray<string> =>
  Contract.differences(Contract.ofOpenApi(Schema.decodeUnknownSync(Contract.OpenApiDocument)(document)), theirs)

/** What is not as listed: differences without a reason, and reasons without a difference. */
const surprises = (found: ReadonlyArray<string>) => ({
  unexplained: Arr.difference(found, explained),
  stale: Arr.difference(explained, found)
})

/** The document with something else at a path; `undefined` takes it away. */
const changed = (at: ReadonlyArray<string>, value: unknown, within: unknown = openApi): unknown => {
  const [key, ...rest] = at
  if (key === undefined) return value
  assert(Predicate.isReadonlyRecord(within), `nothing to change before ${key}`)
  const { [key]: inner, ...others } = within
  const next = changed(rest, value, inner)
  return next === undefined ? others : { ...others, [key]: next }
}

const components = ["components", "schemas"]
const customer = ["paths", "/customers/{customerId}"]
const update = [...customer, "post"]

/** The document with a component made of other fields. */
const made = (name: string, fields: Schema.Struct.Fields): unknown =>
  changed(
    [...components, name],
    OpenApiJsonSchema.makeWithDefs(Schema.Struct(fields), { defs: {}, additionalPropertiesStrategy: "allow" })
  )

const { vip: _vip, ...updateWithoutVip } = CustomerUpdate.fields
const { phone: _phone, ...customerWithoutPhone } = Customer.fields

type Change = readonly [what: string, document: unknown, unexplained: string, stale?: ReadonlyArray<string>]

const changes: ReadonlyArray<Change> = [
  [
    "a field more to write",
    made("CustomerUpdate", { ...CustomerUpdate.fields, nickname: Schema.String }),
    "CustomerUpdate.nickname: here only"
  ],
  [
    "a field less to write",
    made("CustomerUpdate", updateWithoutVip),
    "CustomerUpdate.vip: there only",
    [
      "CustomerUpdate.vip: null here, no null there",
      "CustomerUpdate.vip: type number or string here, type string there"
    ]
  ],
  [
    "a field more to read",
    made("CustomerRecord", { ...CustomerRecord.fields, nickname: Schema.String }),
    "CustomerRecord.nickname: here only"
  ],
  ["a field less to read", made("Customer", customerWithoutPhone), "Customer.phone: there only"],
  [
    "a field less within a field",
    changed([...components, "DriverLicense", "properties", "state"], undefined),
    "DriverLicense.state: there only"
  ],
  [
    "another type",
    made("CustomerUpdate", { ...CustomerUpdate.fields, phone: Schema.Number }),
    "CustomerUpdate.phone: type number here, type string there"
  ],
  [
    "a required field that is optional",
    made("Customer", { ...Customer.fields, phone: Schema.optional(Schema.String) }),
    "Customer.phone: optional here, required there"
  ],
  [
    "an optional field that is required",
    made("CustomerUpdate", { ...CustomerUpdate.fields, customerId: Schema.String }),
    "CustomerUpdate.customerId: required here, optional there"
  ],
  [
    "another minimum",
    made("CustomerUpdate", { ...CustomerUpdate.fields, name: Schema.String.pipe(Schema.minLength(2)) }),
    "CustomerUpdate.name: minLength: 2 here, 1 there"
  ],
  [
    "no minimum",
    made("CustomerUpdate", { ...CustomerUpdate.fields, email: Schema.String }),
    "CustomerUpdate.email: minLength: none here, 1 there"
  ],
  [
    "a maximum",
    made("CustomerUpdate", { ...CustomerUpdate.fields, phone: Schema.String.pipe(Schema.maxLength(9)) }),
    "CustomerUpdate.phone: maxLength: 9 here, none there"
  ],
  [
    "keys that are not allowed",
    changed([...components, "CustomerFound", "additionalProperties"], false),
    "customers.get 200: additionalProperties: false here, none there"
  ],
  [
    "an operation less",
    changed(["paths", "/customers", "get"], undefined),
    "customers.find: there only",
    ["CustomersFound.customers: required here, optional there", "CustomersFound.url: here only"]
  ],
  [
    "another method",
    changed([...customer, "put"], openApi.paths["/customers/{customerId}"]?.post, changed(update, undefined)),
    "customers.update: PUT /customers/{customerId} here, POST /customers/{customerId} there"
  ],
  ["a parameter less", changed([...update, "parameters"], []), "customers.update path customerId: there only"],
  [
    "a body less",
    changed([...update, "requestBody"], undefined),
    "customers.update body: there only",
    ["customers.update body: required here, optional there"]
  ],
  ["an answer less", changed([...update, "responses", "404"], undefined), "customers.update 404: there only"],
  [
    "other credentials",
    changed(["components", "securitySchemes", "basic", "scheme"], "bearer"),
    "security: http bearer here, http basic there"
  ]
]

describe("contract", () => {
  it.effect("differs from Trustly's document as listed, each difference with its reason", () =>
    Effect.gen(function*() {
      const found = differencesOf(openApi)
      for (const { differences, reason } of reasons) {
        yield* Console.log([reason, ...Arr.intersection(differences, found)].join("\n  "))
      }
      const { stale, unexplained } = surprises(found)
      yield* Console.log([`Without a reason: ${unexplained.length}`, ...unexplained].join("\n  "))
      assert.deepStrictEqual({ unexplained, stale }, { unexplained: [], stale: [] })
      assert.deepStrictEqual(explained, Arr.dedupe(explained), "listed twice")
    }))

  it("a difference without a reason and a reason without a difference are both told", () => {
    const [first = "", ...others] = explained
    assert.deepStrictEqual(surprises([...others, "new"]), { unexplained: ["new"], stale: [first] })
  })

  for (const [what, document, unexplained, stale = []] of changes) {
    it(`tells ${what}`, () => {
      assert.deepStrictEqual(surprises(differencesOf(document)), { unexplained: [unexplained], stale: [...stale] })
    })
  }
})
