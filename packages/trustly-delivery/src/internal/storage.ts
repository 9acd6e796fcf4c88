/** Converts the errors of database drivers to {@link StorageError}. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { StorageError } from "../DeliveryError.ts"

/**
 * Maps every failure and defect to a {@link StorageError}: `withTransaction` turns a failed COMMIT into a defect. Preserves
 * interruption. Disables tracing, because the spans of the delivery loop's statements would outnumber all others.
 */
export const orStorageError = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, StorageError, R> =>
  Effect.catchAllCause(
    Effect.withTracerEnabled(effect, false),
    (cause) =>
      Cause.isInterruptedOnly(cause)
        ? Effect.failCause(Cause.stripFailures(cause))
        : Effect.fail(StorageError.fromUnknown(Cause.squash(cause)))
  )
