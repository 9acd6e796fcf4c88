import { HttpClient, HttpClientError, type HttpClientRequest } from "@effect/platform"
import { assert } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Layer, Option, TestClock } from "effect"
import { soon } from "../../waiting.ts"
import type { Behavior } from "../Behavior.ts"
import { type Expected, network, succeeds } from "../expectations.ts"
import { listen, type Plays } from "../FaultServer.ts"
import { assertClosed, assertExpected, endsSoon, makeService, moveToDeadline, update } from "../harness.ts"
import type { ClientLayer } from "../layers.ts"
import { deadline } from "../Scenario.ts"
import { customerId, goodBody, head, httpResponse, onRequest, repeat, wait, write } from "../wire.ts"

const announced = head(200, { "content-length": goodBody.length })

const silences: Readonly<Record<string, Plays>> = {
  "before the head": onRequest(),
  "in the body": onRequest(write(announced + goodBody.slice(0, 50))),
  "with a byte every 50 ms": onRequest(write(head(200)), repeat(" ", 50))
}

const uninterruptible = (name: string, plays: Plays): Behavior => ({
  name: `the deadline ends a call in an uninterruptible caller: silence ${name}`,
  onTestClock: true,
  check: (client) =>
    Effect.gen(function*() {
      const server = yield* listen({ plays })
      const service = yield* makeService(client, `http://127.0.0.1:${server.port}`, { timeout: deadline })
      const fiber = yield* Effect.forkDaemon(Effect.uninterruptible(service.update(customerId, update)))
      yield* server.silent(1)
      yield* moveToDeadline(fiber, 10)
      assertExpected(yield* endsSoon("the deadline has passed", fiber), [network("Timeout")])
      yield* assertClosed(server)
    })
})

const others: ReadonlyArray<Behavior> = [
  {
    name: "the deadline does not interrupt the caller's other fibers",
    onTestClock: true,
    check: (client) =>
      Effect.gen(function*() {
        const server = yield* listen({ plays: onRequest() })
        const service = yield* makeService(client, `http://127.0.0.1:${server.port}`, { timeout: deadline })
        const children = yield* Deferred.make<Fiber.Fiber<string>>()
        const caller = yield* Effect.fork(Effect.gen(function*() {
          const child = yield* Effect.fork(Effect.delay(Effect.succeed("done"), 2 * deadline))
          yield* Deferred.succeed(children, child)
          const failed = yield* Effect.exit(service.update(customerId, update))
          return [failed, yield* Fiber.await(child)] as const
        }))
        yield* server.silent(1)
        yield* TestClock.adjust(deadline)
        yield* assertClosed(server)
        const child = yield* Deferred.await(children)
        assert.isTrue(Option.isNone(yield* Fiber.poll(child)), "the child ended with the call")
        yield* TestClock.adjust(deadline)
        const [exit, other] = yield* soon("the end of the caller")(Fiber.join(caller))
        assertExpected(exit, [network("Timeout")])
        assert.deepStrictEqual(other, Exit.succeed("done"))
      })
  },
  {
    name: "each of twenty concurrent calls has its own deadline, in real time",
    check: (client) =>
      Effect.gen(function*() {
        const server = yield* listen({ plays: onRequest() })
        const service = yield* makeService(client, `http://127.0.0.1:${server.port}`, { timeout: "300 millis" })
        yield* Effect.forEach(Array.from({ length: 20 }, (_, index) => index * 20), (delay) =>
          Effect.gen(function*() {
            yield* Effect.sleep(delay)
            const startedAt = performance.now()
            const fiber = yield* Effect.fork(service.update(customerId, update))
            // a timer of the same length, started at the same moment, is the reference
            yield* Effect.sleep("300 millis")
            assertExpected(yield* endsSoon("a timer of the same length has fired", fiber), [network("Timeout")])
            assert.isAtLeast(performance.now() - startedAt, 290)
          }), { concurrency: "unbounded", discard: true })
      })
  },
  {
    name: "a timeout of Infinity sets no deadline",
    onTestClock: true,
    check: (client) =>
      Effect.gen(function*() {
        const month = Duration.days(30)
        const server = yield* listen({
          plays: onRequest(wait(Duration.toMillis(month)), write(httpResponse(200, goodBody)))
        })
        const service = yield* makeService(client, `http://127.0.0.1:${server.port}`, { timeout: Duration.infinity })
        const fiber = yield* Effect.fork(service.update(customerId, update))
        yield* server.received(1)
        yield* TestClock.adjust(month)
        assertExpected(yield* endsSoon("the server has responded", fiber), [succeeds()])
      })
  },
  {
    name: "a call succeeds after an earlier one timed out",
    onTestClock: true,
    check: (client) =>
      Effect.gen(function*() {
        const silent = { after: "request", steps: [] } as const
        const good = { after: "request", steps: [write(httpResponse(200, goodBody))] } as const
        const server = yield* listen({ plays: [silent, good, silent, good] })
        const service = yield* makeService(client, `http://127.0.0.1:${server.port}`, { timeout: deadline })
        for (const [index, expected] of [network("Timeout"), succeeds(), network("Timeout"), succeeds()].entries()) {
          const fiber = yield* Effect.fork(service.update(customerId, update))
          yield* server.silent(index + 1)
          if (expected._tag === "Failure") yield* moveToDeadline(fiber)
          assertExpected(yield* endsSoon("the deadline has passed or the server has responded", fiber), [expected])
        }
      })
  }
]

