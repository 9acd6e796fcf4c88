/**
 * Helpers for the unit tests of programs that use `CustomerService`. Nothing in here imports a test framework.
 *
 * @since 0.1.0
 */

/** @since 0.1.0 */
export * from "./testing/CustomersMemory.ts"
/** @since 0.1.0 */
export * from "./testing/expectNoLeak.ts"
/** @since 0.1.0 */
export * as TrustlyModel from "./testing/TrustlyModel.ts"
