import { assert } from "@effect/vitest"
import { Effect, Exit, Fiber, Ref, TestClock } from "effect"
import { TrustlyRetry } from "effect-trustly"
import { eventLoopTurns, waitFor } from "../../waiting.ts"
import type { Behavior } from "../Behavior.ts"
import { decode, network, rateLimited, rejected, serverError, succeeds, validation } from "../expectations.ts"
import { type FaultServer, listen, type Play } from "../FaultServer.ts"
import { assertExpected, endsSoon, makeService, retryingService, update, waitsUntil } from "../harness.ts"
import { deadline } from "../Scenario.ts"
import {
  chunk,
  chunkedHead,
  close,
  customerId,
  cut,
  end,
  envelope,
  goodBody,
  head,
  httpResponse,
  lastChunk,
  repeat,
  reply,
  reset,
  write
} from "../wire.ts"

const good = reply(write(httpResponse(200, goodBody)))
const onConnection = (...steps: Play["steps"]): Play => ({ after: "connection", steps })
const onHead = (...steps: Play["steps"]): Play => ({ after: "head", steps })
const announced = head(200, { "content-length": goodBody.length })
const half = goodBody.slice(0, 99)

/** Faults that a retry can fix. */
const retryableFaults: Readonly<Record<string, Play>> = {
  "a reset on connection": onConnection(reset),
  "a close on connection": onConnection(end),
  "a reset inside the request": onHead(reset),
  "a reset after the request": reply(reset),
  "a close after the request": reply(end),
  "a close in the headers": reply(write("HTTP/1.1 200 OK\r\ncontent-"), ...close),
  "a reset after the headers": reply(write(announced), ...cut),
  "a reset in the body": reply(write(announced + half), ...cut),
  "a close in the body": reply(write(announced + half), ...close),
  "no last chunk": reply(write(chunkedHead()), write(chunk(goodBody)), ...close),
  "a bad chunk": reply(write(`${chunkedHead()}zz\r\n`), ...close),
  "a response that is not HTTP": reply(write("SSH-2.0-OpenSSH_9.6\r\n"), ...close),
  "two content-lengths": reply(write(`HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}`), ...close),
  "408": reply(write(httpResponse(408))),
  "425": reply(write(httpResponse(425))),
  "429": reply(write(httpResponse(429))),
  "429 with Retry-After: 0": reply(write(httpResponse(429, "", { "retry-after": 0 }))),
  "500": reply(write(httpResponse(500, envelope(100)))),
  "502 with HTML": reply(write(httpResponse(502, "<html>"))),
  "503 and a close": reply(write(httpResponse(503, "", { connection: "close" })), end),
  "503 and a truncated body": reply(write(head(503, { "content-length": 99 })), ...cut),
  "504": reply(write(httpResponse(504))),
  "200 with code 100": reply(write(httpResponse(200, envelope(100)))),
  "200 with code 150": reply(write(httpResponse(200, envelope(150)))),
  "200 with code 378, in chunks": reply(write(chunkedHead()), write(chunk(envelope(378))), write(lastChunk)),
  "400 with code 378": reply(write(httpResponse(400, envelope(378))))
}

/** Silences that end with the deadline. */
const silences: Readonly<Record<string, Play>> = {
  "silence on connection": onConnection(),
  "silence after the request": reply(),
  "silence after the headers": reply(write(announced)),
  "silence in the body": reply(write(announced + half)),
  "a byte every 50 ms": reply(write(head(200)), repeat(" ", 50)),
  "endless 103 responses": reply(repeat(head(103), 50))
}

const quick = { baseDelay: "5 millis" } as const

/** For each attempt that meets a silence, moves the clock to its deadline and then through the delay before the next attempt. */
const endSilences = (server: FaultServer, count: number) =>
  Effect.forEach(Array.from({ length: count }, (_, index) => index + 1), (silence) =>
    Effect.gen(function*() {
      yield* server.silent(silence)
      yield* eventLoopTurns(2)
      yield* TestClock.adjust(deadline)
      while (server.exchanges() <= silence) yield* Effect.zipRight(eventLoopTurns(1), TestClock.adjust(5))
    }), { discard: true })

const retriesFault = (isSilence: boolean) => ([name, fault]: readonly [string, Play]): Behavior => ({
  name: `${name}: succeeds after one to three failures and gives up after four`,
  onTestClock: isSilence,
  check: (client) =>
    Effect.forEach([1, 2, 3, 4], (times) =>
      Effect.gen(function*() {
        const [first = good, ...rest] = [...Array.from({ length: times }, () => fault), good]
        const server = yield* listen({ plays: [first, ...rest] })
        const service = yield* makeService(
          client,
          `http://127.0.0.1:${server.port}`,
          isSilence ? { timeout: deadline } : {}
        )
        const attempts = yield* Ref.make(0)
        const call = Effect.zipRight(Ref.update(attempts, (n) => n + 1), service.update(customerId, update))
        const calls = yield* Effect.fork(Effect.retry(call, TrustlyRetry.policy(quick)))
        if (isSilence) yield* Effect.raceFirst(Fiber.await(calls), endSilences(server, times))
        const exit = yield* waitFor("the end of the attempts")(Fiber.await(calls))
        const made = yield* Ref.get(attempts)
        if (times <= 3) assertExpected(exit, [succeeds()])
        // a connection that undici opened but did not use may have consumed one of the faults on connection
        else if (fault.after !== "connection") assert(Exit.isFailure(exit), "no more than three retries")
        if (fault.after === "connection") assert.isAtMost(made, Math.min(times, 3) + 1, "attempts")
        else assert.strictEqual(made, Math.min(times, 3) + 1, "attempts")
        assert.isAtMost(server.requests().length, made, "requests")
      }), { concurrency: isSilence ? 1 : 4, discard: true })
})

