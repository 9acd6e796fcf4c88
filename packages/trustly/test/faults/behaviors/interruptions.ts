import { assert } from "@effect/vitest"
import { Effect, Exit, Fiber, TestClock } from "effect"
import { TrustlyRetry } from "effect-trustly"
import { eventLoopTurns, soon } from "../../waiting.ts"
import type { Behavior } from "../Behavior.ts"
import type { LayerName } from "../expectations.ts"
import { listen, type ListenOptions } from "../FaultServer.ts"
import { assertClosed, endsSoon, makeService, update, waitsUntil } from "../harness.ts"
import {
  chunk,
  chunkedHead,
  customerId,
  flood,
  goodBody,
  head,
  httpResponse,
  onConnection,
  onHead,
  onRequest,
  repeat,
  write
} from "../wire.ts"

interface Interruption {
  readonly listening: ListenOptions
  /** `https` connects to a plain port, where the TLS handshake never completes. */
  readonly scheme?: "http" | "https"
  /** The layers that must close their socket. Defaults to all. */
  readonly closes?: ReadonlyArray<LayerName>
  readonly note?: string
}

const all: ReadonlyArray<LayerName> = ["fetch", "node", "undici"]
const announced = head(200, { "content-length": goodBody.length })

const phases: Readonly<Record<string, Interruption>> = {
  "while waiting for the head": { listening: { plays: onRequest() } },
  "inside the head": { listening: { plays: onRequest(write("HTTP/1.1 200 OK\r\nx: ")) } },
  "after a 103": { listening: { plays: onRequest(write(head(103))) } },
  "during endless 103 responses": { listening: { plays: onRequest(repeat(head(103), 20)) } },
  "before the body": { listening: { plays: onRequest(write(announced)) } },
  "in a body with a length": { listening: { plays: onRequest(write(announced + goodBody.slice(0, 50))) } },
  "in a body of chunks": { listening: { plays: onRequest(write(chunkedHead()), write(chunk(goodBody))) } },
  "in a body without a length": { listening: { plays: onRequest(write(head(200) + goodBody)) } },
  "in a slow body": { listening: { plays: onRequest(write(head(200)), repeat(" ", 20)) } },
  "in the body of a 503": { listening: { plays: onRequest(write(head(503, { "content-length": 99 }))) } },
  "in the endless body of a 400": {
    listening: { plays: onRequest(write(chunkedHead(400)), flood("1\r\na\r\n")) }
  },
  "inside the request": {
    listening: { plays: onHead(), neverReads: true },
    note: "x".repeat(2_000_000),
    // a server that never reads does not notice the close
    closes: []
  },
  "in the TLS handshake": {
    listening: { plays: onConnection() },
    scheme: "https",
    // undici, which fetch also uses, aborts a handshake only at its own connect timeout
    closes: ["node"]
  }
}

const interrupted = (name: string, { closes = all, listening, note, scheme = "http" }: Interruption): Behavior => ({
  name: `interrupted ${name}`,
  check: (client) =>
    Effect.gen(function*() {
      const server = yield* listen(listening)
      const service = yield* makeService(client, `${scheme}://127.0.0.1:${server.port}`)
      const call = service.update(customerId, note === undefined ? update : { ...update, customData: { note } })
      const fiber = yield* Effect.fork(Effect.retry(call, TrustlyRetry.policy({ baseDelay: "5 millis" })))
      // a server that never reads receives no request to play
      yield* listening.neverReads === true ? server.connected(1) : server.silent(1)
      yield* eventLoopTurns(3)
      const exit = yield* soon("the end of the interruption")(Fiber.interrupt(fiber))
      assert(Exit.isInterrupted(exit), `ended with ${String(exit)}`)
      if (closes.includes(client.name)) yield* assertClosed(server)
      // long enough for an unwanted retry to arrive
      yield* eventLoopTurns(10)
      assert.isAtMost(server.requests().length, 1, "requests")
      // undici opens another connection after it closes one, but must not send anything on it
      for (const connection of server.connections.slice(1)) assert.strictEqual(connection.received().length, 0)
    })
})

const inRetryWait: Behavior = {
  name: "interrupted during the delay before a retry",
  onTestClock: true,
  check: (client) =>
    Effect.gen(function*() {
      const server = yield* listen({ plays: onRequest(write(httpResponse(503, "", { "retry-after": 1 }))) })
      const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
      const fiber = yield* Effect.fork(Effect.retry(service.update(customerId, update), TrustlyRetry.policy()))
      yield* waitsUntil(1000)
      const exit = yield* Fiber.interrupt(fiber)
      assert(Exit.isInterrupted(exit), `ended with ${String(exit)}`)
      yield* TestClock.adjust("1 minute")
      yield* eventLoopTurns(10)
      assert.strictEqual(server.exchanges(), 1, "attempts")
    })
}

const beforeItStarts: Behavior = {
  name: "interrupted before it starts",
  check: (client) =>
    Effect.gen(function*() {
      const server = yield* listen({ plays: onRequest() })
      const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
      const fiber = yield* Effect.fork(service.update(customerId, update))
      const exit = yield* soon("the end of the interruption")(Fiber.interrupt(fiber))
      assert(Exit.isInterrupted(exit), `ended with ${String(exit)}`)
      yield* eventLoopTurns(10)
      assert.strictEqual(server.requests().length, 0, "requests")
    })
}

const byCaller: Behavior = {
  name: "interrupted by a race or by the caller's timeout",
  onTestClock: true,
  check: (client) =>
    Effect.gen(function*() {
      const server = yield* listen({ plays: onRequest(write(announced)) })
      const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
      const call = service.update(customerId, update)
      const raced = yield* Effect.fork(Effect.race(call, Effect.as(server.silent(1), "won")))
      assert.deepStrictEqual(yield* endsSoon("the race has been decided", raced), Exit.succeed("won"))
      yield* assertClosed(server)
      const timed = yield* Effect.fork(Effect.timeoutOption(call, "1 second"))
      yield* server.silent(2)
      yield* TestClock.adjust("1 second")
      const late = yield* endsSoon("the caller's timeout has passed", timed)
      assert(Exit.isSuccess(late) && late.value._tag === "None", `ended with ${String(late)}`)
      yield* assertClosed(server)
    })
}

export const interruptions: ReadonlyArray<Behavior> = [
  ...Object.entries(phases).map(([name, phase]) => interrupted(name, phase)),
  inRetryWait,
  beforeItStarts,
  byCaller
]
