/**
 * Every field of a Trustly customer, in one table: what it means, how it is read, how it is written, and whether `null` clears it.
 * To add a field that Trustly adds, add a row.
 *
 * The facts come from Trustly's pages on customers. Where live answers differ from them, the table follows the answers: `vip` and
 * `balance` arrive as a string or as a number.
 */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { SensitiveString, SensitiveStringInput } from "../Sensitive.ts"
import * as Expect from "./expect.ts"
import { isJson } from "./json.ts"
import * as Presence from "./presence.ts"

type AnySchema = Schema.Schema.AnyNoContext
type Type<S> = Schema.Schema.Type<S>
type Encoded<S> = Schema.Schema.Encoded<S>

// ---- kinds of values

/** How a value is read in the answer to a write and in a stored record, and how it is written in an update and in a change. */
interface Value {
  readonly kind: "Text" | "Secret" | "Number" | "Instant" | "Json" | "Group"
  /** Whether the value is a secret, or holds one. */
  readonly hasSecret: boolean
  readonly customer: AnySchema
  readonly record: AnySchema
  readonly update: AnySchema
  readonly change: AnySchema
}

const value = <Read extends AnySchema, Write extends AnySchema>(
  kind: Exclude<Value["kind"], "Secret" | "Group">,
  read: Read,
  write: Write
) => ({ kind, hasSecret: false as const, customer: read, record: read, update: write, change: write })

const string = Schema.String.annotations(Expect.value("a string"))

const atLeast = (length: number) =>
  Schema.String.pipe(Schema.minLength(length)).annotations(
    Expect.value(length === 1 ? "a non-empty string" : `a string of at least ${length} characters`)
  )

const matching = (pattern: RegExp, expected: string) =>
  Schema.String.pipe(Schema.pattern(pattern)).annotations(Expect.value(expected))

// JSON carries larger numbers, but not exactly
const exactNumber = Schema.Number.pipe(
  Schema.filter((n) => Number.isFinite(n) && Math.abs(n) <= Number.MAX_SAFE_INTEGER, { jsonSchema: {} })
)

const stringOrNumber = Expect.value("a string or a number up to 2^53 - 1")

const numeric = Schema.Union(Schema.String, exactNumber).annotations(stringOrNumber)

const numericString = Schema.transform(numeric, string, { strict: true, decode: String, encode: (digits) => digits })
  .annotations(stringOrNumber)

const instant = Schema.DateTimeUtcFromNumber.annotations(
  Expect.value("a DateTime.Utc (on the wire: milliseconds since 1970)")
)

// not a Schema.Record, which loses an own key `__proto__` and changes the prototype of the result
const jsonObject: Schema.Schema<{ readonly [key: string]: unknown }> = Schema.declare(
  (input: unknown): input is { readonly [key: string]: unknown } => Predicate.isRecord(input),
  {
    ...Expect.value("a JSON object"),
    jsonSchema: { type: "object" },
    arbitrary: () => (fc) => fc.dictionary(fc.string(), fc.jsonValue())
  }
)

// a getter or a proxy of the input may throw
const isWritableJson = Option.liftThrowable((input: unknown) => isJson(input))

const writableJsonObject = jsonObject.pipe(
  Schema.filter((input) => Option.getOrElse(isWritableJson(input), () => false))
).annotations(
  Expect.value("a JSON object")
)

const Text = value("Text", string, string)
const text = (minLength: number) => value("Text", string, atLeast(minLength))
const CountryCode = value("Text", string, matching(/^[A-Z]{2}$/, "two letters from A to Z"))
const StateCode = value("Text", string, matching(/^[A-Za-z]{2}$/, "two letters"))
const Secret = { ...value("Text", SensitiveString, SensitiveStringInput), kind: "Secret", hasSecret: true } as const
const Amount = value("Number", numericString, string)
const Tier = value("Number", numericString, numeric)
const Instant = value("Instant", instant, instant)
const Json = value("Json", jsonObject, writableJsonObject)

// ---- presence: whether a field may be omitted, and whether `null` clears it

// on the schema: JSON Schema has no place for a description that belongs to the property alone
const required = <S extends AnySchema>(schema: S, description: string) =>
  Schema.propertySignature(schema.pipe(Schema.annotations({ description })))

const Null = Schema.Null.annotations({ message: () => "Expected null" })
const Undefined = Schema.Undefined.annotations({ message: () => "Expected undefined" })

