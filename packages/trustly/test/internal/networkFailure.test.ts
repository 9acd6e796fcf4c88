import { assert, describe, it } from "@effect/vitest"
import type { NetworkReason } from "effect-trustly"
import * as NetworkFailure from "../../src/internal/networkFailure.ts"

const error = (facts: object, message = "") => Object.assign(new Error(message), facts)
const wrapped = (cause: unknown) => new TypeError("fetch failed", { cause })

const rows: ReadonlyArray<readonly [what: string, cause: unknown, reason: NetworkReason]> = [
  // before the request could be sent
  ...["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EMFILE", "ENFILE", "EACCES", "EPERM", "ETIMEDOUT", "ENOBUFS"].map(
    (code) => [`connect ${code}`, error({ code, syscall: "connect" }), "Connect"] as const
  ),
  [
    "connect to several addresses",
    error({ code: "ECONNREFUSED", errors: [error({ code: "ETIMEDOUT", syscall: "connect" })] }),
    "Connect"
  ],
  ["bind EADDRNOTAVAIL", error({ code: "EADDRNOTAVAIL", syscall: "bind" }), "Connect"],
  [
    "a connection closed during the TLS handshake",
    wrapped(
      error(
        { code: "ECONNRESET" },
        "Client network socket disconnected before secure TLS connection was established"
      )
    ),
    "Connect"
  ],
  ["undici's connect timeout", error({ code: "UND_ERR_CONNECT_TIMEOUT" }), "Connect"],
  ["a port that fetch blocks", wrapped(error({}, "bad port")), "Connect"],
  [
    "a tunnel rejected by the proxy, undici",
    Object.assign(error({ code: "UND_ERR_ABORTED" }, "Proxy response (403) !== 200 when HTTP Tunneling"), {
      name: "AbortError"
    }),
    "Connect"
  ],
  [
    "a tunnel rejected by the proxy, an agent",
    error({ code: "ECONNRESET" }, "tunneling socket could not be established, statusCode=407"),
    "Connect"
  ],
  [
    "a tunnel rejected by the proxy, Node",
    error({ code: "ERR_PROXY_TUNNEL" }, "Failed to establish tunnel to 192.0.2.1:443: HTTP/1.1 403 Forbidden"),
    "Connect"
  ],
  ["a resolver of the program's own", error({ code: "ECONNREFUSED", syscall: "queryA" }), "Dns"],
  ["a resolver of the program's own, IPv6", error({ code: "ETIMEOUT", syscall: "queryAaaa" }), "Dns"],
  ...["ENOTFOUND", "EAI_AGAIN", "EMFILE"].map((code) =>
    [`getaddrinfo ${code}`, error({ code, syscall: "getaddrinfo" }), "Dns"] as const
  ),
  ...[
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "CERT_HAS_EXPIRED",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "ERR_TLS_CERT_ALTNAME_INVALID"
  ].map(
    (code) => [code, wrapped(error({ code })), "Tls"] as const
  ),
  [
    "no common TLS version",
    error(
      { code: "EPROTO", syscall: "write" },
      "write EPROTO 80:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version"
    ),
    "Tls"
  ],
  [
    "no common cipher",
    error({ code: "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE" }, "ssl3_read_bytes:sslv3 alert handshake failure"),
    "Tls"
  ],
  // after the request may have been sent
  ...["EHOSTUNREACH", "ENETUNREACH", "ENETDOWN", "EHOSTDOWN"].map(
    (code) => [`read ${code}`, error({ code, syscall: "read" }), "Reset"] as const
  ),
  ["write EHOSTUNREACH", wrapped(error({ code: "EHOSTUNREACH", syscall: "write" })), "Reset"],
  ["read ETIMEDOUT", error({ code: "ETIMEDOUT", syscall: "read" }), "Timeout"],
  ["a rejected client certificate", error({ code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED" }), "Protocol"],
  ["garbage after the handshake", error({ code: "ERR_SSL_WRONG_VERSION_NUMBER", library: "SSL routines" }), "Protocol"],
  ["a plaintext record after the handshake", error({ code: "ERR_SSL_BAD_RECORD_TYPE" }), "Protocol"],
  ["a corrupted record", error({ code: "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC" }), "Protocol"],
  ["a corrupted record, TLS 1.2", error({ code: "ERR_SSL_CIPHER_OPERATION_FAILED" }), "Protocol"],
  ["read ECONNRESET", error({ code: "ECONNRESET", syscall: "read" }), "Reset"],
  ["undici's closed socket", error({ code: "UND_ERR_SOCKET" }), "Reset"],
  ["bytes that are not HTTP", error({ code: "HPE_INVALID_CONSTANT" }), "Protocol"],
  ["something unknown", "a string", "Reset"]
]

describe("a request without a response head", () => {
  for (const [what, cause, reason] of rows) {
    it(`${what}: ${reason}`, () => assert.strictEqual(NetworkFailure.ofRequest(cause).reason, reason))
  }
})

it("a code that is not a code is not reported", () => {
  const cause = error({ code: "key sentinel refused", cause: error({ code: "", cause: error({ code: "EPIPE" }) }) })
  assert.deepStrictEqual(NetworkFailure.ofRequest(cause), { reason: "Reset", code: "EPIPE" })
  assert.deepStrictEqual(NetworkFailure.ofRequest(error({ code: "key sentinel refused" })), { reason: "Reset" })
})

describe("an incomplete response body", () => {
  for (const [what, cause] of rows) {
    it(`is never reported as not sent: ${what}`, () =>
      assert.notInclude(["Dns", "Connect", "Tls"], NetworkFailure.ofBody(cause).reason))
  }
})
