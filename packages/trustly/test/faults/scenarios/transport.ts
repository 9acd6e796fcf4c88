import { minimalCustomer } from "../../support.ts"
import { brokenOrCut, decode, decodeAny, type Expected, network, succeeds } from "../expectations.ts"
import type { Step } from "../FaultServer.ts"
import type { Scenario } from "../Scenario.ts"
import {
  chunk,
  chunkedHead,
  close,
  cut,
  end,
  flush,
  goodBody,
  head,
  httpResponse,
  lastChunk,
  onConnection,
  onHead,
  onRequest,
  reset,
  settle,
  write
} from "../wire.ts"

// an unused privileged port that fetch does not block
const closedPort = 2

const unreachable: ReadonlyArray<Scenario> = [
  { name: "connection refused", url: () => `http://127.0.0.1:${closedPort}`, expected: [network("Connect")] },
  { name: "connection refused, IPv6", url: () => `http://[::1]:${closedPort}`, expected: [network("Connect")] },
  { name: "connection refused, https", url: () => `https://127.0.0.1:${closedPort}`, expected: [network("Connect")] },
  {
    name: "connection refused, localhost",
    url: () => `http://localhost:${closedPort}`,
    expected: [network("Connect")]
  },
  {
    name: "a port that fetch blocks",
    url: () => "http://127.0.0.1:1",
    expected: [network("Connect")],
    on: { fetch: [network("Connect"), network("Protocol")] }
  },
  // a label over 63 characters fails in the resolver without a DNS query
  { name: "DNS failure", url: () => `https://${"a".repeat(64)}.invalid`, expected: [network("Dns")] },
  { name: "DNS failure, http", url: () => `http://${"a".repeat(64)}.invalid`, expected: [network("Dns")] }
]

const cutAt = (name: string, whole: Uint8Array, offsets: ReadonlyArray<number>): ReadonlyArray<Scenario> =>
  offsets.flatMap((offset) => {
    const sent = whole.subarray(0, offset < 0 ? whole.length + offset : offset)
    return [
      {
        name: `${name}: reset after ${sent.length} bytes`,
        plays: onRequest(write(sent), ...cut),
        expected: [network("Reset")]
      },
      {
        name: `${name}: close after ${sent.length} bytes`,
        plays: onRequest(write(sent), ...close),
        expected: [network("Reset")]
      },
      {
        name: `${name}: immediate close after ${sent.length} bytes`,
        plays: onRequest(write(sent), end),
        expected: [network("Reset")]
      }
    ]
  })

const plain = httpResponse(200, goodBody)
const chunked = Buffer.concat([
  Buffer.from(chunkedHead()),
  chunk(goodBody.slice(0, 40)),
  chunk(goodBody.slice(40)),
  Buffer.from(lastChunk)
])
const bodyAt = plain.length - goodBody.length
const cuts: ReadonlyArray<Scenario> = [
  ...([["reset", reset], ["close", end]] as const).flatMap(([name, step]): ReadonlyArray<Scenario> => [
    // a reset can fail the client's connect call itself
    { name: `${name} on connection`, plays: onConnection(step), expected: [network("Reset"), network("Connect")] },
    {
      name: `${name} shortly after connection`,
      plays: onConnection(settle, step),
      expected: [network("Reset")]
    },
    { name: `${name} during the request`, plays: onHead(step), expected: [network("Reset")] },
    {
      name: `${name} during a large request`,
      customData: { note: "x".repeat(4_000_000) },
      plays: onHead(step),
      expected: [network("Reset")]
    },
    { name: `${name} after the request`, plays: onRequest(step), expected: [network("Reset")] },
    { name: `${name} after a 103`, plays: onRequest(write(head(103)), settle, step), expected: [network("Reset")] }
  ]),
  ...cutAt("content-length", plain, [1, 8, 12, 15, 30, bodyAt - 2, bodyAt - 1, bodyAt, bodyAt + 1, -100, -1]),
  ...cutAt("chunked", chunked, [50, bodyAt, -200, -10, -5, -4, -2, -1]),
  {
    name: "a content-length that is one byte too long, then a close",
    plays: onRequest(write(head(200, { "content-length": goodBody.length + 1 }) + goodBody), ...close),
    expected: [network("Reset")]
  },
  {
    name: "a content-length of 10^12, then a close",
    plays: onRequest(write(head(200, { "content-length": 10 ** 12 }) + goodBody), ...close),
    // the announced size alone exceeds the limit
    expected: [network("Reset"), decode("TooLarge")]
  },
  {
    name: "a 500 with a truncated head",
    plays: onRequest(write("HTTP/1.1 500 Inte"), ...cut),
    expected: [network("Reset")]
  },
  { name: "a complete response, then a reset", plays: onRequest(write(plain), ...cut), expected: [succeeds()] },
  {
    name: "a complete chunked response, then a reset",
    plays: onRequest(write(chunked), ...cut),
    expected: [succeeds()]
  },
  {
    name: "a complete response before the request is read, then a close",
    plays: onHead(write(plain), ...close),
    expected: [succeeds()]
  }
]

