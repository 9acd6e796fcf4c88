/**
 * The errors of {@link CustomerDelivery}. They are data: no customer field value, statement, or driver error is in them.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Receipt } from "./Receipt.ts"

/**
 * Why the database did not do what it was asked. `Full`: no space left on the disk. `InUse`: another process holds the
 * database file. `Unavailable`: no connection. `Other`: everything else.
 *
 * @since 0.1.0
 * @category models
 */
export type StorageReason = typeof StorageReason.Type

/**
 * Schema of {@link StorageReason}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const StorageReason = Schema.Literal("Full", "InUse", "Unavailable", "Other")

const code = Schema.optionalWith(Schema.String, { exact: true })

/**
 * The database failed. `code` is the driver's error code, such as `SQLITE_FULL` or `ECONNREFUSED`, when there is one. Nothing
 * was stored by the call that failed, except when the connection broke during a commit: then it may have been stored. Call
 * `enqueue` again with the same `idempotencyKey`.
 *
 * @since 0.1.0
 * @category errors
 */
export class StorageError extends Schema.TaggedError<StorageError>()("StorageError", { reason: StorageReason, code }) {
  override get message(): string {
    return `Database failed: ${this.reason}${this.code === undefined ? "" : `, ${this.code}`}`
  }
}

/**
 * The backlog has reached `maxBacklog` queued changes. Nothing was stored. Try again later.
 *
 * @since 0.1.0
 * @category errors
 */
export class BacklogFull extends Schema.TaggedError<BacklogFull>()("BacklogFull", { maxBacklog: Schema.Int }) {
  override get message(): string {
    return `Backlog is full: ${this.maxBacklog} changes are queued. Try again later`
  }
}

/**
 * The idempotency key belongs to a different change of the same customer. `receipt` is the receipt of that change.
 *
 * @since 0.1.0
 * @category errors
 */
export class IdempotencyConflict
  extends Schema.TaggedError<IdempotencyConflict>()("IdempotencyConflict", { receipt: Receipt })
{
  override get message(): string {
    return `Idempotency key belongs to a different change, with receipt ${this.receipt}. Use a new key`
  }
}

/**
 * No change has this receipt, or its change has been pruned. `retry` and `discard` fail with it too when the change is not a
 * dead letter.
 *
 * @since 0.1.0
 * @category errors
 */
export class ReceiptNotFound extends Schema.TaggedError<ReceiptNotFound>()("ReceiptNotFound", { receipt: Receipt }) {
  override get message(): string {
    return `No such change or dead letter: ${this.receipt}`
  }
}

/**
 * The customer of this dead letter has a newer accepted change, which a retry would overwrite with older data.
 *
 * @since 0.1.0
 * @category errors
 */
export class Superseded extends Schema.TaggedError<Superseded>()("Superseded", { receipt: Receipt }) {
  override get message(): string {
    return `A newer change of the customer was accepted after ${this.receipt}. Discard it, or retry with evenIfSuperseded`
  }
}

/**
 * Stored changes need an encryption key that `keys` does not contain. Add the key with this id at the end of `keys`.
 *
 * @since 0.1.0
 * @category errors
 */
export class KeyMissing extends Schema.TaggedError<KeyMissing>()("KeyMissing", { keyId: Schema.String }) {
  override get message(): string {
    return `Stored changes need encryption key ${this.keyId}. Add it at the end of the list of keys`
  }
}

/**
 * The stored payload of a change cannot be read. Nothing was sent.
 *
 * `Decrypt`: it does not decrypt, for example because the row was edited. `Decode`: it decrypts to something that is not a valid
 * change. Both make a dead letter. `KeyMissing`: another process encrypted it with a key that this one does not have. The change
 * waits for a process that has the key, and never becomes a dead letter.
 *
 * @since 0.1.0
 * @category errors
 */
export class PayloadUnreadable extends Schema.TaggedError<PayloadUnreadable>()("PayloadUnreadable", {
  reason: Schema.Literal("Decrypt", "Decode", "KeyMissing")
}) {
  override get message(): string {
    return `Stored payload cannot be read: ${this.reason}`
  }
}

/**
 * `CustomerService` died with a defect instead of failing with a `TrustlyError`. The change may have been sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnexpectedDefect extends Schema.TaggedError<UnexpectedDefect>()("UnexpectedDefect", {}) {
  override get message(): string {
    return "CustomerService died with a defect"
  }
}
