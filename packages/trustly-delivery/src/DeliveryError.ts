/**
 * The errors of {@link CustomerDelivery}. They contain no customer field values, SQL statements, or driver errors.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as DriverError from "./internal/driverError.ts"
import { Receipt } from "./Receipt.ts"

/**
 * Why a database operation failed. `Full`: the disk is full. `InUse`: another process has locked the database file.
 * `Unavailable`: the database cannot be reached, its file cannot be read or written, or another transaction kept a row locked
 * for 5 s. `Other`: any other error.
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
 * A database operation failed. `code` is the driver's error code, if any, such as `SQLITE_FULL` or `ECONNREFUSED`.
 *
 * The failed call stored nothing, unless the connection broke during a commit: then the change may have been stored. Call
 * `enqueue` again with the same `idempotencyKey`.
 *
 * @since 0.1.0
 * @category errors
 */
export class StorageError extends Schema.TaggedError<StorageError>()("StorageError", { reason: StorageReason, code }) {
  /**
   * Keeps of a driver's error, such as a `SqlError` of your own statements, only what holds no value: the reason and the code.
   *
   * @since 0.1.0
   * @example
   * import { StorageError } from "effect-trustly-delivery"
   *
   * const cause = Object.assign(new Error("INSERT INTO profiles ..."), { code: "SQLITE_FULL" })
   *
   * assert.deepStrictEqual(
   *   StorageError.fromUnknown(new Error("Failed to execute statement", { cause })),
   *   new StorageError({ reason: "Full", code: "SQLITE_FULL" })
   * )
   */
  static fromUnknown(error: unknown): StorageError {
    return error instanceof StorageError ? error : new StorageError(DriverError.read(error))
  }

  override get message(): string {
    return `Database operation failed: ${this.reason}${this.code === undefined ? "" : ` (${this.code})`}`
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
 * The idempotency key was already used for a different change of the same customer. `receipt` is the receipt of that change.
 *
 * @since 0.1.0
 * @category errors
 */
export class IdempotencyConflict
  extends Schema.TaggedError<IdempotencyConflict>()("IdempotencyConflict", { receipt: Receipt })
{
  override get message(): string {
    return `Idempotency key was already used for a different change, with receipt ${this.receipt}. Use a new key`
  }
}

/**
 * No change has this receipt, or the change has been pruned. `retry` and `discard` also fail with this error when the change
 * is not a dead letter.
 *
 * @since 0.1.0
 * @category errors
 */
export class ReceiptNotFound extends Schema.TaggedError<ReceiptNotFound>()("ReceiptNotFound", { receipt: Receipt }) {
  override get message(): string {
    return `No change or dead letter has receipt ${this.receipt}`
  }
}

/**
 * The customer has an accepted change that is newer than this dead letter. A retry would overwrite it with older data.
 *
 * @since 0.1.0
 * @category errors
 */
export class Superseded extends Schema.TaggedError<Superseded>()("Superseded", { receipt: Receipt }) {
  override get message(): string {
    return `The customer has a newer change than dead letter ${this.receipt}. Discard the dead letter, or retry it with evenIfSuperseded`
  }
}

/**
 * Stored changes are encrypted with a key that `keys` does not contain. Add the key with this id to the end of `keys`.
 *
 * @since 0.1.0
 * @category errors
 */
export class KeyMissing extends Schema.TaggedError<KeyMissing>()("KeyMissing", { keyId: Schema.String }) {
  override get message(): string {
    return `Stored changes need encryption key ${this.keyId}. Add it to the end of keys (DELIVERY_KEYS)`
  }
}

/**
 * The stored payload of a change cannot be read. Nothing was sent.
 *
 * - `Decrypt`: decryption failed, for example because the row was edited. The change becomes a dead letter.
 * - `Decode`: the decrypted payload is not a valid change. The change becomes a dead letter.
 * - `KeyMissing`: another process encrypted the payload with a key that this process does not have. The change stays queued
 *   until a process that has the key delivers it, and never becomes a dead letter.
 *
 * @since 0.1.0
 * @category errors
 */
export class PayloadUnreadable extends Schema.TaggedError<PayloadUnreadable>()("PayloadUnreadable", {
  reason: Schema.Literal("Decrypt", "Decode", "KeyMissing")
}) {
  override get message(): string {
    return `Cannot read the stored payload: ${this.reason}`
  }
}

/**
 * `CustomerService` died with a defect, or interrupted itself, instead of failing with a `TrustlyError`. The change may have been
 * sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnexpectedDefect extends Schema.TaggedError<UnexpectedDefect>()("UnexpectedDefect", {}) {
  override get message(): string {
    return "CustomerService died with a defect or interrupted itself"
  }
}
