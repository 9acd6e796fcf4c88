export type LayerName = "fetch" | "node" | "undici"

export interface Success {
  readonly _tag: "Success"
  /** Customer fields that must have these values. */
  readonly fields: Readonly<Record<string, unknown>>
}

export interface Failure {
  readonly _tag: "Failure"
  readonly tag: string
  readonly isRetryable: boolean
  readonly outcome: "NotSent" | "Rejected" | "Unknown" | "Applied"
  readonly reason?: string
  readonly status?: number
  readonly codes?: ReadonlyArray<number>
  /** Inclusive range in milliseconds. `null` means that the error must not have a `retryAfter`. */
  readonly retryAfter?: readonly [number, number] | null
}

export type Expected = Success | Failure

export const succeeds = (fields: Readonly<Record<string, unknown>> = { name: "Joe User" }): Success => ({
  _tag: "Success",
  fields
})

export type NetworkReason = "Dns" | "Connect" | "Tls" | "Timeout" | "Reset" | "Protocol"

export const network = (reason: NetworkReason): Failure => ({
  _tag: "Failure",
  tag: "TrustlyNetworkError",
  isRetryable: reason !== "Tls",
  outcome: reason === "Dns" || reason === "Connect" || reason === "Tls" ? "NotSent" : "Unknown",
  reason
})

/** For faults where a layer cannot distinguish broken framing from a cut connection. */
export const brokenOrCut = [network("Protocol"), network("Reset")]

export type DecodeReason = "NotJson" | "Empty" | "Shape" | "Encoding" | "TooLarge"

export const decode = (reason: DecodeReason, status = 200): Failure => ({
  _tag: "Failure",
  tag: "TrustlyDecodeError",
  isRetryable: false,
  outcome: "Applied",
  reason,
  status
})

export const decodeAny = (status = 200): ReadonlyArray<Failure> =>
  (["NotJson", "Empty", "Shape", "Encoding"] as const).map((reason) => decode(reason, status))

const rejectedAs = (tag: string) => (status: number, codes?: ReadonlyArray<number>): Failure => ({
  _tag: "Failure",
  tag,
  isRetryable: false,
  outcome: "Rejected",
  status,
  ...(codes === undefined ? {} : { codes })
})

export const validation = rejectedAs("TrustlyValidationError")
export const auth = rejectedAs("TrustlyAuthError")
export const notFound = rejectedAs("TrustlyNotFoundError")
export const rejected = rejectedAs("TrustlyRejectedError")
/** Rejected, but the write may have been applied. */
export const rejectedUnknown = (status: number, codes?: ReadonlyArray<number>): Failure => ({
  ...rejected(status, codes),
  outcome: "Unknown"
})

type RetryAfter = Pick<Failure, "retryAfter">

export const rateLimited = (more: RetryAfter & Pick<Failure, "codes"> = {}): Failure => ({
  _tag: "Failure",
  tag: "TrustlyRateLimitError",
  isRetryable: true,
  outcome: "Rejected",
  status: 429,
  ...more
})

export const serverError = (status: number, more: RetryAfter & Pick<Failure, "codes"> = {}): Failure => ({
  _tag: "Failure",
  tag: "TrustlyServerError",
  isRetryable: status !== 501 && status !== 505,
  outcome: "Unknown",
  status,
  ...more
})

/** A failed read has not sent a write. */
export const forRead = (expected: Expected): Expected =>
  expected._tag === "Failure" ? { ...expected, outcome: "NotSent" } : expected
