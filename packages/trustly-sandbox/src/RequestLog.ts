/**
 * What the sandbox records about a request.
 *
 * @since 0.1.0
 */
import type { TrustlyModel } from "effect-trustly/testing"
import type { Fault } from "./Fault.ts"

/**
 * A request to one of Trustly's operations. It contains no credential, and the four secrets of a customer are masked.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestLog {
  /** Number of the request, counted from 1 since the server started. */
  readonly id: number
  /** `id` of the first request of the same call: the retries of a request, and the read and the write of a `modify`. */
  readonly call: number
  /** When the request arrived, in milliseconds since 1970. */
  readonly at: number
  readonly method: string
  /** Path template of the operation, such as `/customers/{customerId}`, or the path itself if Trustly has no such endpoint. */
  readonly path: string
  readonly operation?: TrustlyModel.Target["operation"]
  /** The `customerId` that the request names. */
  readonly customerId?: string
  /** Names of the fields in the request body. */
  readonly fields: ReadonlyArray<string>
  /** 1 for a first attempt, and one more for each earlier attempt that failed in a way that a retry can fix. */
  readonly attempt: number
  /** Status of the response. Absent without a response. */
  readonly status?: number
  /** Milliseconds from the arrival of the request to its response or to the end of its connection. Absent until then. */
  readonly millis?: number
  /** The fields that the write set, or cleared with `null`. Absent if nothing was written. */
  readonly applied?: TrustlyModel.WireCustomer
  /** The fault that the request got. */
  readonly fault?: Fault
}

/**
 * Headers and body of a request or a response. Secrets, values of unknown fields, and values of request headers that may hold a
 * credential are hidden: all but those of a few headers, such as `content-type` and `user-agent`. `body` is absent if there is
 * none, if it is not JSON, or if it is larger than 64 KiB; `bytes` is its size.
 *
 * @since 0.1.0
 * @category models
 */
export interface RecordedMessage {
  readonly headers: { readonly [name: string]: string }
  readonly bytes: number
  readonly body?: unknown
}

/**
 * A request with its messages and the fields that it changed, as `GET /_sandbox/requests/{id}` returns it.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestDetail extends RequestLog {
  /** Path and query below the base URL. */
  readonly url: string
  readonly request: RecordedMessage
  /** Absent without a complete response. */
  readonly response?: RecordedMessage
  /** Stored values of each changed field before and after the write. Absent if nothing was written. */
  readonly changes?: { readonly [field: string]: { readonly before?: unknown; readonly after?: unknown } }
}
