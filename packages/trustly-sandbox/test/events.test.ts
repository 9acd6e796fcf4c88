import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Queue, Scope, Stream, Take, TestClock } from "effect"
import type { TrustlySandbox } from "effect-trustly-sandbox"
import * as Http from "node:http"
import * as Net from "node:net"
import { control, fields, john, originOf, start, trustly } from "./support.ts"

/** The later lines of the event stream; the stream ends with the connection. */
const listen = (sandbox: TrustlySandbox.Service) =>
  Effect.gen(function*() {
    const text = yield* Queue.unbounded<Take.Take<string>>()
    const end = () => Queue.unsafeOffer(text, Take.end)
    yield* Effect.acquireRelease(
      Effect.async<Http.ClientRequest>((resume) => {
        const request = Http.get(`${originOf(sandbox)}/_sandbox/events`, { agent: false }, (response) => {
          assert.strictEqual(response.headers["content-type"], "text/event-stream")
          response.setEncoding("utf8").on("error", end).on("end", end).on("data", (chunk: string) => {
            Queue.unsafeOffer(text, Take.of(chunk))
            resume(Effect.succeed(request))
          })
        })
        request.on("error", end)
      }),
      (request) => Effect.sync(() => request.destroy())
    )
    return Stream.fromQueue(text).pipe(Stream.flattenTake, Stream.splitLines)
  })

const namesIn = (lines: Iterable<string>) =>
  Array.from(lines).filter((line) => line.startsWith("event: ")).map((line) => line.slice("event: ".length))

describe("events", () => {
  it.scopedLive("report requests, customers, faults, and resets as they happen", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const events = yield* listen(sandbox)
      const fiber = yield* Effect.fork(Stream.runCollect(Stream.takeUntil(events, (line) => line === "event: reset")))
      yield* trustly(sandbox).post(`/customers/${john}`, { ...fields, taxId: "sentinel" })
      yield* control(sandbox)("POST", `/customers/${john}`, { vip: 3 })
      yield* sandbox.fail({ fault: { _tag: "Silence" } })
      yield* sandbox.reset
      const lines = [...(yield* Fiber.join(fiber))]
      const [arrived, written, applied, answered, edited, rules] = lines.flatMap((line) =>
        line.startsWith("data: ") ? [JSON.parse(line.slice("data: ".length))] : []
      )
      assert.deepStrictEqual(namesIn(lines), [
        "request",
        "customer",
        "request",
        "request",
        "customer",
        "faults",
        "faults",
        "reset"
      ])
      assert.deepStrictEqual([arrived.id, arrived.fields], [1, ["name", "email", "phone", "address", "taxId"]])
      assert.strictEqual(written.customer.name, fields.name)
      assert.deepStrictEqual([applied.id, applied.applied.taxId, applied.status], [1, "#####nel", undefined])
      assert.deepStrictEqual([answered.id, answered.status], [1, 200])
      assert.deepStrictEqual(edited.changed.fields, ["vip"])
      assert.deepStrictEqual(rules, [{ rule: { fault: { _tag: "Silence" } }, seen: 0 }])
      assert.notInclude(lines.join(), "sentinel")
    }))

  it.scopedLive("continue for other pages while the server drops one that does not read them", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const stalled = yield* Effect.acquireRelease(
        Effect.async<Net.Socket>((resume) => {
          const { host, port } = new URL(sandbox.url)
          const socket = Net.connect(Number(port), "127.0.0.1", () => {
            socket.pause().write(`GET /_sandbox/events HTTP/1.1\r\nhost: ${host}\r\n\r\n`)
            resume(Effect.succeed(socket))
          })
          socket.on("error", () => undefined)
        }),
        (socket) => Effect.sync(() => socket.destroy())
      )
      const events = yield* listen(sandbox)
      const last = yield* Effect.fork(Stream.runHead(Stream.filter(events, (line) => line === "event: reset")))
      // three events of each update: more than the server queues and the system buffers for one connection
      const note = { ...fields, customData: { note: "x".repeat(1_000_000) } }
      yield* Effect.replicateEffect(trustly(sandbox).post(`/customers/${john}`, note), 20, { discard: true })
      yield* sandbox.reset
      assert.strictEqual((yield* Fiber.join(last))._tag, "Some")
      const ended = Effect.async<string>((resume) => {
        stalled.on("end", () => resume(Effect.succeed("ended"))).on("close", () => resume(Effect.succeed("ended")))
          .resume()
      })
      assert.strictEqual(yield* ended, "ended")
    }))

  it.scoped("include a heartbeat every 15 seconds", () =>
    Effect.gen(function*() {
      const lines = yield* listen(yield* start())
      const beat = Stream.runHead(Stream.filter(lines, (line) => line === ": still here"))
      for (const _ of [1, 2]) {
        yield* TestClock.adjust("15 seconds")
        assert.isTrue(Option.isSome(yield* beat))
      }
    }))

  it.scopedLive("end with the server", () =>
    Effect.gen(function*() {
      const server = yield* Scope.make()
      const lines = yield* listen(yield* Scope.extend(start(), server))
      const end = yield* Effect.fork(Stream.runDrain(lines))
      yield* Scope.close(server, Exit.void)
      yield* Fiber.join(end)
    }))
})
