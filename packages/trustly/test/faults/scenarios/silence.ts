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
  answer,
  chunk,
  chunkedHead,
  envelope,
  flood,
  goodBody,
  head,
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
  late("silence inside the request", onHead()),
  late("silence after the request", onRequest()),
  late("half a status line, then silence", onRequest(write("HTTP/1.1 2"))),
  late("half the headers, then silence", onRequest(write("HTTP/1.1 200 OK\r\ncontent-ty"))),
  late("headers, then silence", onRequest(write(announced))),
  late("headers without a length, then silence", onRequest(write(head(200)))),
  late("headers of chunks, then silence", onRequest(write(chunkedHead()))),
  late("half a body, then silence", onRequest(write(announced + half))),
  late("half a chunk, then silence", onRequest(write(`${chunkedHead()}fff\r\n${half}`))),
  late("a whole body without the last chunk, then silence", onRequest(write(chunkedHead()), write(chunk(goodBody)))),
  late("a whole body without a length, then silence", onRequest(write(head(200) + goodBody))),
  late("trailers, then silence", onRequest(write(chunkedHead()), write(chunk(goodBody)), write("0\r\nx: y\r\n"))),
  late("a 103, then silence", onRequest(write(head(103)))),
  late("a server that reads nothing", onConnection(), {
    deaf: true,
    closes: false,
    customData: { note: "x".repeat(2_000_000) }
  }),
  late(
    "most of the deadline before the head, most of it in the body",
    onRequest(wait(0.7 * deadline), write(announced), wait(0.7 * deadline), write(goodBody))
  )
]

const slow: ReadonlyArray<Scenario> = [
  late("the status line, a byte every 50 ms", onRequest(write("HTTP/1.1 200 "), repeat("a", 50))),
  late("the headers, a byte every 50 ms", onRequest(write("HTTP/1.1 200 OK\r\nx: "), repeat("a", 50))),
  late("the body, a byte every 50 ms", onRequest(write(head(200, { "content-length": 9999 })), repeat(" ", 50))),
  late("the body without a length, a byte every 50 ms", onRequest(write(head(200)), repeat(" ", 50))),
  late("chunks of a byte every 50 ms", onRequest(write(chunkedHead()), repeat(chunk(" "), 50))),
  late("a chunk size, a zero every 50 ms", onRequest(write(chunkedHead()), repeat("0", 50))),
  late("a chunk extension, a byte every 50 ms", onRequest(write(`${chunkedHead()}5;`), repeat("a", 50))),
  late("trailers, one every 50 ms", onRequest(write(`${chunkedHead()}0\r\n`), repeat("x: y\r\n", 50))),
  late("empty lines before the head, one every 50 ms", onRequest(repeat("\r\n", 50))),
  late("a body twice as late as the deadline", onRequest(write(announced), wait(2 * deadline), write(goodBody))),
  late("an answer twice as late as the deadline", onRequest(wait(2 * deadline), write(answer(200, goodBody))))
]

// a layer may give up on these by itself, and must not take longer than the deadline
const orEarlier: ReadonlyArray<Expected> = [network("Timeout"), ...brokenOrCut]

const floods: ReadonlyArray<Scenario> = [
  late("endless 103, one every 50 ms", onRequest(repeat(head(103), 50))),
  late("endless 102, as fast as they are read", onRequest(flood(head(102)))),
  late("endless 199", onRequest(repeat(head(199), 20))),
  late("endless 100", onRequest(repeat(head(100), 50)), {
    on: { fetch: brokenOrCut, undici: brokenOrCut }
  }),
  late("endless 103 with large headers", onRequest(flood(head(103, { link: "a".repeat(2000) }))), {
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

/** Statuses that decide alone, or decide unless a body that can be read says more. */
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

const alsoDecided: ReadonlyArray<Failure> = [
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
    `${expected.status} and a body of a byte every 50 ms`,
    onRequest(write(chunkedHead(expected.status)), repeat(chunk(" "), 50)),
    { expected: [expected] }
  ),
  {
    name: `${expected.status} and an endless body`,
    plays: onRequest(write(head(expected.status ?? 0)), flood(" ")),
    expected: [expected],
    closes: true
  }
]).concat(alsoDecided.map(statusThenSilence))

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
  endless("an endless body of chunks", onRequest(write(chunkedHead()), flood(chunkOfSpaces))),
  endless("an endless body of chunks of a byte", onRequest(write(chunkedHead()), flood("1\r\na\r\n")), {
    maxResponseBytes: 20_000
  }),
  endless(
    "a length of 10^12, and as many bytes",
    onRequest(write(head(200, { "content-length": 10 ** 12 })), flood(" "))
  ),
  endless("a body of 2 MiB", onRequest(write(answer(200, goodBody + " ".repeat(2 ** 21)))), { closes: false }),
  endless("a body that is a byte over the limit", onRequest(write(answer(200, goodBody + " ".repeat(2 ** 20)))), {
    closes: false
  }),
  endless("a body over a limit of its own", onRequest(write(answer(200, goodBody + " ".repeat(1000)))), {
    maxResponseBytes: 1000,
    closes: false
  }),
  endless(
    "chunks over a limit of their own",
    onRequest(write(chunkedHead()), write(chunk(goodBody)), write(chunk(" ".repeat(1000)))),
    { maxResponseBytes: 1000 }
  ),
  endless("a length over the limit, then silence", onRequest(write(head(200, { "content-length": 2 ** 21 }))), {
    expires: true,
    // the announced size alone is over the limit
    expected: [decode("TooLarge"), network("Timeout")]
  })
]

export const silence: ReadonlyArray<Scenario> = [...silent, ...slow, ...floods, ...unreadable, ...tooLarge]
