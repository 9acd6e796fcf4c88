/**
 * What the sandbox remembers of a request.
 *
 * @since 0.1.0
 */
import type { TrustlyModel } from "effect-trustly/testing"
import type { Fault } from "./Fault.ts"

/**
 * A request to one of Trustly's operations. No credential is in it, and the four secrets of a customer are masked.
 *
 * @since 0.1.0
 * @category models
 */
export interface RequestLog {
  /** Counts the requests since the server began. */
  readonly id: number
  /** When it arrived, in milliseconds since 1970. */
  readonly at: number
  readonly method: string
  /** The template of the operation, such as `/customers/{customerId}`; the path itself where Trustly has no such endpoint. */
  readonly path: string
  readonly operation?: TrustlyModel.Target["operation"]
  /** The customer that the request names by Trustly's identifier. */
  readonly customerId?: string
  /** Names of the fields sent. */
  readonly fields: ReadonlyArray<string>
  /** 1, and one more for each time that the same request had failed before in a way that a retry can mend. */
  readonly attempt: number
  /** Absent when there was no answer, or none yet. */
  readonly status?: number
  /** Milliseconds from its arrival to the answer or to the end of its connection. Absent until then. */
  readonly millis?: number
  /** The fields that the write set, or removed with `null`. Absent when nothing was written. */
  readonly applied?: TrustlyModel.WireCustomer
  /** The fault that the request met. */
  readonly fault?: Fault
}
