import { assert, describe, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { decode, type Expected } from "./expectations.ts"
import { listen, type Plays } from "./FaultServer.ts"
import { assertExpected, makeService, update, warmUp } from "./harness.ts"
import { clientLayers } from "./layers.ts"
import { bomb } from "./scenarios/compression.ts"
import { chunk, chunkedHead, customerId, end, head, onRequest, repeat, write } from "./wire.ts"

const mebibyte = 2 ** 20
const limit = 64 * mebibyte

/** As fast as it is read: far more than the limit in a second. */
const torrent = (text: string) => repeat(text, 0)

const heavy: Readonly<Record<string, readonly [plays: Plays, expected: ReadonlyArray<Expected>]>> = {
  "gzip that unpacks to 1 GiB": [
    onRequest(write(head(200, { "content-encoding": "gzip" })), write(bomb(1024)), end),
    [decode("TooLarge"), decode("Encoding")]
  ],
  "an endless body": [onRequest(write(head(200)), torrent(" ".repeat(mebibyte))), [decode("TooLarge")]],
  "endless chunks": [
    onRequest(write(chunkedHead()), torrent(Buffer.from(chunk(" ".repeat(mebibyte))).toString("latin1"))),
    [decode("TooLarge")]
  ],
  "a length of 10^12": [
    onRequest(write(head(200, { "content-length": 10 ** 12 })), torrent(" ".repeat(mebibyte))),
    [decode("TooLarge")]
  ],
  "an endless body of a 500": [
    onRequest(write(head(500)), torrent(" ".repeat(mebibyte))),
    [{ _tag: "Failure", tag: "TrustlyServerError", isRetryable: true, outcome: "Unknown", status: 500 }]
  ]
}

/** The most memory that the process had while the effect ran, beyond what it had before. */
const growth = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const before = process.memoryUsage.rss()
    let most = before
    const look = Effect.sync(() => {
      most = Math.max(most, process.memoryUsage.rss())
    })
    yield* Effect.raceFirst(effect, Effect.zipRight(Effect.repeat(look, Schedule.spaced("5 millis")), Effect.never))
    yield* look
    return most - before
  })

describe("memory grows by less than 64 MiB", () => {
  for (const client of clientLayers) {
    for (const [what, [plays, expected]] of Object.entries(heavy)) {
      it.scopedLive(`at ${what} (${client.name})`, () =>
        Effect.gen(function*() {
          yield* warmUp(client)
          const server = yield* listen({ plays })
          const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
          const calls = Effect.repeatN(
            Effect.map(Effect.exit(service.update(customerId, update)), (exit) => assertExpected(exit, expected)),
            4
          )
          assert.isBelow(yield* growth(calls), limit)
          assert.strictEqual(server.exchanges(), 5)
        }))
    }
  }
})
