/**
 * The status of accepted changes, and the state of delivery.
 *
 * @since 0.1.0
 */
import { TrustlyError } from "effect-trustly"
import * as Schema from "effect/Schema"
import { PayloadUnreadable, UnexpectedDefect } from "./DeliveryError.ts"
import { Receipt } from "./Receipt.ts"

/**
 * Why an attempt to deliver a change failed.
 *
 * @since 0.1.0
 * @category models
 */
export type AttemptError = typeof AttemptError.Type

/**
 * Schema of {@link AttemptError}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const AttemptError = Schema.Union(TrustlyError, PayloadUnreadable, UnexpectedDefect)

const commonFields = {
  receipt: Receipt,
  customerId: Schema.String,
  acceptedAt: Schema.DateTimeUtc,
  attempts: Schema.Int
}

const endedFields = { ...commonFields, endedAt: Schema.DateTimeUtc }

const lastError = { error: Schema.optionalWith(AttemptError, { exact: true }) }

/**
 * The change is queued. `error` is the error of the last attempt, if any.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Queued = Schema.TaggedStruct("Queued", { ...commonFields, ...lastError })

/**
 * Trustly applied the change. `error` is set if its response could not be decoded.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Delivered = Schema.TaggedStruct("Delivered", { ...endedFields, ...lastError })

/**
 * A dead letter: the change cannot be delivered, or kept failing for `giveUpAfter`. It is kept until retried or discarded.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Failed = Schema.TaggedStruct("Failed", { ...endedFields, error: AttemptError })

/**
 * A dead letter.
 *
 * @since 0.1.0
 * @category models
 */
export type Failed = typeof Failed.Type

/**
 * A discarded dead letter. `error` is the error of the last attempt.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Discarded = Schema.TaggedStruct("Discarded", { ...endedFields, ...lastError })

/**
 * The final status of a change.
 *
 * @since 0.1.0
 * @category models
 */
export type Ended = typeof Ended.Type

/**
 * Schema of {@link Ended}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Ended = Schema.Union(Delivered, Failed, Discarded)

/**
 * The status of an accepted change.
 *
 * @since 0.1.0
 * @category models
 */
export type Status = typeof Status.Type

/**
 * Schema of {@link Status}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Status = Schema.Union(Queued, Delivered, Failed, Discarded)

/**
 * Why delivery is paused for every customer.
 *
 * - `CredentialsRefused`: Trustly returned 401 or 403.
 * - `Redirected`: the base URL redirects.
 * - `TlsFailed`: certificate verification or the TLS handshake failed.
 * - `NotTrustly`: the responses for several customers in a row were not in Trustly's format, so the base URL is probably wrong.
 *
 * @since 0.1.0
 * @category models
 */
export type PauseReason = typeof PauseReason.Type

/**
 * Schema of {@link PauseReason}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PauseReason = Schema.Literal("CredentialsRefused", "Redirected", "TlsFailed", "NotTrustly")

/**
 * Whether delivery is running or paused. While it is paused, changes are still accepted, one change is sent every
 * `probeInterval` as a probe, and no change becomes a dead letter, unless it cannot be sent at all (`PayloadUnreadable`, or a
 * `TrustlyValidationError` without `status`).
 *
 * @since 0.1.0
 * @category models
 */
export type State = typeof State.Type

/**
 * Schema of {@link State}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const State = Schema.Union(
  Schema.TaggedStruct("Running", {}),
  Schema.TaggedStruct("Paused", { reason: PauseReason, since: Schema.DateTimeUtc })
)

/**
 * Number of queued changes and dead letters, and when the oldest queued change was accepted.
 *
 * @since 0.1.0
 * @category models
 */
export type Counts = typeof Counts.Type

/**
 * Schema of {@link Counts}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Counts = Schema.Struct({
  queued: Schema.Int,
  failed: Schema.Int,
  oldestQueued: Schema.optionalWith(Schema.DateTimeUtc, { exact: true })
})
