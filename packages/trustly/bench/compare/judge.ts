import type { Outcome } from "effect-trustly"

export interface Judgment {
  readonly outcome: Outcome
  readonly retry: boolean
}

/** What a careful program makes of an HTTP status. */
export const judgeStatus = (status: number): Judgment => {
  if (status === 429) return { outcome: "Rejected", retry: true }
  if (status === 501 || status === 505) return { outcome: "Unknown", retry: false }
  if (status >= 500 || status === 408 || status === 425) return { outcome: "Unknown", retry: true }
  return { outcome: "Rejected", retry: false }
}

/** The response had a good status and a body that is not the documented one. */
export const unreadable: Judgment = { outcome: "Applied", retry: false }

const notSent = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT"
])

/** What a careful program makes of the code of a network failure. */
export const judgeCode = (code: string): Judgment => {
  if (/CERT|^UNABLE_TO|^SELF_SIGNED|^DEPTH_ZERO|^ERR_TLS|^ERR_SSL/.test(code)) {
    return { outcome: "NotSent", retry: false }
  }
  if (notSent.has(code)) return { outcome: "NotSent", retry: true }
  return { outcome: "Unknown", retry: true }
}
