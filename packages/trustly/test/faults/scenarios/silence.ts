import {
  auth,
  brokenOrCut,
  decode,
  type Expected,
  type Failure,
  network,
  notFound,
  rateLimited,
  rejected,
  serverError,
  validation
} from "../expectations.ts"
import { deadline, type Plays, type Scenario } from "../Scenario.ts"
import {
  chunk,
  chunkedHead,
  envelope,
  flood,
  goodBody,
  head,
  httpResponse,
  onConnection,
  onHead,
  onRequest,
  repeat,
  wait,
  write
} from "../wire.ts"

const late = (
  name: string,
  plays: Plays,
  more: Partial<Scenario> = {}
): Scenario => ({ name, plays, expires: true, closes: true, expected: [network("Timeout")], ...more })

const announced = head(200, { "content-length": goodBody.length })
const half = goodBody.slice(0, goodBody.length / 2)

const silent: ReadonlyArray<Scenario> = [
  late("silence on connection", onConnection()),
  late("silence during the request", onHead()),
  late("silence after the request", onRequest()),
  late("half a status line, then silence", onRequest(write("HTTP/1.1 2"))),
  late("half the headers, then silence", onRequest(write("HTTP/1.1 200 OK\r\ncontent-ty"))),
  late("headers, then silence", onRequest(write(announced))),
  late("headers without a length, then silence", onRequest(write(head(200)))),
  late("headers of a chunked response, then silence", onRequest(write(chunkedHead()))),
  late("half a body, then silence", onRequest(write(announced + half))),
  late("half a chunk, then silence", onRequest(write(`${chunkedHead()}fff\r\n${half}`))),
  late("a complete body without the last chunk, then silence", onRequest(write(chunkedHead()), write(chunk(goodBody)))),
  late("a complete body without a length, then silence", onRequest(write(head(200) + goodBody))),
  late("trailers, then silence", onRequest(write(chunkedHead()), write(chunk(goodBody)), write("0\r\nx: y\r\n"))),
  late("a 103, then silence", onRequest(write(head(103)))),
  late("a server that never reads", onConnection(), {
    neverReads: true,
    closes: false,
    customData: { note: "x".repeat(2_000_000) }
  }),
  late(
    "70% of the timeout before the head and 70% in the body",
    onRequest(wait(0.7 * deadline), write(announced), wait(0.7 * deadline), write(goodBody))
  )
]

const slow: ReadonlyArray<Scenario> = [
  late("a status line with a byte every 50 ms", onRequest(write("HTTP/1.1 200 "), repeat("a", 50))),
  late("headers with a byte every 50 ms", onRequest(write("HTTP/1.1 200 OK\r\nx: "), repeat("a", 50))),
  late("a body with a byte every 50 ms", onRequest(write(head(200, { "content-length": 9999 })), repeat(" ", 50))),
  late("a body without a length, with a byte every 50 ms", onRequest(write(head(200)), repeat(" ", 50))),
  late("a one-byte chunk every 50 ms", onRequest(write(chunkedHead()), repeat(chunk(" "), 50))),
  late("a chunk size with a zero every 50 ms", onRequest(write(chunkedHead()), repeat("0", 50))),
  late("a chunk extension with a byte every 50 ms", onRequest(write(`${chunkedHead()}5;`), repeat("a", 50))),
  late("a trailer every 50 ms", onRequest(write(`${chunkedHead()}0\r\n`), repeat("x: y\r\n", 50))),
  late("an empty line before the head every 50 ms", onRequest(repeat("\r\n", 50))),
  late("a body after twice the timeout", onRequest(write(announced), wait(2 * deadline), write(goodBody))),
  late("a response after twice the timeout", onRequest(wait(2 * deadline), write(httpResponse(200, goodBody))))
]

// a layer may reject these itself, but must not take longer than the deadline
const orEarlier: ReadonlyArray<Expected> = [network("Timeout"), ...brokenOrCut]

