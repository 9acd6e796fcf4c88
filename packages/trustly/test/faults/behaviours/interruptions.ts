import { assert } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { TrustlyRetry } from "effect-trustly"
import type { Behaviour } from "../Behaviour.ts"
import type { LayerName } from "../expectations.ts"
import { listen, type ListenOptions } from "../FaultServer.ts"
import { assertClosed, makeService, soon, update } from "../harness.ts"
import {
  answer,
  chunk,
  chunkedHead,
  customerId,
  flood,
  goodBody,
  head,
  onConnection,
  onHead,
  onRequest,
  repeat,
  write
} from "../wire.ts"

interface Interruption {
  readonly listening: ListenOptions
  /** https to a port where the handshake never ends. */
  readonly scheme?: "http" | "https"
  /** Whose socket must be closed; all by default. */
  readonly closes?: ReadonlyArray<LayerName>
  readonly note?: string
}

const all: ReadonlyArray<LayerName> = ["fetch", "node", "undici"]
const announced = head(200, { "content-length": goodBody.length })

const phases: Readonly<Record<string, Interruption>> = {
  "while it waits for the head": { listening: { plays: onRequest() } },
  "inside the head": { listening: { plays: onRequest(write("HTTP/1.1 200 OK\r\nx: ")) } },
  "after a 103": { listening: { plays: onRequest(write(head(103))) } },
  "inside endless 103": { listening: { plays: onRequest(repeat(head(103), 20)) } },
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
    listening: { plays: onHead(), deaf: true },
    note: "x".repeat(2_000_000),
    // a server that reads nothing does not see the end either
    closes: []
  },
  "in the TLS handshake": {
    listening: { plays: onConnection() },
    scheme: "https",
    // undici, also inside fetch, gives up a handshake only at its own connect timeout
    closes: ["node"]
  }
}

const interrupted = (name: string, { closes = all, listening, note, scheme = "http" }: Interruption): Behaviour => ({
  name: `interrupted ${name}`,
  check: (client) =>
    Effect.gen(function*() {
      const server = yield* listen(listening)
      const service = yield* makeService(client, `${scheme}://127.0.0.1:${server.port}`)
      const call = service.update(customerId, note === undefined ? update : { ...update, customData: { note } })
      const fiber = yield* Effect.fork(Effect.retry(call, TrustlyRetry.policy({ baseDelay: "5 millis" })))
      yield* server.connected(1)
      yield* Effect.sleep("100 millis")
      const startedAt = performance.now()
      const exit = yield* Fiber.interrupt(fiber)
      assert(Exit.isInterrupted(exit), `ended with ${String(exit)}`)
      assert.isBelow(performance.now() - startedAt, soon, "the interruption took long")
      if (closes.includes(client.name)) yield* assertClosed(server, startedAt)
      yield* Effect.sleep("100 millis")
      assert.isAtMost(server.requests().length, 1, "requests")
      // undici opens one more connection when it has closed one, and sends nothing on it
      for (const connection of server.connections.slice(1)) assert.strictEqual(connection.received().length, 0)
    })
})

const inRetryWait: Behaviour = {
  name: "interrupted in a retry's wait",
  check: (client) =>
    Effect.gen(function*() {
      const server = yield* listen({ plays: onRequest(write(answer(503, "", { "retry-after": 1 }))) })
      const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
      const answered = yield* Deferred.make<void>()
      const call = Effect.tapError(service.update(customerId, update), () => Deferred.succeed(answered, undefined))
      const fiber = yield* Effect.fork(Effect.retry(call, TrustlyRetry.policy()))
      yield* Deferred.await(answered)
      yield* Effect.sleep("20 millis")
      const exit = yield* Fiber.interrupt(fiber)
      assert(Exit.isInterrupted(exit), `ended with ${String(exit)}`)
      // past the wait, when the next attempt would have been made
      yield* Effect.sleep("1200 millis")
      assert.strictEqual(server.exchanges(), 1, "attempts")
    })
}

const beforeItStarts: Behaviour = {
  name: "interrupted before it starts",
  check: (client) =>
    Effect.gen(function*() {
      const server = yield* listen({ plays: onRequest() })
      const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
      const fiber = yield* Effect.fork(service.update(customerId, update))
      const exit = yield* Fiber.interrupt(fiber)
      assert(Exit.isInterrupted(exit), `ended with ${String(exit)}`)
      yield* Effect.sleep("100 millis")
      assert.strictEqual(server.requests().length, 0, "requests")
    })
}

const lost: Behaviour = {
  name: "lost in a race, or out of the caller's own time",
  check: (client) =>
    Effect.gen(function*() {
      const server = yield* listen({ plays: onRequest(write(announced)) })
      const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
      const call = service.update(customerId, update)
      const winner = yield* Effect.exit(Effect.race(call, Effect.delay(Effect.succeed("won"), "100 millis")))
      assert.deepStrictEqual(winner, Exit.succeed("won"))
      yield* assertClosed(server, performance.now())
      const late = yield* Effect.timeoutOption(call, "100 millis").pipe(Effect.exit)
      assert(Exit.isSuccess(late) && late.value._tag === "None", `ended with ${String(late)}`)
      yield* assertClosed(server, performance.now())
    })
}

export const interruptions: ReadonlyArray<Behaviour> = [
  ...Object.entries(phases).map(([name, phase]) => interrupted(name, phase)),
  inRetryWait,
  beforeItStarts,
  lost
]