/** An error of a system call or of a client. */
const systemError = (message: string, facts: object): Error => Object.assign(new Error(message), facts)

/** Wraps a cause in the same way as each layer. */
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
  "connect timeouts at both addresses": [
    Object.assign(new AggregateError([timedOut, noRoute], ""), { code: "ETIMEDOUT" }),
    [network("Connect")]
  ],
  "connections refused at both addresses": [
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
  "no local address available": [systemError("connect EADDRNOTAVAIL", { code: "EADDRNOTAVAIL", syscall: "connect" }), [
    network("Connect")
  ]],
  "an unavailable resolver": [systemError("getaddrinfo EAI_AGAIN", { code: "EAI_AGAIN", syscall: "getaddrinfo" }), [
    network("Dns")
  ]],
  "a timeout on an established connection": [systemError("read ETIMEDOUT", { code: "ETIMEDOUT", syscall: "read" }), [
    network("Timeout"),
    network("Reset")
  ]],
  "EPIPE": [systemError("write EPIPE", { code: "EPIPE", syscall: "write" }), [network("Reset")]],
  "an unknown cause": [new Error("no"), [network("Reset"), network("Protocol")]],
  "a cause that is a string": ["no", [network("Reset"), network("Protocol")]],
  "a cause that is its own cause": [cyclic, [network("Reset"), network("Protocol")]],
  "no cause": [undefined, [network("Reset"), network("Protocol")]]
}

/** Builds the service on an `HttpClient` that runs this effect. */
const scripted = (
  { name }: ClientLayer,
  run: (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<never, HttpClientError.HttpClientError>
) => {
  const layer = Layer.succeed(HttpClient.HttpClient, HttpClient.make(run))
  return makeService({ name, layer, trusting: () => layer }, "http://127.0.0.1:2", { timeout: deadline })
}

const failsConnecting = (name: string, [cause, expected]: readonly [unknown, ReadonlyArray<Expected>]): Behavior => ({
  name: `the client fails with ${name}`,
  onTestClock: true,
  check: (client) =>
    Effect.gen(function*() {
      const service = yield* scripted(client, (request) =>
        Effect.fail(
          new HttpClientError.RequestError({ request, reason: "Transport", cause: wrapped[client.name](cause) })
        ))
      assertExpected(yield* Effect.exit(service.update(customerId, update)), expected)
    })
})

const neverConnects = (name: string, forever: Effect.Effect<never>): Behavior => ({
  name: `the deadline ends a connection attempt${name}`,
  onTestClock: true,
  check: (client) =>
    Effect.gen(function*() {
      const connecting = yield* Deferred.make<void>()
      const service = yield* scripted(client, () => Effect.zipRight(Deferred.succeed(connecting, undefined), forever))
      const fiber = yield* Effect.forkDaemon(service.update(customerId, update))
      yield* Deferred.await(connecting)
      yield* moveToDeadline(fiber)
      assertExpected(yield* endsSoon("the deadline has passed", fiber), [network("Timeout")])
    })
})

export const deadlines: ReadonlyArray<Behavior> = [
  ...Object.entries(silences).map(([name, plays]) => uninterruptible(name, plays)),
  ...others,
  ...Object.entries(causes).map(([name, row]) => failsConnecting(name, row)),
  neverConnects("", Effect.never),
  neverConnects(", even in an uninterruptible client", Effect.uninterruptible(Effect.never))
]
