import * as Predicate from "effect/Predicate"
import type { NetworkReason } from "../TrustlyError.ts"

/** Why there is no complete answer: what a failed request or body read comes down to, without the failure itself. */
export interface NetworkFailure {
  readonly reason: NetworkReason
  readonly code?: string
}

interface Facts {
  readonly code: string
  readonly syscall: string
  readonly text: string
}

const textOf = (source: object, key: string): string =>
  Predicate.hasProperty(source, key) && typeof source[key] === "string" ? source[key] : ""

// node and undici hand over the system error itself, fetch wraps it once, an attempt at several addresses once more;
// the innermost says most: an error of several addresses repeats a code without saying that it comes from connecting
const chain = (cause: unknown, depth = 0): ReadonlyArray<Facts> => {
  if (depth > 3 || !Predicate.isObject(cause)) return []
  const inner = Predicate.hasProperty(cause, "errors") && Array.isArray(cause.errors) ? cause.errors : []
  return [
    ...inner.flatMap((error: unknown) => chain(error, depth + 1)),
    ...(Predicate.hasProperty(cause, "cause") ? chain(cause.cause, depth + 1) : []),
    {
      code: textOf(cause, "code"),
      syscall: textOf(cause, "syscall"),
      text: `${textOf(cause, "name")} ${textOf(cause, "message")}`
    }
  ]
}

const connect = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "ENETUNREACH",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT"
])
const reset = new Set(["ECONNRESET", "ECONNABORTED", "EPIPE", "UND_ERR_SOCKET", "UND_ERR_CLOSED", "UND_ERR_DESTROYED"])
const timeout = new Set(["ETIMEDOUT", "ESOCKETTIMEDOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"])

const handshake =
  /^(EPROTO|ERR_TLS_|ERR_SSL_|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|ERROR_IN_CERT_)/
const damagedRecord = /bad.?record.?mac|decryption.?failed/i
const notHttp = /^(HPE_|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RES_|ERR_ASSERTION)/

const reasonOf = ({ code, syscall, text }: Facts): NetworkReason | undefined => {
  if (syscall === "getaddrinfo") return "Dns"
  if (connect.has(code) || text === "Error bad port") return "Connect"
  if (code === "ETIMEDOUT" && syscall === "connect") return "Connect"
  if (handshake.test(code)) return damagedRecord.test(`${code} ${text}`) ? "Protocol" : "Tls"
  if (timeout.has(code)) return "Timeout"
  if (reset.has(code)) return "Reset"
  if (notHttp.test(code) || text.startsWith("HTTPParserError")) return "Protocol"
  return undefined
}

/** What a request that got no head of an answer came down to. */
export const ofRequest = (cause: unknown): NetworkFailure => {
  const facts = chain(cause)
  const reason = facts.map(reasonOf).find(Predicate.isNotUndefined) ?? "Reset"
  const code = facts.find((fact) => fact.code !== "")?.code
  return code === undefined ? { reason } : { reason, code }
}

/** What a body that could not be read to its end came down to: the connection stood, so it is never Dns, Connect or Tls. */
export const ofBody = (cause: unknown): NetworkFailure => {
  const failure = ofRequest(cause)
  return failure.reason === "Dns" || failure.reason === "Connect" || failure.reason === "Tls"
    ? { ...failure, reason: "Protocol" }
    : failure
}