const framing = (name: string, responseBytes: string, expected: ReadonlyArray<Expected> = brokenOrCut): Scenario => ({
  name,
  plays: onRequest(write(responseBytes), ...close),
  expected
})

/** The HTTP parser of Node's own fetch depends on the Node version: some versions accept these responses, others reject them. */
const dependsOnNodeVersion = (scenario: Scenario): Scenario => ({
  ...scenario,
  on: { fetch: [succeeds(), ...brokenOrCut] }
})

const manyHeaders = `x-filler: ${"a".repeat(100)}\r\n`.repeat(3000)
const good = `content-length: ${goodBody.length}\r\n\r\n${goodBody}`

const notHttp: ReadonlyArray<Scenario> = [
  framing("an SSH banner", "SSH-2.0-OpenSSH_9.6\r\n"),
  framing("an SMTP banner", "220 mail.example ESMTP\r\n"),
  framing("random bytes", "\x00\x01\xff\xfe\x16\x03\x01\x80"),
  framing("HTTP/0.9, a body without a head", goodBody),
  framing("HTML without a head", "<html><body>502</body></html>"),
  framing("an HTTP/2 settings frame", "\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
  framing("HTTP/9.9", `HTTP/9.9 200 OK\r\n${good}`),
  framing("HTTP/2.0 as text", `HTTP/2.0 200 OK\r\n${good}`, [...brokenOrCut, succeeds()]),
  framing("ICY 200", `ICY 200 OK\r\n${good}`),
  framing("lowercase http", `http/1.1 200 OK\r\n${good}`),
  framing("a request instead of a response", `POST / HTTP/1.1\r\n${good}`),
  framing("a status of letters", `HTTP/1.1 abc OK\r\n${good}`),
  framing("a status of two digits", `HTTP/1.1 20 OK\r\n${good}`),
  framing("a status of four digits", `HTTP/1.1 2000 OK\r\n${good}`),
  framing("a negative status", `HTTP/1.1 -200 OK\r\n${good}`),
  framing("only line feeds", `HTTP/1.1 200 OK\nx: y\n\n${goodBody}`),
  framing("a status line without a reason", `HTTP/1.1 200\r\n${good}`, [succeeds()]),
  framing("empty lines before the status line", `\r\n\r\nHTTP/1.1 200 OK\r\n${good}`, [succeeds()]),
  framing("a header without a colon", `HTTP/1.1 200 OK\r\nnocolon\r\n${good}`),
  dependsOnNodeVersion(framing("a header without a name", `HTTP/1.1 200 OK\r\n: value\r\n${good}`)),
  dependsOnNodeVersion(framing("a header name with a space", `HTTP/1.1 200 OK\r\nbad name: x\r\n${good}`)),
  framing("a NUL in a header", `HTTP/1.1 200 OK\r\nx: a\0b\r\n${good}`),
  framing("latin-1 in a header", `HTTP/1.1 200 OK\r\nx: \xe9\xff\r\n${good}`, [succeeds()]),
  framing("a folded header", `HTTP/1.1 200 OK\r\nx: a\r\n  b\r\n${good}`, [...brokenOrCut, succeeds()]),
  framing("one header of 300 KB", `HTTP/1.1 200 OK\r\nx: ${"a".repeat(300_000)}\r\n${good}`),
  framing("3,000 headers of 100 bytes", `HTTP/1.1 200 OK\r\n${manyHeaders}${good}`),
  framing("a reason phrase of 300 KB", `HTTP/1.1 200 ${"a".repeat(300_000)}\r\n${good}`, [...brokenOrCut, succeeds()])
]

const lengths: ReadonlyArray<Scenario> = [
  framing("two different content-lengths", `HTTP/1.1 200 OK\r\ncontent-length: 5\r\n${good}`),
  framing("the same content-length twice", `HTTP/1.1 200 OK\r\ncontent-length: ${goodBody.length}\r\n${good}`, [
    ...brokenOrCut,
    succeeds()
  ]),
  framing("both content-length and chunked", `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n${good}`),
  framing("a negative content-length", `HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n${goodBody}`),
  framing("a content-length of letters", `HTTP/1.1 200 OK\r\ncontent-length: abc\r\n\r\n${goodBody}`),
  framing("an empty content-length", `HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\n${goodBody}`),
  framing("a hexadecimal content-length", `HTTP/1.1 200 OK\r\ncontent-length: 0x10\r\n\r\n${goodBody}`),
  framing("a list of content-lengths", `HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n\r\n${goodBody}`),
  framing("a content-length over 2^64", `HTTP/1.1 200 OK\r\ncontent-length: ${"9".repeat(23)}\r\n\r\n${goodBody}`),
  framing(
    "a content-length that cuts the JSON short",
    `HTTP/1.1 200 OK\r\ncontent-length: ${goodBody.length - 1}\r\n\r\n${goodBody}`,
    // by its framing the response is complete, and the remaining bytes belong to no response
    [decode("NotJson"), ...brokenOrCut]
  ),
  framing("bytes after the response", `HTTP/1.1 200 OK\r\n${good}garbage`, [succeeds()]),
  framing("a second response after the response", `HTTP/1.1 200 OK\r\n${good}HTTP/1.1 500 No\r\n\r\n`, [succeeds()]),
  framing("HTTP/1.0 without a length", `HTTP/1.0 200 OK\r\n\r\n${goodBody}`, [succeeds()]),
  framing("HTTP/1.1 without a length", `HTTP/1.1 200 OK\r\n\r\n${goodBody}`, [succeeds()]),
  framing("a truncated body without a length", `HTTP/1.1 200 OK\r\n\r\n${goodBody.slice(0, -9)}`, [
    // HTTP cannot distinguish this from a complete response with invalid JSON
    network("Reset"),
    ...decodeAny()
  ])
]

const chunks = (name: string, body: string, expected: ReadonlyArray<Expected> = brokenOrCut): Scenario =>
  framing(name, chunkedHead() + body, expected)

const wholeChunk = Buffer.from(chunk(goodBody)).toString("latin1")
const size = goodBody.length.toString(16)
const badChunks: ReadonlyArray<Scenario> = [
  chunks("a chunk size of letters", `zz\r\n${goodBody}\r\n${lastChunk}`),
  chunks("a negative chunk size", `-5\r\n${goodBody}\r\n${lastChunk}`),
  chunks("an empty chunk size", `\r\n${goodBody}\r\n${lastChunk}`),
  chunks("a chunk size with 0x", `0x${size}\r\n${goodBody}\r\n${lastChunk}`),
  chunks("a chunk size over 2^64", `${"f".repeat(18)}\r\n${goodBody}\r\n${lastChunk}`),
  chunks("a chunk size that is too long", `${(goodBody.length + 50).toString(16)}\r\n${goodBody}\r\n${lastChunk}`),
  chunks("a chunk size that is too short", `5\r\n${goodBody}\r\n${lastChunk}`),
  chunks("a bad size after a good chunk", `${wholeChunk}xyz\r\n`),
  chunks("a chunk without its line break", `${size}\r\n${goodBody}X\r\n${lastChunk}`),
  chunks("a last chunk of 00000", `${wholeChunk}00000\r\n\r\n`, [succeeds()]),
  dependsOnNodeVersion(chunks("chunk extensions", `${size};a=b;c="d"\r\n${goodBody}\r\n${lastChunk}`, [succeeds()])),
  chunks("trailers", `${wholeChunk}0\r\nx-checksum: 1\r\ntransfer-encoding: gzip\r\n\r\n`, [succeeds()]),
  chunks("a trailer without a colon", `${wholeChunk}0\r\nnocolon\r\n\r\n`),
  chunks("trailers without an end", `${wholeChunk}0\r\nx: y\r\n`, [network("Reset")])
]

const shortResponse = chunkedHead() +
  Buffer.from(chunk(JSON.stringify({ customer: minimalCustomer }))).toString("latin1") +
  lastChunk

const oneByteAtATime: Scenario = {
  name: "a good response with one byte per packet",
  plays: onRequest(
    ...[...Buffer.from(shortResponse)].flatMap((byte): ReadonlyArray<Step> => [write(Buffer.of(byte)), flush])
  ),
  expected: [succeeds({ name: minimalCustomer.name })]
}

export const transport: ReadonlyArray<Scenario> = [
  ...unreachable,
  ...cuts,
  ...notHttp,
  ...lengths,
  ...badChunks,
  oneByteAtATime
]
