import type { Certificates } from "../certificates.ts"
import { brokenOrCut, decode, network, rejected, serverError, succeeds } from "../expectations.ts"
import type { Plays, Scenario } from "../Scenario.ts"
import {
  answer,
  chunkedHead,
  close,
  cut,
  end,
  flood,
  goodBody,
  head,
  onConnection,
  onRequest,
  repeat,
  reset,
  settle,
  write
} from "../wire.ts"

const good = onRequest(write(answer(200, goodBody)))

/** https to a port where nobody speaks TLS. */
const plainPort = (name: string, plays: Plays, more: Partial<Scenario> = {}): Scenario => ({
  name: `https to a plain port: ${name}`,
  url: ({ self }) => `https://127.0.0.1:${self}`,
  plays,
  silent: true,
  expected: [network("Tls"), network("Protocol")],
  ...more
})

const alert = (description: number): Uint8Array => Buffer.from([0x15, 3, 3, 0, 2, 2, description])

// undici, also inside fetch, keeps the socket of a handshake until its own connect timeout of 10 s, which is in real time
const orConnectTimeout = [network("Timeout"), network("Tls"), network("Protocol"), network("Connect")]
const handshake: Partial<Scenario> = {
  expires: true,
  closes: ["node"],
  on: { fetch: orConnectTimeout, undici: orConnectTimeout }
}

const plainPorts: ReadonlyArray<Scenario> = [
  plainPort("an HTTP answer", onConnection(settle, write(head(400)), end)),
  plainPort("an HTTP answer with a body", onConnection(settle, write(answer(400, "<html>Bad Request</html>")), end)),
  plainPort("an SSH banner", onConnection(write("SSH-2.0-OpenSSH_9.6\r\n"))),
  plainPort("the bytes that came", onConnection(settle, write("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), end), {
    expected: [network("Tls"), ...brokenOrCut]
  }),
  plainPort("a handshake failure", onConnection(settle, write(alert(40)), end)),
  plainPort("an internal error", onConnection(settle, write(alert(80)), end)),
  plainPort("an unknown name", onConnection(settle, write(alert(112)), end)),
  plainPort("the end", onConnection(settle, end), { expected: [network("Reset"), network("Tls")] }),
  plainPort("a reset", onConnection(settle, reset), { expected: [network("Reset"), network("Tls")] }),
  plainPort("half a record, then the end", onConnection(settle, write("\x16\x03\x03\x00\x50abc"), ...close), {
    expected: [network("Reset"), network("Tls"), network("Protocol")]
  }),
  plainPort("silence", onConnection(), { ...handshake, expected: [network("Timeout")] }),
  plainPort("a record, a byte every 50 ms", onConnection(write("\x16\x03\x03\x40\x00\x02"), repeat("\x00", 50)), {
    ...handshake,
    expected: [network("Timeout"), network("Tls"), network("Protocol")]
  })
]

export const tls = (certificates: Certificates): ReadonlyArray<Scenario> => {
  const refused = (name: string, certificate: keyof Certificates, trusts = true): Scenario => ({
    name: `certificate: ${name}`,
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
    refused("self-signed", "selfSigned", false),
    refused("self-signed, where another authority is trusted", "selfSigned"),
    refused("of an authority that is not trusted", "good", false),
    refused("expired", "expired"),
    refused("not yet valid", "notYetValid"),
    refused("of another host", "otherHost"),
    refused("of another address", "otherAddress"),
    {
      ...refused("none that both can use", "good"),
      tls: { ...certificates.good, minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT:@SECLEVEL=0" }
    },
    {
      ...refused("of the client, which it has not got", "good"),
      tls: { ...certificates.good, requestCert: true, rejectUnauthorized: true },
      // in TLS 1.3 the refusal comes after the client's handshake has ended
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
    secure("a good answer", good, {}),
    secure("a good answer over TLS 1.2", good, { tls: { ...certificates.good, maxVersion: "TLSv1.2" } }),
    secure(
      "a 302 to http",
      ({ other }) => onRequest(write(answer(302, "", { location: `http://127.0.0.1:${other}/` }))),
      {
        expected: [rejected(302)]
      }
    ),
    secure(
      "a 307 to http",
      ({ other }) => onRequest(write(answer(307, "", { location: `http://127.0.0.1:${other}/` }))),
      {
        expected: [rejected(307)]
      }
    ),
    secure("a 503", onRequest(write(answer(503))), { expected: [serverError(503)] }),
    secure("a reset after the request", onRequest(reset), { expected: [network("Reset")] }),
    secure("the end after the request", onRequest(end), { expected: [network("Reset")] }),
    secure("a reset in the head", onRequest(write("HTTP/1.1 200 O"), ...cut), { expected: [network("Reset")] }),
    secure("a reset in the body", onRequest(write(head(200, { "content-length": 99 }) + "{"), ...cut), {
      expected: [network("Reset")]
    }),
    secure("the end in the body", onRequest(write(head(200, { "content-length": 99 }) + "{"), ...close), {
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
