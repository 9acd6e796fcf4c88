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

/** Writes as fast as the client reads, which exceeds the limit within a second. */
const unthrottled = (text: string) => repeat(text, 0)

const largeBodies: Readonly<Record<string, readonly [plays: Plays, expected: ReadonlyArray<Expected>]>> = {
  "gzip that decompresses to 1 GiB": [
    onRequest(write(head(200, { "content-encoding": "gzip" })), write(bomb(1024)), end),
    [decode("TooLarge"), decode("Encoding")]
  ],
  "an endless body": [onRequest(write(head(200)), unthrottled(" ".repeat(mebibyte))), [decode("TooLarge")]],
  "an endless chunked body": [
    onRequest(write(chunkedHead()), unthrottled(Buffer.from(chunk(" ".repeat(mebibyte))).toString("latin1"))),
    [decode("TooLarge")]
  ],
  "a content-length of 10^12": [
    onRequest(write(head(200, { "content-length": 10 ** 12 })), unthrottled(" ".repeat(mebibyte))),
    [decode("TooLarge")]
  ],
  "an endless body of a 500": [
    onRequest(write(head(500)), unthrottled(" ".repeat(mebibyte))),
    [{ _tag: "Failure", tag: "TrustlyServerError", isRetryable: true, outcome: "Unknown", status: 500 }]
  ]
}

/** The peak growth of the process memory while the effect runs, in bytes. */
const memoryGrowth = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const before = process.memoryUsage.rss()
    let peak = before
    const sample = Effect.sync(() => {
      peak = Math.max(peak, process.memoryUsage.rss())
    })
    yield* Effect.raceFirst(effect, Effect.zipRight(Effect.repeat(sample, Schedule.spaced("5 millis")), Effect.never))
    yield* sample
    return peak - before
  })

describe("memory grows by less than 64 MiB", () => {
  for (const client of clientLayers) {
    for (const [what, [plays, expected]] of Object.entries(largeBodies)) {
      it.scopedLive(`with ${what} (${client.name})`, () =>
        Effect.gen(function*() {
          yield* warmUp(client)
          const server = yield* listen({ plays })
          const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
          const calls = Effect.repeatN(
            Effect.map(Effect.exit(service.update(customerId, update)), (exit) => assertExpected(exit, expected)),
            4
          )
          assert.isBelow(yield* memoryGrowth(calls), limit)
          assert.strictEqual(server.exchanges(), 5)
        }))
    }
  }
})