const floods: ReadonlyArray<Scenario> = [
  late("an endless series of 103, one every 50 ms", onRequest(repeat(head(103), 50))),
  late("an endless series of 102, as fast as the client reads", onRequest(flood(head(102)))),
  late("an endless series of 199", onRequest(repeat(head(199), 20))),
  late("an endless series of 100", onRequest(repeat(head(100), 50)), {
    on: { fetch: brokenOrCut, undici: brokenOrCut }
  }),
  late("an endless series of 103 with large headers", onRequest(flood(head(103, { link: "a".repeat(2000) }))), {
    expected: orEarlier
  }),
  late("endless headers", onRequest(write("HTTP/1.1 200 OK\r\n"), flood(`x: ${"a".repeat(100)}\r\n`)), {
    expected: brokenOrCut
  }),
  late("an endless reason phrase", onRequest(write("HTTP/1.1 200 "), flood("a")), { expected: orEarlier }),
  late("an endless chunk extension", onRequest(write(`${chunkedHead()}5;`), flood("a")), {
    expected: orEarlier
  }),
  late("endless trailers", onRequest(write(`${chunkedHead()}0\r\n`), flood(`x: ${"a".repeat(100)}\r\n`)), {
    expected: orEarlier
  }),
  late("endless empty lines before the head", onRequest(flood("\r\n")), { expected: orEarlier })
]

/** Statuses that determine the error, regardless of the body or if the body is unreadable. */
const decided: ReadonlyArray<Failure> = [
  rejected(301),
  validation(400),
  auth(401),
  notFound(404),
  rejected(409),
  validation(413),
  rejected(418),
  rateLimited(),
  serverError(503)
]

const moreDecided: ReadonlyArray<Failure> = [
  auth(403),
  serverError(408),
  validation(422),
  serverError(425),
  serverError(500)
]

const halfEnvelope = envelope(375).slice(0, 20)

const statusThenSilence = (expected: Failure): Scenario =>
  late(`${expected.status}, then silence`, onRequest(write(head(expected.status ?? 0, { "content-length": 99 }))), {
    expected: [expected]
  })

const unreadable: ReadonlyArray<Scenario> = decided.flatMap((expected): ReadonlyArray<Scenario> => [
  statusThenSilence(expected),
  late(
    `${expected.status} and half a body, then silence`,
    onRequest(write(head(expected.status ?? 0, { "content-length": 99 }) + halfEnvelope)),
    { expected: [expected] }
  ),
  late(
    `${expected.status} and a body with a byte every 50 ms`,
    onRequest(write(chunkedHead(expected.status)), repeat(chunk(" "), 50)),
    { expected: [expected] }
  ),
  {
    name: `${expected.status} and an endless body`,
    plays: onRequest(write(head(expected.status ?? 0)), flood(" ")),
    expected: [expected],
    closes: true
  }
]).concat(moreDecided.map(statusThenSilence))

const endless = (name: string, plays: Plays, more: Partial<Scenario> = {}): Scenario => ({
  name,
  plays,
  expected: [decode("TooLarge")],
  closes: true,
  ...more
})

const chunkOfSpaces = `4000\r\n${" ".repeat(0x4000)}\r\n`
const tooLarge: ReadonlyArray<Scenario> = [
  endless("an endless body without a length", onRequest(write(head(200)), flood(" "))),
  endless("an endless chunked body", onRequest(write(chunkedHead()), flood(chunkOfSpaces))),
  endless("an endless body of one-byte chunks", onRequest(write(chunkedHead()), flood("1\r\na\r\n")), {
    maxResponseBytes: 20_000
  }),
  endless(
    "a content-length of 10^12 and an endless body",
    onRequest(write(head(200, { "content-length": 10 ** 12 })), flood(" "))
  ),
  endless("a body of 2 MiB", onRequest(write(httpResponse(200, goodBody + " ".repeat(2 ** 21)))), { closes: false }),
  endless("a body that extends past the limit", onRequest(write(httpResponse(200, goodBody + " ".repeat(2 ** 20)))), {
    closes: false
  }),
  endless("a body over a custom limit", onRequest(write(httpResponse(200, goodBody + " ".repeat(1000)))), {
    maxResponseBytes: 1000,
    closes: false
  }),
  endless(
    "chunks over a custom limit",
    onRequest(write(chunkedHead()), write(chunk(goodBody)), write(chunk(" ".repeat(1000)))),
    { maxResponseBytes: 1000 }
  ),
  endless("a content-length over the limit, then silence", onRequest(write(head(200, { "content-length": 2 ** 21 }))), {
    expires: true,
    // the announced size alone exceeds the limit
    expected: [decode("TooLarge"), network("Timeout")]
  })
]

// a body in an encoding that was not requested is not read, so nothing else would end it
const encoded: ReadonlyArray<Scenario> = ["gzip", "novel"].map((encoding) =>
  endless(
    `an endless body labeled as ${encoding}`,
    onRequest(write(head(200, { "content-encoding": encoding })), flood(" ")),
    { expected: [decode("Encoding")] }
  )
)

export const silence: ReadonlyArray<Scenario> = [
  ...silent,
  ...slow,
  ...floods,
  ...unreadable,
  ...tooLarge,
  ...encoded
]
