/** Decides what a failed attempt means for the change, and for delivery to all customers. */
import { retryAfter } from "effect-trustly"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { AttemptError, PauseReason } from "../DeliveryStatus.ts"

export type Verdict =
  /** Trustly applied the change, but its response could not be decoded. */
  | { readonly _tag: "Delivered" }
  /** The error is not about this change: every other request would fail in the same way. */
  | { readonly _tag: "Pause"; readonly reason: PauseReason }
  | { readonly _tag: "Retry"; readonly wait: Duration.Duration; readonly appliesToAllCustomers: boolean }
  /** This process cannot read the change. Retry without a deadline: another process may be able to. */
  | { readonly _tag: "Wait" }
  /** The change cannot be sent, which says nothing about Trustly. */
  | { readonly _tag: "Unsendable" }
  /** `isSuspect`: the response is not in Trustly's format, so the base URL may be wrong. */
  | { readonly _tag: "Failed"; readonly isSuspect: boolean }

/** A `Retry-After` longer than this is capped, because it is more likely a server error than intended. */
const maxRetryAfter = Duration.hours(24)

const pause = (reason: PauseReason): Verdict => ({ _tag: "Pause", reason })
const failed = (isSuspect: boolean): Verdict => ({ _tag: "Failed", isSuspect })

/** The verdict on a status that is not retried. Trustly says why it rejects a change; a server at a wrong base URL does not. */
const rejected = ({ errors }: { readonly errors: ReadonlyArray<unknown> }): Verdict => failed(errors.length === 0)

export const fromError = (error: AttemptError): Verdict => {
  switch (error._tag) {
    case "TrustlyAuthError":
      return pause("CredentialsRefused")
    case "TrustlyRejectedError": {
      const { status = 0 } = error
      if (status >= 300 && status < 400) return pause("Redirected")
      return status < 300 ? failed(false) : rejected(error)
    }
    case "TrustlyNetworkError":
      return error.reason === "Tls"
        ? pause("TlsFailed")
        : { _tag: "Retry", wait: Duration.zero, appliesToAllCustomers: false }
    case "TrustlyNotFoundError":
      return rejected(error)
    case "TrustlyDecodeError":
      return error.outcome === "Applied" ? { _tag: "Delivered" } : failed(true)
    case "TrustlyRateLimitError":
    case "TrustlyServerError":
      // also 501 and 505, which a proxy can send while Trustly is down: unlike a call, a change has days until it is given up
      return {
        _tag: "Retry",
        wait: Duration.min(Option.getOrElse(retryAfter(error), () => Duration.zero), maxRetryAfter),
        appliesToAllCustomers: error._tag === "TrustlyRateLimitError"
      }
    case "UnexpectedDefect":
      return { _tag: "Retry", wait: Duration.zero, appliesToAllCustomers: false }
    case "PayloadUnreadable":
      return { _tag: error.reason === "KeyMissing" ? "Wait" : "Unsendable" }
    case "TrustlyValidationError":
      return error.status === undefined ? { _tag: "Unsendable" } : failed(false)
  }
}
