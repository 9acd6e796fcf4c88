/**
 * What is sent to Trustly: a whole {@link CustomerUpdate}, or a {@link CustomerChange} of the fields to change.
 *
 * Omit an optional field (or give `undefined`) to leave it unchanged; `null` clears it. A secret that is one of Trustly's masks,
 * such as `#####6790`, counts as omitted; a driver's license with a masked number counts as omitted as a whole. Unknown fields are
 * refused. The facts come from Trustly's page "Update Customer by ID".
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"
import { schemas } from "./internal/fields.ts"

/**
 * A whole customer to write. `name`, `email`, `phone`, and `address` are required.
 *
 * `customerId`, if given, must be the ID that the call names. `createdAt` and `updatedAt` are accepted and not sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface CustomerUpdate extends Schema.Schema.Type<typeof CustomerUpdate> {}

/**
 * Schema of {@link CustomerUpdate}. The encoded side is the wire JSON. Its errors hold no value of a customer; those of a JSON parser
 * quote malformed text.
 *
 * @since 0.1.0
 * @category schemas
 * @example
 * import { Effect, Schema } from "effect"
 * import { CustomerUpdate } from "effect-trustly"
 *
 * const body: unknown = { name: "Jo Doe", email: "jo@example.com", phone: "+1", address: { country: "US" }, vip: null }
 *
 * const customer = Effect.runSync(Schema.decodeUnknown(CustomerUpdate)(body))
 * assert.strictEqual(customer.vip, null)
 */
export const CustomerUpdate = schemas.update.annotations({ identifier: "CustomerUpdate" })

/**
 * The fields of a customer to change. A changed `address` keeps the lines that it omits; `driverLicense` and `customData` replace
 * the stored value.
 *
 * @since 0.1.0
 * @category models
 */
export interface CustomerChange extends Schema.Schema.Type<typeof CustomerChange> {}

/**
 * Schema of {@link CustomerChange}. The encoded side is the wire JSON.
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
export const CustomerChange = schemas.change.annotations({ identifier: "CustomerChange" })