/** In an answer: may be missing, and `null` reads as missing. When encoded, `undefined` counts as missing. */
const nullIsAbsent = <A, I>(
  schema: Schema.Schema<A, I>,
  description: string
): Schema.PropertySignature<"?:", A, never, "?:", I | null> =>
  Schema.optionalToOptional(
    Schema.Union(schema, Null).annotations({ ...Expect.like(schema.ast), description }),
    // not typed as `A | undefined`: nothing reads as `undefined`
    Schema.make<A>(Schema.Union(Schema.typeSchema(schema), Undefined).annotations(Expect.like(schema.ast)).ast),
    { decode: Presence.dropNull, encode: Presence.dropUndefined }
  )

/** In a write: may be omitted, and `undefined` counts as omitted. */
const omittable = <A, I>(
  schema: Schema.Schema<A, I>,
  description: string
): Schema.PropertySignature<"?:", A | undefined, never, "?:", I> =>
  Schema.optionalToOptional(
    // not typed as `I | undefined`: JSON has no `undefined`
    Schema.make<A | undefined, I>(
      // JSON Schema drops the `undefined`, and with it what is said of the union
      Schema.Union(schema.annotations({ description }), Undefined).annotations(Expect.like(schema.ast)).ast
    ),
    Schema.Union(Schema.typeSchema(schema), Undefined).annotations(Expect.like(schema.ast)),
    { decode: Presence.dropUndefined, encode: Presence.dropUndefined }
  )

const orNull = <A, I>(schema: Schema.Schema<A, I>) => Schema.Union(schema, Null).annotations(Expect.like(schema.ast))

/** A field that every write must have. */
const Required = <V extends Value>(label: string, description: string, of: V) => ({
  label,
  description,
  kind: of.kind,
  isRequired: true,
  isClearable: false,
  isReadOnly: false,
  hasSecret: of.hasSecret as V["hasSecret"],
  customer: required<V["customer"]>(of.customer, description),
  record: nullIsAbsent<Type<V["record"]>, Encoded<V["record"]>>(of.record, description),
  update: required<V["update"]>(of.update, description),
  change: omittable<Type<V["change"]>, Encoded<V["change"]>>(of.change, description)
})

/** A field that `null` clears. */
const Clearable = <V extends Value>(label: string, description: string, of: V) => ({
  label,
  description,
  kind: of.kind,
  isRequired: false,
  isClearable: true,
  isReadOnly: false,
  hasSecret: of.hasSecret as V["hasSecret"],
  customer: nullIsAbsent<Type<V["customer"]>, Encoded<V["customer"]>>(of.customer, description),
  record: nullIsAbsent<Type<V["record"]>, Encoded<V["record"]>>(of.record, description),
  update: omittable(orNull<Type<V["update"]>, Encoded<V["update"]>>(of.update), description),
  change: omittable(orNull<Type<V["change"]>, Encoded<V["change"]>>(of.change), description)
})

/** The identifier of the record itself: a write may repeat it, and cannot change it. */
const Identifier = <V extends Value>(label: string, description: string, of: V) => ({
  ...Clearable(label, description, of),
  isClearable: false,
  update: omittable<Type<V["update"]>, Encoded<V["update"]>>(of.update, description),
  change: omittable<Type<V["change"]>, Encoded<V["change"]>>(of.change, description)
})

/** A field that Trustly sets: writes accept it, so that a record can be sent back, and do not send it. */
const ReadOnly = <V extends Value>(label: string, description: string, of: V) => ({
  ...Clearable(label, description, of),
  isClearable: false,
  isReadOnly: true
})

// ---- groups of fields

type Column = "customer" | "record" | "update" | "change"

type Rows = {
  readonly [name: string]: { readonly [C in Column]: Schema.Struct.Field } & { readonly hasSecret: boolean }
}

/** One column of a table. */
const column = <Table extends Rows, C extends Column>(rows: Table, name: C) =>
  // Record.map forgets which row a key belongs to
  Record.map(rows, (row) => row[name]) as { readonly [Name in keyof Table]: Table[Name][C] }

type WithoutSecrets<Table extends Rows> = {
  readonly [Name in keyof Table as Table[Name]["hasSecret"] extends true ? never : Name]: Table[Name]
}

const withoutSecrets = <Table extends Rows>(rows: Table) =>
  Record.filter(rows, ({ hasSecret }) => !hasSecret) as WithoutSecrets<Table>

const reading = <Fields extends Schema.Struct.Fields>(fields: Fields) =>
  Expect.silenceSides(Schema.Struct(fields)).annotations(Expect.object)

// a key that is not known would not be sent
const writing = <Fields extends Schema.Struct.Fields>(fields: Fields) =>
  Expect.silenceSides(Schema.Struct(fields)).annotations({
    ...Expect.object,
    parseOptions: { onExcessProperty: "error" }
  })

