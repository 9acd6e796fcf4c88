import { HttpClient, HttpClientError, type HttpClientRequest } from "@effect/platform"
import { assert } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Layer } from "effect"
import type { Behaviour } from "../Behaviour.ts"
import { type Expected, network, succeeds } from "../expectations.ts"
import { listen, type Plays } from "../FaultServer.ts"
import { assertClosed, assertExpected, makeService, soon, update } from "../harness.ts"
import type { ClientLayer } from "../layers.ts"
import { answer, customerId, goodBody, head, onRequest, repeat, wait, write } from "../wire.ts"

const timeout = "300 millis"
const announced = head(200, { "content-length": goodBody.length })

const silences: Readonly<Record<string, Plays>> = {
  "before the head": onRequest(),
  "in the body": onRequest(write(announced + goodBody.slice(0, 50))),
  "of a byte every 50 ms": onRequest(write(head(200)), repeat(" ", 50))
}

const uninterruptible = (name: string, plays: Plays): Behaviour => ({
  name: `the deadline ends a silence ${name} inside an uninterruptible caller`,
  check: (client) =>
    Effect.gen(function*() {
      const server = yield* listen({ plays })
      const service = yield* makeService(client, `http://127.0.0.1:${server.port}`, { timeout })
      const fiber = yield* Effect.fork(Effect.uninterruptible(service.update(customerId, update)))
      const startedAt = performance.now()
      const exit = yield* Fiber.await(fiber)
      const endedAt = performance.now()
      assertExpected(exit, [network("Timeout")])
      assert.isBelow(endedAt - startedAt, 2300)
      yield* assertClosed(server, endedAt)
    })
})

const others: ReadonlyArray<Behaviour> = [
  {
    name: "the deadline leaves the caller's other fibers alone",
    check: (client) =>
      Effect.gen(function*() {
        const server = yield* listen({ plays: onRequest() })
        const service = yield* makeService(client, `http://127.0.0.1:${server.port}`, { timeout })
        const [exit, other] = yield* Effect.gen(function*() {
          const child = yield* Effect.fork(Effect.delay(Effect.succeed("done"), "600 millis"))
          const failed = yield* Effect.exit(service.update(customerId, update))
          return [failed, yield* Fiber.await(child)] as const
        })
        assertExpected(exit, [network("Timeout")])
        assert.deepStrictEqual(other, Exit.succeed("done"))
      })
  },
  {
    name: "each of twenty calls at once has its own deadline",
    check: (client) =>
      Effect.gen(function*() {
        const server = yield* listen({ plays: onRequest() })
        const service = yield* makeService(client, `http://127.0.0.1:${server.port}`, { timeout })
        const durations = yield* Effect.forEach(Array.from({ length: 20 }, (_, index) => index * 20), (late) =>
          Effect.gen(function*() {
            yield* Effect.sleep(late)
            const startedAt = performance.now()
            assertExpected(yield* Effect.exit(service.update(customerId, update)), [network("Timeout")])
            return performance.now() - startedAt
          }), { concurrency: "unbounded" })
        for (const millis of durations) {
          assert.isAtLeast(millis, 290)
          assert.isBelow(millis, 2300)
        }
      })
  },
  {
    name: "a deadline of Infinity is none",
    check: (client) =>
      Effect.gen(function*() {
        const server = yield* listen({ plays: onRequest(wait(500), write(answer(200, goodBody))) })
        const service = yield* makeService(client, `http://127.0.0.1:${server.port}`, { timeout: Duration.infinity })
        assertExpected(yield* Effect.exit(service.update(customerId, update)), [succeeds()])
      })
  },
  {
    name: "a call after one that met its deadline",
    check: (client) =>
      Effect.gen(function*() {
        const silent = { after: "request", steps: [] } as const
        const good = { after: "request", steps: [write(answer(200, goodBody))] } as const
        const server = yield* listen({ plays: [silent, good, silent, good] })
        const service = yield* makeService(client, `http://127.0.0.1:${server.port}`, { timeout })
        for (const expected of [network("Timeout"), succeeds(), network("Timeout"), succeeds()]) {
          assertExpected(yield* Effect.exit(service.update(customerId, update)), [expected])
        }
      })
  }
]

/** The error of a system call or of a client, in the form that each of the layers hands on. */
const systemError = (message: string, facts: object): Error => Object.assign(new Error(message), facts)

const wrapped: Readonly<Record<ClientLayer["name"], (cause: unknown) => unknown>> = {
  fetch: (cause) => new TypeError("fetch failed", { cause }),
  node: (cause) => cause,
  undici: (cause) => cause
}

