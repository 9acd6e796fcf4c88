/**
 * What Trustly returns: a {@link Customer} after a write, a {@link CustomerRecord} as stored.
 *
 * Both ignore keys they do not know, read `null` as absent, `vip` and `balance` from a string or a number, and
 * timestamps as `DateTime.Utc`. The facts come from Trustly's page "Update Customer by ID".
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import {
  addressFields,
  customerFields,
  driverLicenseFields,
  JsonObject,
  Millis,
  TextOrNumber
} from "./internal/fields.ts"
import { SensitiveString } from "./Sensitive.ts"

// on the schema, because a JSON schema has no place for what is on the property alone
const required = <A, I>(schema: Schema.Schema<A, I>, description: string) => schema.annotations({ description })

const optional = <A, I>(schema: Schema.Schema<A, I>, description: string) =>
  Schema.optionalWith(schema, { exact: true, nullable: true }).annotations({ description })

const addressLines = {
  address1: optional(Schema.String, addressFields.address1),
  address2: optional(Schema.String, addressFields.address2),
  city: optional(Schema.String, addressFields.city),
  state: optional(Schema.String, addressFields.state),
  zip: optional(Schema.String, addressFields.zip)
}

/**
 * The address of a customer, as returned after a write.
 *
 * @since 0.1.0
 * @category models
 */
export interface Address extends Schema.Schema.Type<typeof Address> {}

/**
 * Schema of {@link Address}; the encoded side is the wire JSON.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Address = Schema.Struct({
  ...addressLines,
  country: required(Schema.String, addressFields.country)
}).annotations({ identifier: "Address" })

/**
 * The driver's license of a customer, as returned after a write.
 *
 * @since 0.1.0
 * @category models
 */
export interface DriverLicense extends Schema.Schema.Type<typeof DriverLicense> {}

/**
 * Schema of {@link DriverLicense}; the encoded side is the wire JSON.
 *
 * @since 0.1.0
 * @category schemas
 */
export const DriverLicense = Schema.Struct({
  number: required(SensitiveString, driverLicenseFields.number),
  state: required(Schema.String, driverLicenseFields.state)
}).annotations({ identifier: "DriverLicense" })

const details = {
  taxId: optional(SensitiveString, customerFields.taxId),
  dateOfBirth: optional(SensitiveString, customerFields.dateOfBirth),
  nationalId: optional(SensitiveString, customerFields.nationalId),
  organizationNumber: optional(Schema.String, customerFields.organizationNumber),
  currency: optional(Schema.String, customerFields.currency),
  balance: optional(TextOrNumber, customerFields.balance),
  vip: optional(TextOrNumber, customerFields.vip),
  externalTier: optional(Schema.String, customerFields.externalTier),
  enrollDate: optional(Millis, customerFields.enrollDate),
  customData: optional(JsonObject, customerFields.customData),
  personId: optional(Schema.String, customerFields.personId),
  customerId: optional(Schema.String, customerFields.customerId),
  externalId: optional(Schema.String, customerFields.externalId),
  merchantId: optional(Schema.String, customerFields.merchantId),
  createdAt: optional(Millis, customerFields.createdAt),
  updatedAt: optional(Millis, customerFields.updatedAt)
}

/**
 * A customer as Trustly returns it after a write: the four required fields are there.
 *
 * The four secrets (`taxId`, `nationalId`, `dateOfBirth`, `driverLicense.number`) are `Redacted`; the rest is plain.
 *
 * @since 0.1.0
 * @category models
 */
export interface Customer extends Schema.Schema.Type<typeof Customer> {}

/**
 * Schema of {@link Customer}; the encoded side is the wire JSON.
 *
 * @since 0.1.0
 * @category schemas
 * @example
 * import { Effect, Schema } from "effect"
 * import { Customer } from "effect-trustly"
 *
 * const wire = { name: "Jo Doe", email: "jo@example.com", phone: "+1", address: { country: "US" }, vip: 2, taxId: null }
 *
 * const customer = Effect.runSync(Schema.decodeUnknown(Customer)(wire))
 * assert.strictEqual(customer.vip, "2")
 * assert.strictEqual("taxId" in customer, false)
 */
export const Customer = Schema.Struct({
  name: required(Schema.String, customerFields.name),
  email: required(Schema.String, customerFields.email),
  phone: required(Schema.String, customerFields.phone),
  address: required(Address, customerFields.address),
  driverLicense: optional(DriverLicense, customerFields.driverLicense),
  ...details
}).annotations({ identifier: "Customer" })

/**
 * A customer as stored. Any field can be missing: Trustly itself makes records that lack the ones it calls required.
 *
 * @since 0.1.0
 * @category models
 */
export interface CustomerRecord extends Schema.Schema.Type<typeof CustomerRecord> {}

/**
 * Schema of {@link CustomerRecord}; the encoded side is the wire JSON.
 *
 * @since 0.1.0
 * @category schemas
 * @example
 * import { Effect, Redacted, Schema } from "effect"
 * import { CustomerRecord } from "effect-trustly"
 *
 * const record = Effect.runSync(Schema.decodeUnknown(CustomerRecord)({ name: "Jo Doe", taxId: "#####6790" }))
 * assert.strictEqual(String(record.taxId), "<redacted>")
 * assert.strictEqual(record.taxId && Redacted.value(record.taxId), "#####6790")
 */
export const CustomerRecord = Schema.Struct({
  name: optional(Schema.String, customerFields.name),
  email: optional(Schema.String, customerFields.email),
  phone: optional(Schema.String, customerFields.phone),
  address: optional(
    Schema.Struct({ ...addressLines, country: optional(Schema.String, addressFields.country) }),
    customerFields.address
  ),
  driverLicense: optional(
    Schema.Struct({
      number: optional(SensitiveString, driverLicenseFields.number),
      state: optional(Schema.String, driverLicenseFields.state)
    }),
    customerFields.driverLicense
  ),
  ...details
}).annotations({ identifier: "CustomerRecord" })

/**
 * A customer without `taxId`, `nationalId`, `dateOfBirth` and `driverLicense`: a response schema that cannot carry a secret.
 *
 * @since 0.1.0
 * @category models
 */
export interface CustomerWithoutSecrets extends Schema.Schema.Type<typeof CustomerWithoutSecrets> {}

/**
 * Schema of {@link CustomerWithoutSecrets}. Encoding a {@link Customer} with it drops the secrets.
 *
 * @since 0.1.0
 * @category schemas
 * @example
 * import { Effect, Schema } from "effect"
 * import { Customer, CustomerWithoutSecrets } from "effect-trustly"
 *
 * const wire = { name: "Jo Doe", email: "jo@example.com", phone: "+1", address: { country: "US" } }
 *
 * const customer = Effect.runSync(Schema.decode(Customer)({ ...wire, taxId: "#####6790" }))
 * assert.deepStrictEqual(Effect.runSync(Schema.encode(CustomerWithoutSecrets)(customer)), wire)
 */
export const CustomerWithoutSecrets = Customer.omit("taxId", "nationalId", "dateOfBirth", "driverLicense").annotations({
  identifier: "CustomerWithoutSecrets"
})
