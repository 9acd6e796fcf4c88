/**
 * Keep customers current at Trustly from an Effect backend.
 *
 * @since 0.1.0
 */

/** @since 0.1.0 */
export * from "./Customer.ts"
/** @since 0.1.0 */
export * as CustomerBatch from "./CustomerBatch.ts"
/** @since 0.1.0 */
export * as CustomerFields from "./CustomerFields.ts"
/** @since 0.1.0 */
export * as CustomerRequest from "./CustomerRequest.ts"
/** @since 0.1.0 */
export * from "./CustomerService.ts"
/** @since 0.1.0 */
export * from "./CustomerUpdate.ts"
/** @since 0.1.0 */
export * as Sensitive from "./Sensitive.ts"
/** @since 0.1.0 */
export * as TrustlyConfig from "./TrustlyConfig.ts"
/** @since 0.1.0 */
export * from "./TrustlyError.ts"
/** @since 0.1.0 */
export * as TrustlyRetry from "./TrustlyRetry.ts"
