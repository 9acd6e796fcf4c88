/**
 * Durable, ordered delivery of customer changes to Trustly.
 *
 * @since 0.1.0
 */

/** @since 0.1.0 */
export * from "./CustomerDelivery.ts"
/** @since 0.1.0 */
export * as DeliveryConfig from "./DeliveryConfig.ts"
/** @since 0.1.0 */
export * from "./DeliveryError.ts"
/** @since 0.1.0 */
export * as DeliveryStatus from "./DeliveryStatus.ts"
/** @since 0.1.0 */
export * from "./Receipt.ts"
