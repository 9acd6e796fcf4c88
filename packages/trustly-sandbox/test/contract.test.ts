import * as OpenApiJsonSchema from "@effect/platform/OpenApiJsonSchema"
import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, Console, Effect, Predicate, Schema } from "effect"
import { Customer, CustomerFields, CustomerRecord, CustomerUpdate } from "effect-trustly"
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

/** The fields that a placeholder such as `<clearable>` in `differences.json` stands for. */
const placeholders: Readonly<Record<string, (field: CustomerFields.Field) => boolean>> = {
  "<any>": () => true,
  "<optional>": ({ isRequired }) => !isRequired,
  "<clearable>": ({ isClearable }) => isClearable,
  "<read-only>": ({ isReadOnly }) => isReadOnly
}

/** One line for each field that a placeholder stands for. */
const expanded = (line: string): ReadonlyArray<string> => {
  const found = Object.entries(placeholders).find(([placeholder]) => line.includes(placeholder))
  if (found === undefined) return [line]
  const [placeholder, matches] = found
  return CustomerFields.all.filter(matches).map(({ path }) => line.replace(placeholder, path))
}

const reasons = read(Reasons, "differences.json").map(({ differences, reason }) => ({
  reason,
  differences: differences.flatMap(expanded)
}))
const explained = reasons.flatMap(({ differences }) => differences)

const differencesOf = (document: unknown): ReadonlyArray<string> =>
  Contract.differences(Contract.ofOpenApi(Schema.decodeUnknownSync(Contract.OpenApiDocument)(document)), theirs)

/** Differences without a listed reason, and listed reasons without a difference. */
const unlisted = (found: ReadonlyArray<string>) => ({
  unexplained: Arr.difference(found, explained),
  stale: Arr.difference(explained, found)
})

/** The document with another value at a path; `undefined` removes it. */
const changed = (at: ReadonlyArray<string>, value: unknown, within: unknown = openApi): unknown => {
  const [key, ...rest] = at
  if (key === undefined) return value
  assert(Predicate.isReadonlyRecord(within), `no object that could hold ${key}`)
  const { [key]: inner, ...others } = within
  const next = changed(rest, value, inner)
  return next === undefined ? others : { ...others, [key]: next }
}

const components = ["components", "schemas"]
const customer = ["paths", "/customers/{customerId}"]
const update = [...customer, "post"]

/** The document with a component that has other fields. */
const withFields = (name: string, fields: Schema.Struct.Fields): unknown =>
  changed(
    [...components, name],
    OpenApiJsonSchema.makeWithDefs(Schema.Struct(fields), { defs: {}, additionalPropertiesStrategy: "allow" })
  )

const { vip: _vip, ...updateWithoutVip } = CustomerUpdate.fields
const { phone: _phone, ...customerWithoutPhone } = Customer.fields

type Change = readonly [what: string, document: unknown, unexplained: string, stale?: ReadonlyArray<string>]

const changes: ReadonlyArray<Change> = [
  [
    "an additional field of an update",
    withFields("CustomerUpdate", { ...CustomerUpdate.fields, nickname: Schema.String }),
    "CustomerUpdate.nickname: here only"
  ],
  [
    "a missing field of an update",
    withFields("CustomerUpdate", updateWithoutVip),
    "CustomerUpdate.vip: there only",
    [
      "CustomerUpdate.vip: null here, no null there",
      "CustomerUpdate.vip: type number or string here, type string there"
    ]
  ],
  [
    "an additional field of a record",
    withFields("CustomerRecord", { ...CustomerRecord.fields, nickname: Schema.String }),
    "CustomerRecord.nickname: here only"
  ],
  ["a missing field of a customer", withFields("Customer", customerWithoutPhone), "Customer.phone: there only"],
  [
    "a missing field of a nested object",
    changed([...components, "DriverLicense", "properties", "state"], undefined),
    "DriverLicense.state: there only"
  ],
  [
    "another type of a field",
    withFields("CustomerUpdate", { ...CustomerUpdate.fields, phone: Schema.Number }),
    "CustomerUpdate.phone: type number here, type string there"
  ],
  [
    "a required field that is optional",
    withFields("Customer", { ...Customer.fields, phone: Schema.optional(Schema.String) }),
    "Customer.phone: optional here, required there"
  ],
  [
    "an optional field that is required",
    withFields("CustomerUpdate", { ...CustomerUpdate.fields, customerId: Schema.String }),
    "CustomerUpdate.customerId: required here, optional there"
  ],
  [
    "another minimum",
    withFields("CustomerUpdate", { ...CustomerUpdate.fields, name: Schema.String.pipe(Schema.minLength(2)) }),
    "CustomerUpdate.name: minLength: 2 here, 1 there"
  ],
  [
    "no minimum",
    withFields("CustomerUpdate", { ...CustomerUpdate.fields, email: Schema.String }),
    "CustomerUpdate.email: minLength: none here, 1 there"
  ],
  [
    "a maximum",
    withFields("CustomerUpdate", { ...CustomerUpdate.fields, phone: Schema.String.pipe(Schema.maxLength(9)) }),
    "CustomerUpdate.phone: maxLength: 9 here, none there"
  ],
  [
    "a schema that forbids unknown keys",
    changed([...components, "CustomerFound", "additionalProperties"], false),
    "customers.get 200: additionalProperties: false here, none there"
  ],
  [
    "a missing operation",
    changed(["paths", "/customers", "get"], undefined),
    "customers.find: there only",
    ["CustomersFound.customers: required here, optional there", "CustomersFound.url: here only"]
  ],
  [
    "another method",
    changed([...customer, "put"], openApi.paths["/customers/{customerId}"]?.post, changed(update, undefined)),
    "customers.update: PUT /customers/{customerId} here, POST /customers/{customerId} there"
  ],
  ["a missing parameter", changed([...update, "parameters"], []), "customers.update path customerId: there only"],
  [
    "a missing request body",
    changed([...update, "requestBody"], undefined),
    "customers.update body: there only",
    ["customers.update body: required here, optional there"]
  ],
  ["a missing response", changed([...update, "responses", "404"], undefined), "customers.update 404: there only"],
  [
    "other credentials",
    changed(["components", "securitySchemes", "basic", "scheme"], "bearer"),
    "security: http bearer here, http basic there"
  ]
]

describe("contract", () => {
  it.effect("differs from Trustly's document only as listed, with a reason for each difference", () =>
    Effect.gen(function*() {
      const found = differencesOf(openApi)
      for (const { differences, reason } of reasons) {
        yield* Console.log([reason, ...Arr.intersection(differences, found)].join("\n  "))
      }
      const { stale, unexplained } = unlisted(found)
      yield* Console.log([`Without a reason: ${unexplained.length}`, ...unexplained].join("\n  "))
      assert.deepStrictEqual({ unexplained, stale }, { unexplained: [], stale: [] })
      assert.deepStrictEqual(explained, Arr.dedupe(explained), "listed twice")
    }))

  it("reports a difference without a reason and a reason without a difference", () => {
    const [first = "", ...others] = explained
    assert.deepStrictEqual(unlisted([...others, "new"]), { unexplained: ["new"], stale: [first] })
  })

  for (const [what, document, unexplained, stale = []] of changes) {
    it(`detects ${what}`, () => {
      assert.deepStrictEqual(unlisted(differencesOf(document)), { unexplained: [unexplained], stale: [...stale] })
    })
  }
})
