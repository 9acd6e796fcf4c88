import * as Predicate from "effect/Predicate"
import type { NetworkReason } from "../TrustlyError.ts"

/** Why there is no complete response: the facts of a failed request or body read, without the failure itself. */
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

// Node and undici return the system error itself, fetch wraps it once, an attempt at several addresses once more. Innermost first:
// the error for several addresses repeats a code without the `syscall`.
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

// ---- before the request could leave: `Dns`, `Connect`, and `Tls` are claimed only by the phase, never by a code that other phases share

const isMalformed = ({ code, text }: Facts): boolean =>
  /^(UND_ERR_INVALID_ARG|ERR_INVALID_CHAR|ERR_INVALID_HTTP_TOKEN|ERR_HTTP_INVALID_HEADER_VALUE)$/.test(code) ||
  /^TypeError [^]*\b(invalid header|ByteString|invalid HTTP header)/i.test(text)

const isConnecting = ({ code, syscall, text }: Facts): boolean =>
  syscall === "connect" || syscall === "bind" || code === "UND_ERR_CONNECT_TIMEOUT" ||
  // the peer closed the connection during the TLS handshake
  text.includes("before secure TLS connection was established") ||
  // fetch refuses some ports by itself
  text === "Error bad port" ||
  // the proxy refused the tunnel, as reported by undici and by the agents for Node's own client
  /^\w+ Proxy response \(\d+\) !== 200/.test(text) || /tunnell?ing socket could not be established/i.test(text) ||
  code === "ERR_PROXY_TUNNEL"

// the client verifies the certificate before it sends the request
const isCertificate = ({ code }: Facts): boolean =>
  /^(ERR_TLS_CERT_|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|ERROR_IN_CERT_)/
    .test(code)

// What a peer says while it negotiates, and not later (RFC 8446, 6.2). A refusal of the client's certificate is not among them:
// in TLS 1.3 it arrives after the request.
const isNegotiation = ({ code, text }: Facts): boolean =>
  /^(EPROTO|ERR_SSL_|ERR_TLS_)/.test(code) &&
  /alert.(protocol.version|handshake.failure|insufficient.security)|unrecognized.name|no.application.protocol|unsupported.protocol|no.protocols.available|no.ciphers.available|wrong.ssl.version/i
    .test(`${code} ${text}`)

// ---- after the request may have left

const resetCodes = new Set([
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "UND_ERR_SOCKET",
  "UND_ERR_CLOSED",
  "UND_ERR_DESTROYED"
])
const timeoutCodes = new Set(["ETIMEDOUT", "ESOCKETTIMEDOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"])
const notHttp = /^(HPE_|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RES_|ERR_ASSERTION)/
const tlsRecord = /^(EPROTO|ERR_TLS_|ERR_SSL_)/

const reasonOf = (facts: Facts): NetworkReason | undefined => {
  const { code, syscall, text } = facts
  if (/^(getaddrinfo|query[A-Z]\w*)$/.test(syscall)) return "Dns"
  if (isConnecting(facts) || isMalformed(facts)) return "Connect"
  if (isCertificate(facts) || isNegotiation(facts)) return "Tls"
  if (timeoutCodes.has(code)) return "Timeout"
  if (resetCodes.has(code)) return "Reset"
  if (tlsRecord.test(code) || notHttp.test(code) || text.startsWith("HTTPParserError")) return "Protocol"
  return undefined
}

// a third-party client may put any text there
const isCode = (code: string): boolean => /^\w{1,60}$/.test(code)

/** Why a request got no response head. */
export const ofRequest = (cause: unknown): NetworkFailure => {
  const facts = chain(cause)
  const reason = facts.map(reasonOf).find(Predicate.isNotUndefined) ?? "Reset"
  const code = facts.find((fact) => isCode(fact.code))?.code
  return code === undefined ? { reason } : { reason, code }
}

/** Whether a client refused to send the request, because something had added a header that HTTP does not allow. */
export const isMalformedRequest = (cause: unknown): boolean => chain(cause).some(isMalformed)

/** Why a body could not be read to its end. There was a connection, so it is never `Dns`, `Connect`, or `Tls`. */
export const ofBody = (cause: unknown): NetworkFailure => {
  const failure = ofRequest(cause)
  return failure.reason === "Dns" || failure.reason === "Connect" || failure.reason === "Tls"
    ? { ...failure, reason: "Protocol" }
    : failure
}
