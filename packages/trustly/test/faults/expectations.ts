export type LayerName = "fetch" | "node" | "undici"

export interface Success {
  readonly _tag: "Success"
  /** Fields of the customer that must read so. */
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
  /** Milliseconds, both ends included; `null` where the error must not carry one. */
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

/** Where the layers cannot tell broken framing from a cut connection. */
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

const refused = (tag: string) => (status: number, codes?: ReadonlyArray<number>): Failure => ({
  _tag: "Failure",
  tag,
  isRetryable: false,
  outcome: "Rejected",
  status,
  ...(codes === undefined ? {} : { codes })
})

export const validation = refused("TrustlyValidationError")
export const auth = refused("TrustlyAuthError")
export const notFound = refused("TrustlyNotFoundError")
export const rejected = refused("TrustlyRejectedError")
/** Refused, but the write may have been applied. */
export const doubtful = (status: number, codes?: ReadonlyArray<number>): Failure => ({
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

/** A read that failed has sent no write. */
export const forRead = (expected: Expected): Expected =>
  expected._tag === "Failure" ? { ...expected, outcome: "NotSent" } : expected
