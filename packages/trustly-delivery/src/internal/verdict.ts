/** What an error of an attempt means for the change, and for everybody else's. */
import { retryAfter } from "effect-trustly"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { AttemptError, PauseReason } from "../DeliveryStatus.ts"

export type Verdict =
  /** Applied, although the answer was not understood. */
  | { readonly _tag: "Delivered" }
  /** Says nothing about this change: whatever is sent will fail in the same way. */
  | { readonly _tag: "Pause"; readonly reason: PauseReason }
  | { readonly _tag: "Retry"; readonly wait: Duration.Duration; readonly isForAll: boolean }
  /** Not the change's fault, nor Trustly's: the change waits for as long as it takes. */
  | { readonly _tag: "Wait" }
  /** `isSuspect`: the host did not answer as Trustly does, so it may be the wrong one. */
  | { readonly _tag: "Failed"; readonly isSuspect: boolean }

/** A longer `Retry-After` is more likely an error than a wish. */
const longestWait = Duration.hours(24)

const pause = (reason: PauseReason): Verdict => ({ _tag: "Pause", reason })
const failed = (isSuspect: boolean): Verdict => ({ _tag: "Failed", isSuspect })

export const of = (error: AttemptError): Verdict => {
  switch (error._tag) {
    case "TrustlyAuthError":
      return pause("CredentialsRefused")
    case "TrustlyRejectedError": {
      const { status = 0 } = error
      return status >= 300 && status < 400 ? pause("Redirected") : failed(false)
    }
    case "TrustlyNetworkError":
      return error.reason === "Tls" ? pause("TlsFailed") : { _tag: "Retry", wait: Duration.zero, isForAll: false }
    case "TrustlyNotFoundError":
      return failed(error.errors.length === 0)
    case "TrustlyDecodeError":
      return error.outcome === "Applied" ? { _tag: "Delivered" } : failed(true)
    case "TrustlyRateLimitError":
    case "TrustlyServerError":
      return error.isRetryable
        ? {
          _tag: "Retry",
          wait: Duration.min(Option.getOrElse(retryAfter(error), () => Duration.zero), longestWait),
          isForAll: error._tag === "TrustlyRateLimitError"
        }
        : failed(false)
    case "UnexpectedDefect":
      return { _tag: "Retry", wait: Duration.zero, isForAll: false }
    case "PayloadUnreadable":
      return error.reason === "KeyMissing" ? { _tag: "Wait" } : failed(false)
    case "TrustlyValidationError":
      return failed(false)
  }
}
