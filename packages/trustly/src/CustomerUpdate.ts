/**
 * What is sent to Trustly: a whole {@link CustomerUpdate}, or a {@link CustomerChange} laid over the record that was read.
 *
 * An optional field that is absent leaves the stored value alone, `null` removes it, a value sets it. What cannot be
 * sent is refused before anything leaves the process. The facts come from Trustly's page "Update Customer by ID".
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import {
  addressFields,
  customerFields,
  driverLicenseFields,
  ExactNumber,
  JsonObject,
  Millis
} from "./internal/fields.ts"
import { isJson } from "./internal/json.ts"
import { SensitiveStringInput } from "./Sensitive.ts"

const required = <A, I>(schema: Schema.Schema<A, I>, description: string) =>
  Schema.propertySignature(schema).annotations({ description })

/** Absent leaves, a value sets; there is no removing. */
const settable = <A, I>(schema: Schema.Schema<A, I>, description: string) =>
  Schema.optionalWith(schema, { exact: true }).annotations({ description })

/** Absent leaves, a value sets, `null` removes. */
const removable = <A, I>(schema: Schema.Schema<A, I>, description: string) =>
  settable(Schema.NullOr(schema), description)

const text = (min: number) =>
  Schema.String.pipe(
    Schema.minLength(min, {
      description: min === 1 ? "a text that is not empty" : `a text of ${min} characters or more`
    })
  )

const countryCode = Schema.String.pipe(
  Schema.pattern(/^[A-Z]{2}$/, { description: "two letters A to Z" })
)

const stateCode = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z]{2}$/, { description: "two letters" })
)

const customData = JsonObject.pipe(
  Schema.filter((value) => isJson(value), { description: "an object that JSON can carry" })
)

const addressLines = {
  address1: removable(text(1), addressFields.address1),
  address2: removable(Schema.String, addressFields.address2),
  city: removable(text(1), addressFields.city),
  state: removable(text(2), addressFields.state),
  zip: removable(text(5), addressFields.zip)
}

const details = {
  taxId: removable(SensitiveStringInput, customerFields.taxId),
  dateOfBirth: removable(SensitiveStringInput, customerFields.dateOfBirth),
  nationalId: removable(SensitiveStringInput, customerFields.nationalId),
  driverLicense: removable(
    Schema.Struct({
      number: required(SensitiveStringInput, driverLicenseFields.number),
      state: required(stateCode, driverLicenseFields.state)
    }),
    customerFields.driverLicense
  ),
  organizationNumber: removable(Schema.String, customerFields.organizationNumber),
  currency: removable(Schema.String, customerFields.currency),
  balance: removable(Schema.String, customerFields.balance),
  vip: removable(Schema.Union(Schema.String, ExactNumber), customerFields.vip),
  externalTier: removable(Schema.String, customerFields.externalTier),
  enrollDate: removable(Millis, customerFields.enrollDate),
  customData: removable(customData, customerFields.customData),
  personId: removable(Schema.String, customerFields.personId),
  externalId: removable(text(1), customerFields.externalId),
  merchantId: removable(text(1), customerFields.merchantId),
  customerId: settable(Schema.String, customerFields.customerId),
  createdAt: removable(Millis, customerFields.createdAt),
  updatedAt: removable(Millis, customerFields.updatedAt)
}

/**
 * A whole customer for writing. `name`, `email`, `phone` and `address` are required.
 *
 * `customerId` must be that of the call where it is given; `createdAt` and `updatedAt` are accepted and not sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface CustomerUpdate extends Schema.Schema.Type<typeof CustomerUpdate> {}

/**
 * Schema of {@link CustomerUpdate}; the encoded side is the wire JSON, so a line of NDJSON decodes with it.
 *
 * @since 0.1.0
 * @category schemas
 * @example
 * import { Effect, Schema } from "effect"
 * import { CustomerUpdate } from "effect-trustly"
 *
 * const line = `{"name":"Jo Doe","email":"jo@example.com","phone":"+1","address":{"country":"US"},"vip":null}`
 *
 * const customer = Effect.runSync(Schema.decode(Schema.parseJson(CustomerUpdate))(line))
 * assert.strictEqual(customer.vip, null)
 */
export const CustomerUpdate = Schema.Struct({
  name: required(text(1), customerFields.name),
  email: required(text(1), customerFields.email),
  phone: required(Schema.String, customerFields.phone),
  address: required(
    Schema.Struct({ ...addressLines, country: required(countryCode, addressFields.country) }),
    customerFields.address
  ),
  ...details
}).annotations({ identifier: "CustomerUpdate" })

/**
 * The fields of a customer to change. `address` is laid over the stored one; `driverLicense` and `customData` replace it.
 *
 * @since 0.1.0
 * @category models
 */
export interface CustomerChange extends Schema.Schema.Type<typeof CustomerChange> {}

/**
 * Schema of {@link CustomerChange}; the encoded side is the wire JSON.
 *
 * @since 0.1.0
 * @category schemas
 * @example
 * import { Effect, Schema } from "effect"
 * import { CustomerChange } from "effect-trustly"
 *
 * const change = Effect.runSync(Schema.decodeUnknown(CustomerChange)({ address: { city: "Reno" }, vip: 2 }))
 * assert.deepStrictEqual(change, { address: { city: "Reno" }, vip: 2 })
 */
export const CustomerChange = Schema.Struct({
  name: settable(text(1), customerFields.name),
  email: settable(text(1), customerFields.email),
  phone: settable(Schema.String, customerFields.phone),
  address: settable(
    Schema.Struct({ ...addressLines, country: settable(countryCode, addressFields.country) }),
    customerFields.address
  ),
  ...details
}).annotations({ identifier: "CustomerChange" })
