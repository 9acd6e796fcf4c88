/**
 * What became of an accepted change, and how delivery is doing.
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

const facts = {
  receipt: Receipt,
  customerId: Schema.String,
  acceptedAt: Schema.DateTimeUtc,
  attempts: Schema.Int
}

const ended = { ...facts, endedAt: Schema.DateTimeUtc }

const lastError = { error: Schema.optionalWith(AttemptError, { exact: true }) }

/**
 * The change waits to be delivered. `error` is the error of the last attempt, when there was one.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Queued = Schema.TaggedStruct("Queued", { ...facts, ...lastError })

/**
 * Trustly has applied the change. `error` is set when Trustly's response could not be decoded.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Delivered = Schema.TaggedStruct("Delivered", { ...ended, ...lastError })

/**
 * A dead letter: delivery gave the change up. It is kept until it is retried or discarded.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Failed = Schema.TaggedStruct("Failed", { ...ended, error: AttemptError })

/**
 * A dead letter.
 *
 * @since 0.1.0
 * @category models
 */
export type Failed = typeof Failed.Type

/**
 * A dead letter that was discarded. `error` says why it had failed.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Discarded = Schema.TaggedStruct("Discarded", { ...ended, ...lastError })

/**
 * How a change ended.
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
 * What became of an accepted change.
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
 * Why delivery is paused for every customer. `CredentialsRefused`: Trustly answered 401 or 403. `Redirected`: the base URL
 * redirects. `TlsFailed`: the certificate or the handshake is not acceptable. `NotTrustly`: several customers in a row were
 * not found by a host that does not answer in Trustly's format, so the base URL is probably wrong.
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
 * Whether changes are being delivered. While delivery is paused, changes are accepted, one change is tried every
 * `probeInterval`, and no change becomes a dead letter.
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
 * How many changes wait and how many are dead letters, and when the oldest queued change was accepted. Counted at most once a
 * second.
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
