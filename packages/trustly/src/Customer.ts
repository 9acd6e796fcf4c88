/**
 * What Trustly returns: a {@link Customer} after a write, a {@link CustomerRecord} as stored.
 *
 * Both ignore unknown keys, read `null` as absent, `vip` and `balance` as strings, and timestamps as `DateTime.Utc`. The facts
 * come from Trustly's page "Update Customer by ID".
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"
import { groups, schemas } from "./internal/fields.ts"

/**
 * The address of a customer, as returned after a write.
 *
 * @since 0.1.0
 * @category models
 */
export interface Address extends Schema.Schema.Type<typeof Address> {}

/**
 * Schema of {@link Address}. The encoded side is the wire JSON.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Address = groups.Address

/**
 * The driver's license of a customer, as returned after a write.
 *
 * @since 0.1.0
 * @category models
 */
export interface DriverLicense extends Schema.Schema.Type<typeof DriverLicense> {}

/**
 * Schema of {@link DriverLicense}. The encoded side is the wire JSON.
 *
 * @since 0.1.0
 * @category schemas
 */
export const DriverLicense = groups.DriverLicense

/**
 * A customer as Trustly returns it after a write. It has the four required fields: `name`, `email`, `phone`, and `address`.
 *
 * The four secrets (`taxId`, `nationalId`, `dateOfBirth`, `driverLicense.number`) are `Redacted`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Customer extends Schema.Schema.Type<typeof Customer> {}

/**
 * Schema of {@link Customer}. The encoded side is the wire JSON.
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
export const Customer = schemas.customer.annotations({ identifier: "Customer" })

/**
 * A customer as stored. Any field can be missing: Trustly itself creates records without the fields that it requires in a write.
 *
 * @since 0.1.0
 * @category models
 */
export interface CustomerRecord extends Schema.Schema.Type<typeof CustomerRecord> {}

/**
 * Schema of {@link CustomerRecord}. The encoded side is the wire JSON.
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
export const CustomerRecord = schemas.record.annotations({ identifier: "CustomerRecord" })

/**
 * A customer without the fields that are or hold a secret: `taxId`, `nationalId`, `dateOfBirth`, and `driverLicense`.
 *
 * @since 0.1.0
 * @category models
 */
export interface CustomerWithoutSecrets extends Schema.Schema.Type<typeof CustomerWithoutSecrets> {}

/**
 * Schema of {@link CustomerWithoutSecrets}, for the responses of your own API. Encoding a {@link Customer} or a
 * {@link CustomerRecord} with it drops every secret.
 *
 * @since 0.1.0
 * @category schemas
 * @example
 * import { Effect, Redacted, Schema } from "effect"
 * import { CustomerWithoutSecrets } from "effect-trustly"
 *
 * const customer = { name: "Jo Doe", taxId: Redacted.make("123456790") }
 * assert.deepStrictEqual(Effect.runSync(Schema.encode(CustomerWithoutSecrets)(customer)), { name: "Jo Doe" })
 */
export const CustomerWithoutSecrets = schemas.withoutSecrets.annotations({ identifier: "CustomerWithoutSecrets" })
