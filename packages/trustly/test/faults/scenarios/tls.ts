import type { Certificates } from "../certificates.ts"
import { brokenOrCut, decode, network, rejected, serverError, succeeds } from "../expectations.ts"
import type { Plays, Scenario } from "../Scenario.ts"
import {
  chunkedHead,
  close,
  cut,
  end,
  flood,
  goodBody,
  head,
  httpResponse,
  onConnection,
  onRequest,
  repeat,
  reset,
  settle,
  write
} from "../wire.ts"

const good = onRequest(write(httpResponse(200, goodBody)))

/** A scenario with https to a port without TLS. */
const plainPort = (name: string, plays: Plays, more: Partial<Scenario> = {}): Scenario => ({
  name: `https to a plain port: ${name}`,
  url: ({ self }) => `https://127.0.0.1:${self}`,
  plays,
  silent: true,
  expected: [network("Tls"), network("Protocol")],
  ...more
})

const alert = (description: number): Uint8Array => Buffer.from([0x15, 3, 3, 0, 2, 2, description])

// undici, which fetch also uses, keeps the socket of a handshake until its own connect timeout of 10 s in real time
const orConnectTimeout = [network("Timeout"), network("Tls"), network("Protocol"), network("Connect")]
const handshake: Partial<Scenario> = {
  expires: true,
  closes: ["node"],
  on: { fetch: orConnectTimeout, undici: orConnectTimeout }
}

const plainPorts: ReadonlyArray<Scenario> = [
  plainPort("an HTTP response", onConnection(settle, write(head(400)), end)),
  plainPort(
    "an HTTP response with a body",
    onConnection(settle, write(httpResponse(400, "<html>Bad Request</html>")), end)
  ),
  plainPort("an SSH banner", onConnection(write("SSH-2.0-OpenSSH_9.6\r\n"))),
  plainPort(
    "the client's own bytes",
    onConnection(settle, write("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), end),
    {
      expected: [network("Connect"), network("Tls"), ...brokenOrCut]
    }
  ),
  plainPort("a handshake failure alert", onConnection(settle, write(alert(40)), end)),
  plainPort("an internal error alert", onConnection(settle, write(alert(80)), end)),
  plainPort("an unrecognized name alert", onConnection(settle, write(alert(112)), end)),
  plainPort("a close", onConnection(settle, end), { expected: [network("Connect")] }),
  plainPort("a reset", onConnection(settle, reset), { expected: [network("Reset"), network("Tls")] }),
  plainPort("half a record, then a close", onConnection(settle, write("\x16\x03\x03\x00\x50abc"), ...close), {
    expected: [network("Connect"), network("Reset"), network("Tls"), network("Protocol")]
  }),
  plainPort("silence", onConnection(), { ...handshake, expected: [network("Timeout")] }),
  plainPort("a record with a byte every 50 ms", onConnection(write("\x16\x03\x03\x40\x00\x02"), repeat("\x00", 50)), {
    ...handshake,
    expected: [network("Timeout"), network("Tls"), network("Protocol")]
  })
]

export const tls = (certificates: Certificates): ReadonlyArray<Scenario> => {
  const failedHandshake = (name: string, certificate: keyof Certificates, trusts = true): Scenario => ({
    name: `TLS handshake: ${name}`,
    tls: certificates[certificate],
    trusts,
    plays: good,
    silent: true,
    expected: [network("Tls")]
  })

  const secure = (name: string, plays: Scenario["plays"] & {}, more: Partial<Scenario>): Scenario => ({
    name: `over TLS: ${name}`,
    tls: certificates.good,
    trusts: true,
    plays,
    expected: [succeeds()],
    ...more
  })

  return [
    ...plainPorts,
    failedHandshake("self-signed certificate", "selfSigned", false),
    failedHandshake("self-signed certificate, with another trusted authority", "selfSigned"),
    failedHandshake("certificate from an untrusted authority", "good", false),
    failedHandshake("expired certificate", "expired"),
    failedHandshake("certificate that is not yet valid", "notYetValid"),
    failedHandshake("certificate for another host", "otherHost"),
    failedHandshake("certificate for another address", "otherAddress"),
    {
      ...failedHandshake("no common TLS version", "good"),
      tls: { ...certificates.good, minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT:@SECLEVEL=0" }
    },
    {
      ...failedHandshake("client certificate required", "good"),
      tls: { ...certificates.good, requestCert: true, rejectUnauthorized: true },
      // in TLS 1.3 the server rejects the client after the client has completed its handshake
      silent: false,
      expected: [network("Tls"), network("Reset"), network("Protocol")]
    },
    {
      name: "http to a TLS port",
      url: ({ self }) => `http://127.0.0.1:${self}`,
      tls: certificates.good,
      plays: good,
      expected: brokenOrCut
    },
    secure("a good response", good, {}),
    secure("a good response over TLS 1.2", good, { tls: { ...certificates.good, maxVersion: "TLSv1.2" } }),
    secure(
      "a 302 to http",
      ({ other }) => onRequest(write(httpResponse(302, "", { location: `http://127.0.0.1:${other}/` }))),
      {
        expected: [rejected(302)]
      }
    ),
    secure(
      "a 307 to http",
      ({ other }) => onRequest(write(httpResponse(307, "", { location: `http://127.0.0.1:${other}/` }))),
      {
        expected: [rejected(307)]
      }
    ),
    secure("a 503", onRequest(write(httpResponse(503))), { expected: [serverError(503)] }),
    secure("a reset after the request", onRequest(reset), { expected: [network("Reset")] }),
    secure("a close after the request", onRequest(end), { expected: [network("Reset")] }),
    secure("a reset in the head", onRequest(write("HTTP/1.1 200 O"), ...cut), { expected: [network("Reset")] }),
    secure("a reset in the body", onRequest(write(head(200, { "content-length": 99 }) + "{"), ...cut), {
      expected: [network("Reset")]
    }),
    secure("a close in the body", onRequest(write(head(200, { "content-length": 99 }) + "{"), ...close), {
      expected: [network("Reset")]
    }),
    secure("no last chunk", onRequest(write(`${chunkedHead()}1\r\n{\r\n`), ...close), { expected: [network("Reset")] }),
    secure("not HTTP", onRequest(write("SSH-2.0-OpenSSH_9.6\r\n")), { expected: brokenOrCut }),
    secure("silence", onRequest(), { expires: true, closes: true, expected: [network("Timeout")] }),
    secure("half a body, then silence", onRequest(write(head(200, { "content-length": 99 }) + "{")), {
      expires: true,
      closes: true,
      expected: [network("Timeout")]
    }),
    secure("an endless body", onRequest(write(head(200)), flood(" ")), {
      closes: true,
      expected: [decode("TooLarge")]
    })
  ]
}
