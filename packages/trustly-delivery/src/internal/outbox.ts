/**
 * The storage interface of delivery, implemented by `sqlOutbox.ts` and, for unit tests, by `memoryOutbox.ts`. Times are epoch
 * milliseconds.
 */
import * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { StorageError } from "../DeliveryError.ts"
import { UnexpectedDefect } from "../DeliveryError.ts"
import type { AttemptError, Counts, Failed, PauseReason, Status } from "../DeliveryStatus.ts"
import type { Receipt } from "../Receipt.ts"

/** A change to store. The fields to change are encrypted in `payload`. */
export interface NewChange {
  readonly receipt: Receipt
  readonly customerId: string
  readonly lane: number
  readonly idempotencyKey: string | null
  /** A keyed digest that detects a different change with the same idempotency key. */
  readonly digest: string | null
  readonly keyId: string
  readonly payload: Uint8Array
  readonly trace: string | null
  readonly acceptedAt: number
}

/** The change that already has the idempotency key. */
export interface Existing {
  readonly receipt: Receipt
  readonly digest: string
  readonly keyId: string
}

/** The oldest queued change of a customer. */
export interface Head {
  readonly seq: number
  readonly receipt: Receipt
  readonly customerId: string
  readonly lane: number
  readonly keyId: string
  readonly payload: Uint8Array
  readonly attempts: number
  readonly failingSince: number | undefined
  readonly trace: string | undefined
  readonly acceptedAt: number
}

/** The result of an attempt. `failingSince` is undefined if the failure does not count toward `giveUpAfter`. */
export type Result =
  | { readonly _tag: "Delivered"; readonly error?: AttemptError }
  | { readonly _tag: "Failed"; readonly error: AttemptError }
  | { readonly _tag: "Retry"; readonly error: AttemptError; readonly failingSince: number | undefined }

/** A result to store. With `wantsNext`, `record` returns the customer's next change. */
export interface Attempt {
  readonly head: Head
  readonly result: Result
  readonly endedAt: number
  readonly wantsNext: boolean
}

/** A status and its position in the order of acceptance. */
export interface Stored<A extends Status = Status> {
  readonly acceptedSeq: number
  readonly status: A
}

interface StatusFields {
  readonly state: Status["_tag"]
  readonly receipt: Receipt
  readonly customerId: string
  readonly acceptedAt: number
  /** Ignored while the change is queued. */
  readonly endedAt: number
  readonly attempts: number
  readonly error: AttemptError | undefined
}

/** Builds a status from its stored fields. A dead letter has an `UnexpectedDefect` if its stored error cannot be decoded. */
export const statusOf = (
  { acceptedAt, attempts, customerId, endedAt, error, receipt, state }: StatusFields
): Status => {
  const commonFields = { receipt, customerId, acceptedAt: DateTime.unsafeMake(acceptedAt), attempts }
  const lastError = error === undefined ? {} : { error }
  if (state === "Queued") return { _tag: state, ...commonFields, ...lastError }
  const ended = { ...commonFields, endedAt: DateTime.unsafeMake(endedAt) }
  return state === "Failed"
    ? { _tag: state, ...ended, error: error ?? new UnexpectedDefect() }
    : { _tag: state, ...ended, ...lastError }
}

export const isFailed = (stored: Stored): stored is Stored<Failed> => stored.status._tag === "Failed"

export interface Pause {
  readonly reason: PauseReason
  readonly since: number
  readonly probeAt: number
}

export interface Due {
  readonly now: number
  /** The lanes to search, or `undefined` for all lanes. */
  readonly lanes: ReadonlyArray<number> | undefined
  readonly limit: number
  /** The customers in flight. */
  readonly excludedCustomerIds: ReadonlyArray<string>
  /** Whether to ignore the pause and the due times. */
  readonly isProbe: boolean
}

export interface Outbox {
  /** Stores a change, or returns the change that already has its idempotency key. */
  readonly accept: (change: NewChange) => Effect.Effect<Option.Option<Existing>, StorageError>
  /** Returns the change of this customer that has this idempotency key. */
  readonly findByKey: (
    customerId: string,
    idempotencyKey: string
  ) => Effect.Effect<Option.Option<Existing>, StorageError>
  /** Returns the heads of the customers that are due, longest overdue first. */
  readonly due: (due: Due) => Effect.Effect<ReadonlyArray<Head>, StorageError>
  /** Stores a result. Returns the customer's next change if `wantsNext` is set and delivery is not paused. */
  readonly record: (attempt: Attempt) => Effect.Effect<Option.Option<Head>, StorageError>
  /** Sets the time at which a customer is due. */
  readonly postpone: (customerId: string, dueAt: number) => Effect.Effect<void, StorageError>
  /** Returns how long to wait before the next poll, in milliseconds, if nothing wakes the sender earlier. Can be infinite. */
  readonly nextPollDelay: (now: number) => Effect.Effect<number, StorageError>

  readonly find: (receipt: Receipt) => Effect.Effect<Option.Option<Stored>, StorageError>
  /** Returns up to `limit` dead letters accepted after `acceptedSeq`, oldest first. */
  readonly failed: (
    acceptedSeq: number,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Stored<Failed>>, StorageError>
  readonly retry: (retry: {
    readonly receipt: Receipt
    readonly evenIfSuperseded: boolean
    readonly laneOf: (customerId: string) => number
    readonly now: number
  }) => Effect.Effect<"Queued" | "NotFound" | "Superseded", StorageError>
  /** Returns whether a dead letter with this receipt existed. */
  readonly discard: (receipt: Receipt, now: number) => Effect.Effect<boolean, StorageError>

  readonly counts: Effect.Effect<Counts, StorageError>
  /** The ids of the keys that queued changes and dead letters need. */
  readonly keyIds: Effect.Effect<ReadonlyArray<string>, StorageError>
  /** Deletes up to `limit` delivered or discarded changes that ended before `before`. Returns the number of deleted changes. */
  readonly prune: (before: number, limit: number) => Effect.Effect<number, StorageError>

  readonly paused: Effect.Effect<Option.Option<Pause>, StorageError>
  readonly pause: (pause: Pause) => Effect.Effect<void, StorageError>
  /** Returns whether this process may probe now. If so, no process may probe again before `probeAt`. */
  readonly claimProbe: (now: number, probeAt: number) => Effect.Effect<boolean, StorageError>
  /** Ends the pause. Changes that had failed before start to count from zero. */
  readonly resume: Effect.Effect<void, StorageError>
}