const timedOut = systemError("connect ETIMEDOUT 192.0.2.1:443", { code: "ETIMEDOUT", errno: -110, syscall: "connect" })
const noRoute = systemError("connect ENETUNREACH 2001:db8::1:443", {
  code: "ENETUNREACH",
  errno: -101,
  syscall: "connect"
})
const cyclic: { cause?: unknown } = {}
cyclic.cause = cyclic

const causes: Readonly<Record<string, readonly [cause: unknown, expected: ReadonlyArray<Expected>]>> = {
  "connect ETIMEDOUT": [timedOut, [network("Connect")]],
  "undici's connect timeout": [
    systemError("Connect Timeout Error", { name: "ConnectTimeoutError", code: "UND_ERR_CONNECT_TIMEOUT" }),
    [network("Connect")]
  ],
  "a timeout at both addresses": [
    Object.assign(new AggregateError([timedOut, noRoute], ""), { code: "ETIMEDOUT" }),
    [network("Connect")]
  ],
  "a refusal at both addresses": [
    Object.assign(
      new AggregateError([
        systemError("connect ECONNREFUSED ::1:443", { code: "ECONNREFUSED", syscall: "connect" }),
        systemError("connect ECONNREFUSED 127.0.0.1:443", { code: "ECONNREFUSED", syscall: "connect" })
      ]),
      { code: "ECONNREFUSED" }
    ),
    [network("Connect")]
  ],
  "no route to the network": [noRoute, [network("Connect")]],
  "no route to the host": [systemError("connect EHOSTUNREACH", { code: "EHOSTUNREACH", syscall: "connect" }), [
    network("Connect")
  ]],
  "no address left": [systemError("connect EADDRNOTAVAIL", { code: "EADDRNOTAVAIL", syscall: "connect" }), [
    network("Connect")
  ]],
  "a resolver that is away": [systemError("getaddrinfo EAI_AGAIN", { code: "EAI_AGAIN", syscall: "getaddrinfo" }), [
    network("Dns")
  ]],
  "a timeout of the connection that stands": [systemError("read ETIMEDOUT", { code: "ETIMEDOUT", syscall: "read" }), [
    network("Timeout"),
    network("Reset")
  ]],
  "EPIPE": [systemError("write EPIPE", { code: "EPIPE", syscall: "write" }), [network("Reset")]],
  "a cause that nobody knows": [new Error("no"), [network("Reset"), network("Protocol")]],
  "a cause that is text": ["no", [network("Reset"), network("Protocol")]],
  "a cause that is its own cause": [cyclic, [network("Reset"), network("Protocol")]],
  "no cause": [undefined, [network("Reset"), network("Protocol")]]
}

/** The service on an HttpClient that does what it is told; the name says whose form of errors it uses. */
const scripted = (
  { name }: ClientLayer,
  run: (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<never, HttpClientError.HttpClientError>
) => {
  const layer = Layer.succeed(HttpClient.HttpClient, HttpClient.make(run))
  return makeService({ name, layer, trusting: () => layer }, "http://127.0.0.1:2", { timeout })
}

const failsConnecting = (name: string, [cause, expected]: readonly [unknown, ReadonlyArray<Expected>]): Behaviour => ({
  name: `the client fails with ${name}`,
  check: (client) =>
    Effect.gen(function*() {
      const service = yield* scripted(client, (request) =>
        Effect.fail(
          new HttpClientError.RequestError({ request, reason: "Transport", cause: wrapped[client.name](cause) })
        ))
      assertExpected(yield* Effect.exit(service.update(customerId, update)), expected)
    })
})

const neverConnects = (name: string, forever: Effect.Effect<never>): Behaviour => ({
  name: `no connection within the deadline${name}`,
  check: (client) =>
    Effect.gen(function*() {
      const service = yield* scripted(client, () => forever)
      const startedAt = performance.now()
      assertExpected(yield* Effect.exit(service.update(customerId, update)), [network("Timeout")])
      assert.isBelow(performance.now() - startedAt, 300 + 2000 + soon)
    })
})

export const deadlines: ReadonlyArray<Behaviour> = [
  ...Object.entries(silences).map(([name, plays]) => uninterruptible(name, plays)),
  ...others,
  ...Object.entries(causes).map(([name, row]) => failsConnecting(name, row)),
  neverConnects("", Effect.never),
  neverConnects(", in a client that cannot be interrupted", Effect.uninterruptible(Effect.never))
]
