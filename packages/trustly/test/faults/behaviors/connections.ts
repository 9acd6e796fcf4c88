import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { TrustlyRetry } from "effect-trustly"
import { eventLoopTurns } from "../../waiting.ts"
import type { Behaviour } from "../Behaviour.ts"
import { brokenOrCut, type Expected, network, succeeds } from "../expectations.ts"
import { listen, type Plays } from "../FaultServer.ts"
import { assertExpected, makeService, update } from "../harness.ts"
import {
  answer,
  chunk,
  chunkedHead,
  customerId,
  end,
  goodBody,
  head,
  lastChunk,
  reply,
  reset,
  settle,
  write
} from "../wire.ts"

const good = write(answer(200, goodBody))
const seen = [succeeds(), network("Reset")]

interface Reuse {
  readonly plays: Plays
  /** What the second call may give. */
  readonly second?: ReadonlyArray<Expected>
  /** The second call does not wait until the client has seen what the server did after the first answer. */
  readonly isAtOnce?: boolean
}

const reuses: Readonly<Record<string, Reuse>> = {
  "stays open": { plays: [reply(good)] },
  "is closed between the calls": { plays: [reply(good, settle, end), reply(good)] },
  "is reset between the calls": { plays: [reply(good, settle, reset), reply(good)] },
  "is closed with the answer, and used again at once": {
    plays: [reply(good, end), reply(good)],
    second: seen,
    isAtOnce: true
  },
  "is closed with the answer": { plays: [reply(good, end), reply(good)] },
  "says Connection: close": { plays: [reply(write(answer(200, goodBody, { connection: "close" })), end), reply(good)] },
  "says Connection: close and stays open": {
    plays: [reply(write(answer(200, goodBody, { connection: "close" }))), reply(good)]
  },
  "says Keep-Alive: timeout=0": {
    plays: [reply(write(answer(200, goodBody, { "keep-alive": "timeout=0" }))), reply(good)]
  },
  "is of HTTP/1.0": {
    plays: [reply(write(`HTTP/1.0 200 OK\r\ncontent-length: ${goodBody.length}\r\n\r\n${goodBody}`), end), reply(good)]
  },
  "gets a 103 before the second answer": { plays: [reply(good), reply(write(head(103)), good)] },
  "is reset when used again": { plays: [reply(good), reply(reset), reply(good)], second: seen },
  "is closed when used again": { plays: [reply(good), reply(end), reply(good)], second: seen },
  "is reset in the second head": {
    plays: [reply(good), reply(write("HTTP/1.1 2"), settle, reset), reply(good)],
    second: seen
  },
  "is closed in the second body": {
    plays: [reply(good), reply(write(head(200, { "content-length": 99 }) + "{"), settle, end), reply(good)],
    second: [network("Reset")]
  },
  "has bytes left over": {
    plays: [reply(write(answer(200, goodBody)), write("garbage")), reply(good)],
    second: [succeeds(), ...brokenOrCut]
  },
  // the answer to no question must not become the answer to the next one
  "has a whole answer left over": {
    plays: [reply(write(Buffer.concat([answer(200, goodBody), answer(404)]))), reply(good)],
    second: [succeeds(), ...brokenOrCut]
  },
  "gets chunks, then a length": {
    plays: [reply(write(chunkedHead()), write(chunk(goodBody)), write(lastChunk)), reply(good)]
  }
}

const reuse = (name: string, { isAtOnce = false, plays, second = [succeeds()] }: Reuse): Behaviour => ({
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

const many: Behaviour = {
  name: "fifty calls at once, each connection closed after one or two answers",
  check: (client) =>
    Effect.gen(function*() {
      const closing = reply(write(answer(200, goodBody, { connection: "close" })), end)
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

export const connections: ReadonlyArray<Behaviour> = [
  ...Object.entries(reuses).map(([name, row]) => reuse(name, row)),
  many
]