/** Faults that a retry cannot fix, with the expected errors. */
const nonRetryableFaults = {
  "400": { play: reply(write(httpResponse(400, envelope(200)))), expected: [validation(400)] },
  "301": { play: reply(write(httpResponse(301, "", { location: "/" }))), expected: [rejected(301)] },
  "409": { play: reply(write(httpResponse(409))), expected: [rejected(409)] },
  "501": { play: reply(write(httpResponse(501))), expected: [serverError(501)] },
  "505": { play: reply(write(httpResponse(505))), expected: [serverError(505)] },
  "a bad shape": { play: reply(write(httpResponse(200, "{}"))), expected: [decode("Shape")] },
  "HTML": { play: reply(write(httpResponse(200, "<html>"))), expected: [decode("NotJson")] },
  "code 330": { play: reply(write(httpResponse(200, envelope(330)))), expected: [rejected(200)] },
  "429 with a Retry-After of 10^9 s": {
    play: reply(write(httpResponse(429, "", { "retry-after": 1e9 }))),
    expected: [rateLimited({ retryAfter: [1e12, 1e12] })]
  },
  "503 with a Retry-After over the cap": {
    play: reply(write(httpResponse(503, "", { "retry-after": 61 }))),
    expected: [serverError(503, { retryAfter: [61_000, 61_000] })]
  }
}

const nonRetryables: ReadonlyArray<Behavior> = Object.entries(nonRetryableFaults).map(([name, { expected, play }]) => ({
  name: `${name}: does not retry`,
  onTestClock: true,
  check: (client) =>
    Effect.gen(function*() {
      const server = yield* listen({ plays: [play, good] })
      const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
      const call = yield* Effect.fork(Effect.retry(service.update(customerId, update), TrustlyRetry.policy(quick)))
      yield* server.silent(1)
      assertExpected(yield* endsSoon("the first attempt has failed and the clock has not moved", call), expected)
      assert.strictEqual(server.exchanges(), 1, "attempts")
    })
}))

const waits: Behavior = {
  name: "waits exactly as long as Retry-After requests",
  onTestClock: true,
  check: (client) =>
    Effect.gen(function*() {
      const server = yield* listen({ plays: [reply(write(httpResponse(503, "", { "retry-after": 1 }))), good] })
      const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
      const call = yield* Effect.fork(Effect.retry(service.update(customerId, update), TrustlyRetry.policy(quick)))
      yield* waitsUntil(1000)
      yield* TestClock.adjust(999)
      yield* eventLoopTurns(10)
      assert.strictEqual(server.exchanges(), 1, "attempts")
      yield* TestClock.adjust(1)
      assertExpected(yield* endsSoon("the clock has moved by Retry-After", call), [succeeds()])
    })
}

const longWait: Behavior = {
  name: "a Retry-After longer than the platform timer limit does not fire early",
  check: (client) =>
    Effect.gen(function*() {
      const server = yield* listen({ plays: [reply(write(httpResponse(503, "", { "retry-after": 3_000_000 }))), good] })
      const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
      const policy = TrustlyRetry.policy({ ...quick, maxRetryAfter: "3650 days" })
      const fiber = yield* Effect.fork(Effect.retry(service.update(customerId, update), policy))
      yield* server.received(1)
      yield* eventLoopTurns(20)
      assert.strictEqual(server.exchanges(), 1, "attempts")
      yield* Fiber.interrupt(fiber)
    })
}

const worstOutcome: Behavior = {
  name: "withRetry reports the worstOutcome outcome of its attempts",
  check: (client) =>
    Effect.gen(function*() {
      const server = yield* listen({ plays: [reply(reset), reply(write(httpResponse(429)))] })
      const service = yield* retryingService(client, `http://127.0.0.1:${server.port}`, TrustlyRetry.policy(quick))
      const exit = yield* Effect.exit(service.update(customerId, update))
      assertExpected(exit, [{ ...rateLimited(), outcome: "Unknown" }])
      assert.strictEqual(server.exchanges(), 4, "attempts")
    })
}

const everyOperation: Behavior = {
  name: "withRetry retries every operation of a layer",
  check: (client) =>
    Effect.gen(function*() {
      const server = yield* listen({ plays: [reply(reset), reply(write(announced + half), ...cut), good] })
      const service = yield* retryingService(client, `http://127.0.0.1:${server.port}`, TrustlyRetry.policy(quick))
      assertExpected(yield* Effect.exit(service.get(customerId)), [succeeds()])
      assert.strictEqual(server.exchanges(), 3, "attempts")
      assertExpected(yield* Effect.exit(service.update(customerId, update)), [succeeds()])
    })
}

const noPolicy: Behavior = {
  name: "does not retry without a policy",
  check: (client) =>
    Effect.gen(function*() {
      const server = yield* listen({ plays: [reply(reset), good] })
      const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
      assertExpected(yield* Effect.exit(service.update(customerId, update)), [network("Reset")])
      // long enough for a hidden retry to arrive
      yield* eventLoopTurns(10)
      assert.strictEqual(server.exchanges(), 1, "attempts")
    })
}

export const retries: ReadonlyArray<Behavior> = [
  ...Object.entries(retryableFaults).map(retriesFault(false)),
  ...Object.entries(silences).map(retriesFault(true)),
  ...nonRetryables,
  waits,
  longWait,
  worstOutcome,
  everyOperation,
  noPolicy
]