const address = {
  address1: Clearable("Street and number", "Street and number, or post-office box", text(1)),
  address2: Clearable("Apartment or unit", "Apartment, suite, or unit", Text),
  city: Clearable("City", "City, town, or village", text(1)),
  state: Clearable("State", "Code of the state, province, or region", text(2)),
  zip: Clearable("Postal code", "ZIP or postal code", text(5)),
  country: Required("Country", "Country: two letters of ISO 3166-1", CountryCode)
}

/** A change of an address keeps the lines that it omits. */
const Address = {
  ...{ kind: "Group", hasSecret: false } as const,
  customer: reading(column(address, "customer")).annotations({ identifier: "Address" }),
  record: reading(column(address, "record")),
  update: writing(column(address, "update")),
  change: writing(column(address, "change"))
}

const driverLicense = {
  number: Required("Driver's license number", "Number of the driver's license", Secret),
  state: Required("Driver's license state", "State that issued the driver's license: two letters", StateCode)
}

/** A change of a driver's license replaces it as a whole. */
const DriverLicense = {
  ...{ kind: "Group", hasSecret: true } as const,
  customer: reading(column(driverLicense, "customer")).annotations({ identifier: "DriverLicense" }),
  record: reading(column(driverLicense, "record")),
  update: writing(column(driverLicense, "update")),
  change: writing(column(driverLicense, "update"))
}

// ---- the table

const customer = {
  name: Required("Name", "Full name", text(1)),
  email: Required("Email", "Email address", text(1)),
  phone: Required("Phone", "Phone number, with the country prefix if there is one", Text),
  address: Required("Address", "Mailing or billing address", Address),
  taxId: Clearable(
    "Tax ID",
    "Tax ID: SSN in the US, SIN in Canada. Some industries and locations require it. Trustly may mask it",
    Secret
  ),
  dateOfBirth: Clearable("Date of birth", "Date of birth", Secret),
  nationalId: Clearable("National ID", "National ID number", Secret),
  driverLicense: Clearable("Driver's license", "Driver's license", DriverLicense),
  organizationNumber: Clearable("Organization number", "Registration number of a business", Text),
  currency: Clearable("Currency", "Currency of the customer's account with the merchant", Text),
  balance: Clearable("Balance", "Balance of the account with the merchant, as a decimal string", Amount),
  vip: Clearable("VIP tier", "Tier of a low-risk customer: 1, 2, 3, and so on", Tier),
  externalTier: Clearable("External tier", "Rank in the merchant's own scheme, such as Gold", Text),
  enrollDate: Clearable("Enroll date", "When the customer first paid the merchant, by any method", Instant),
  customData: Clearable("Custom data", "The merchant's own data, as a JSON object", Json),
  personId: Clearable("Person ID", "ID of the person across banks", Text),
  customerId: Identifier("Customer ID", "Trustly's ID of the customer", Text),
  externalId: Clearable("External ID", "The merchant's own ID of the customer", text(1)),
  merchantId: Clearable("Merchant ID", "Trustly's ID of the merchant", text(1)),
  createdAt: ReadOnly("Created at", "When Trustly created the record", Instant),
  updatedAt: ReadOnly("Updated at", "When the record last changed", Instant)
}

/** The schemas of the groups, as read in the answer to a write. */
export const groups = { Address: Address.customer, DriverLicense: DriverLicense.customer }

export const schemas = {
  customer: reading(column(customer, "customer")),
  record: reading(column(customer, "record")),
  update: writing(column(customer, "update")),
  change: writing(column(customer, "change")),
  withoutSecrets: reading(column(withoutSecrets(customer), "record"))
}

// ---- the table as a list

export interface Field {
  readonly path: string
  readonly label: string
  readonly description: string
  readonly kind: Value["kind"]
  readonly isRequired: boolean
  readonly isClearable: boolean
  readonly isReadOnly: boolean
}

const inner: Readonly<Record<string, Readonly<Record<string, Omit<Field, "path">>>>> = { address, driverLicense }

const field = (path: string, row: Omit<Field, "path">): Field => ({
  path,
  ...Struct.pick(row, "label", "description", "kind", "isRequired", "isClearable", "isReadOnly")
})

/** All fields in the order of the table, a group before its own fields. */
export const fields: ReadonlyArray<Field> = Object.entries(customer).flatMap(([name, row]) => {
  const parts = Object.entries(inner[name] ?? {})
  return [field(name, row), ...parts.map(([part, partRow]) => field(`${name}.${part}`, partRow))]
})

const names: ReadonlySet<string> = new Set(fields.flatMap(({ path }) => path.split(".")))

/** Whether a dotted path is made of documented names only, and so cannot carry a customer's data. */
export const isDocumentedPath = (path: string): boolean => path.split(".").every((name) => names.has(name))
