/**
 * The receipt of an accepted change.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Identifies an accepted change. It contains no customer data.
 *
 * @since 0.1.0
 * @category models
 */
export type Receipt = typeof Receipt.Type

/**
 * Schema of {@link Receipt}. `Receipt.make` turns a string, such as a URL path segment, into a receipt.
 *
 * @since 0.1.0
 * @category schemas
 * @example
 * import { Receipt } from "effect-trustly-delivery"
 *
 * const receipt = Receipt.make("9b2f6a0e-8f5d-4c3a-9d55-0c6a4b1f2e77")
 * assert.strictEqual(receipt, "9b2f6a0e-8f5d-4c3a-9d55-0c6a4b1f2e77")
 */
export const Receipt = Schema.String.pipe(Schema.brand("effect-trustly-delivery/Receipt"))
