/** What delivery asks of its storage. There are two: `sqlOutbox.ts` and, for unit tests, `memoryOutbox.ts`. Times are epoch milliseconds. */
import * as DateTime from "effect/DateTime"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { StorageError } from "../DeliveryError.ts"
import { UnexpectedDefect } from "../DeliveryError.ts"
import type { AttemptError, Counts, Failed, PauseReason, Status } from "../DeliveryStatus.ts"
import type { Receipt } from "../Receipt.ts"

/** A change to store: everything but its customer is opaque to the database. */
export interface NewChange {
  readonly receipt: Receipt
  readonly customerId: string
  readonly lane: number
  readonly idempotencyKey: string | null
  /** Tells the same change under the same idempotency key from a different one. */
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

/** The result of an attempt. `failingSince` is absent where the failure says nothing about the change. */
export type Result =
  | { readonly _tag: "Delivered"; readonly error?: AttemptError }
  | { readonly _tag: "Failed"; readonly error: AttemptError }
  | { readonly _tag: "Retry"; readonly error: AttemptError; readonly failingSince: number | undefined }

/** A result to store. With `wantsNext`, the answer is the customer's next change. */
export interface Attempt {
  readonly head: Head
  readonly result: Result
  readonly endedAt: number
  readonly wantsNext: boolean
}

/** A status with its place in the order of acceptance. */
export interface Stored<A extends Status = Status> {
  readonly seq: number
  readonly status: A
}

interface Facts {
  readonly state: Status["_tag"]
  readonly receipt: Receipt
  readonly customerId: string
  readonly acceptedAt: number
  /** Only of a change that has ended. */
  readonly endedAt: number
  readonly attempts: number
  readonly error: AttemptError | undefined
}

/** The status that is stored as these facts. The error of a dead letter can be unreadable. */
export const statusOf = ({ acceptedAt, attempts, customerId, endedAt, error, receipt, state }: Facts): Status => {
  const facts = { receipt, customerId, acceptedAt: DateTime.unsafeMake(acceptedAt), attempts }
  const lastError = error === undefined ? {} : { error }
  if (state === "Queued") return { _tag: state, ...facts, ...lastError }
  const ended = { ...facts, endedAt: DateTime.unsafeMake(endedAt) }
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
  /** The lanes to look in; absent for all. */
  readonly lanes: ReadonlyArray<number> | undefined
  readonly limit: number
  /** The customers in flight. */
  readonly except: ReadonlyArray<string>
  /** Look although delivery is paused. */
  readonly isProbe: boolean
}

export interface Outbox {
  readonly accept: (change: NewChange) => Effect.Effect<Option.Option<Existing>, StorageError>
  /** The heads of the customers that are due, longest due first. */
  readonly due: (due: Due) => Effect.Effect<ReadonlyArray<Head>, StorageError>
  readonly record: (attempt: Attempt) => Effect.Effect<Option.Option<Head>, StorageError>
  /** Moves a customer in the line of those that are due. */
  readonly postpone: (customerId: string, dueAt: number) => Effect.Effect<void, StorageError>
  /** How many milliseconds to wait before the next look, when nothing happens in this process; can be infinite. */
  readonly nextLook: (now: number) => Effect.Effect<number, StorageError>

  readonly find: (receipt: Receipt) => Effect.Effect<Option.Option<Stored>, StorageError>
  /** Up to `limit` dead letters after `seq`, oldest first. */
  readonly failed: (
    seq: number,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Stored<Failed>>, StorageError>
  readonly retry: (retry: {
    readonly receipt: Receipt
    readonly evenIfSuperseded: boolean
    readonly laneOf: (customerId: string) => number
    readonly now: number
  }) => Effect.Effect<"Queued" | "NotFound" | "Superseded", StorageError>
  /** Whether there was such a dead letter. */
  readonly discard: (receipt: Receipt, now: number) => Effect.Effect<boolean, StorageError>

  readonly counts: Effect.Effect<Counts, StorageError>
  /** Ids of the keys that stored payloads need. */
  readonly keyIds: Effect.Effect<ReadonlyArray<string>, StorageError>
  /** Deletes up to `limit` changes that ended before; answers how many. */
  readonly prune: (before: number, limit: number) => Effect.Effect<number, StorageError>

  readonly paused: Effect.Effect<Option.Option<Pause>, StorageError>
  readonly pause: (pause: Pause) => Effect.Effect<void, StorageError>
  /** Whether this process is the one to probe now; the next probe is not before `probeAt`. */
  readonly claimProbe: (now: number, probeAt: number) => Effect.Effect<boolean, StorageError>
  readonly resume: Effect.Effect<void, StorageError>
}
