/**
 * A local mock of Trustly's Customers API over HTTP, for development, demonstrations, and tests.
 *
 * @since 0.1.0
 */

/** @since 0.1.0 */
export * from "./Fault.ts"
/** @since 0.1.0 */
export * from "./RequestLog.ts"
/** @since 0.1.0 */
export * from "./TrustlySandbox.ts"
