import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { TrustlyRetry } from "effect-trustly"
import { eventLoopTurns } from "../../waiting.ts"
import type { Behavior } from "../Behavior.ts"
import { brokenOrCut, type Expected, network, succeeds } from "../expectations.ts"
import { listen, type Plays } from "../FaultServer.ts"
import { assertExpected, makeService, update } from "../harness.ts"
import {
  chunk,
  chunkedHead,
  customerId,
  end,
  goodBody,
  head,
  httpResponse,
  lastChunk,
  reply,
  reset,
  settle,
  write
} from "../wire.ts"

const good = write(httpResponse(200, goodBody))
const successOrReset = [succeeds(), network("Reset")]

interface Reuse {
  readonly plays: Plays
  /** The results that the second call may have. */
  readonly second?: ReadonlyArray<Expected>
  /** Starts the second call before the client has noticed what the server did after the first response. */
  readonly isAtOnce?: boolean
}

const reuses: Readonly<Record<string, Reuse>> = {
  "stays open": { plays: [reply(good)] },
  "is closed between the calls": { plays: [reply(good, settle, end), reply(good)] },
  "is reset between the calls": { plays: [reply(good, settle, reset), reply(good)] },
  "is closed with the response, and reused immediately": {
    plays: [reply(good, end), reply(good)],
    second: successOrReset,
    isAtOnce: true
  },
  "is closed with the response": { plays: [reply(good, end), reply(good)] },
  "sends Connection: close": {
    plays: [reply(write(httpResponse(200, goodBody, { connection: "close" })), end), reply(good)]
  },
  "sends Connection: close and stays open": {
    plays: [reply(write(httpResponse(200, goodBody, { connection: "close" }))), reply(good)]
  },
  "sends Keep-Alive: timeout=0": {
    plays: [reply(write(httpResponse(200, goodBody, { "keep-alive": "timeout=0" }))), reply(good)]
  },
  "uses HTTP/1.0": {
    plays: [reply(write(`HTTP/1.0 200 OK\r\ncontent-length: ${goodBody.length}\r\n\r\n${goodBody}`), end), reply(good)]
  },
  "sends a 103 before the second response": { plays: [reply(good), reply(write(head(103)), good)] },
  "is reset when reused": { plays: [reply(good), reply(reset), reply(good)], second: successOrReset },
  "is closed when reused": { plays: [reply(good), reply(end), reply(good)], second: successOrReset },
  "is reset in the second head": {
    plays: [reply(good), reply(write("HTTP/1.1 2"), settle, reset), reply(good)],
    second: successOrReset
  },
  "is closed in the second body": {
    plays: [reply(good), reply(write(head(200, { "content-length": 99 }) + "{"), settle, end), reply(good)],
    second: [network("Reset")]
  },
  "has extra bytes after the response": {
    plays: [reply(write(httpResponse(200, goodBody)), write("garbage")), reply(good)],
    second: [succeeds(), ...brokenOrCut]
  },
  // the client must not use the extra response for the next request
  "has an extra response after the response": {
    plays: [reply(write(Buffer.concat([httpResponse(200, goodBody), httpResponse(404)]))), reply(good)],
    second: [succeeds(), ...brokenOrCut]
  },
  "sends chunks, then a content-length": {
    plays: [reply(write(chunkedHead()), write(chunk(goodBody)), write(lastChunk)), reply(good)]
  }
}

const reuse = (name: string, { isAtOnce = false, plays, second = [succeeds()] }: Reuse): Behavior => ({
  name: `the connection ${name}`,
  check: (client) => {
    const twice = (retries: number, expected: ReadonlyArray<Expected>) =>
      Effect.gen(function*() {
        const server = yield* listen({ plays })
        const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
        const policy = TrustlyRetry.policy({ times: retries, baseDelay: "5 millis" })
        const call = Effect.exit(Effect.retry(service.update(customerId, update), policy))
        assertExpected(yield* call, [succeeds()])
        if (!isAtOnce) yield* eventLoopTurns(6)
        assertExpected(yield* call, expected)
        assertExpected(yield* call, [succeeds()])
      })
    return Effect.zipRight(twice(0, second), twice(3, [succeeds()]))
  }
})

const many: Behavior = {
  name: "fifty concurrent calls succeed while the server closes each connection after one or two responses",
  check: (client) =>
    Effect.gen(function*() {
      const closing = reply(write(httpResponse(200, goodBody, { connection: "close" })), end)
      const server = yield* listen({
        plays: [closing, ...Array.from({ length: 49 }, (_, exchange) => exchange % 3 === 0 ? closing : reply(good))]
      })
      const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
      const call = Effect.exit(service.update(customerId, update))
      const exits = yield* Effect.replicateEffect(call, 50, { concurrency: 10 })
      for (const exit of exits) assertExpected(exit, [succeeds()])
      assert.strictEqual(server.exchanges(), 50)
    })
}

export const connections: ReadonlyArray<Behavior> = [
  ...Object.entries(reuses).map(([name, row]) => reuse(name, row)),
  many
]
