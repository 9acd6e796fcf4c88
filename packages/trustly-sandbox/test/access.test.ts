import { assert, describe, it } from "@effect/vitest"
import { ConfigError, Effect } from "effect"
import * as Net from "node:net"
import { ask, fields, john, originOf, start, trustly } from "./support.ts"

const paths = ["/", "/page.js", "/docs", "/openapi.json", "/_sandbox/state", "/_sandbox/events", "/_sandbox/reset"]

describe("the page and the control path", () => {
  const foreign: Readonly<Record<string, (port: string) => Readonly<Record<string, string>>>> = {
    "another name that leads here": (port) => ({ host: `evil.example:${port}` }),
    "another name that begins like ours": (port) => ({ host: `localhost.evil.example:${port}` }),
    "another address": (port) => ({ host: `192.0.2.1:${port}` }),
    "another port": () => ({ host: "127.0.0.1:1" }),
    "no port": () => ({ host: "127.0.0.1" }),
    "a user before the host": (port) => ({ host: `127.0.0.1:${port}@evil.example` }),
    "another origin": () => ({ origin: "http://evil.example" }),
    "another port as origin": () => ({ origin: "http://127.0.0.1:1" }),
    "https as origin": (port) => ({ origin: `https://127.0.0.1:${port}` }),
    "no origin at all": () => ({ origin: "null" }),
    "another site": () => ({ "sec-fetch-site": "cross-site" }),
    "another port of this site": () => ({ "sec-fetch-site": "same-site" })
  }
  for (const [what, headersOf] of Object.entries(foreign)) {
    it.scopedLive(`are refused to ${what}`, () =>
      Effect.gen(function*() {
        const sandbox = yield* start()
        const origin = originOf(sandbox)
        yield* trustly(sandbox).post(`/customers/${john}`, fields)
        for (const path of paths) {
          for (const method of ["GET", "POST", "DELETE", "OPTIONS"]) {
            const { headers, status } = yield* ask(origin + path, { method, headers: headersOf(new URL(origin).port) })
            assert.strictEqual(status, 403, `${method} ${path}`)
            assert.notProperty(headers, "access-control-allow-origin")
          }
        }
        assert.strictEqual((yield* sandbox.requests).length, 1, "it was reset")
      }))
  }

  const own: Readonly<Record<string, (port: string) => Readonly<Record<string, string>>>> = {
    "a program": () => ({}),
    "localhost": (port) => ({ host: `localhost:${port}` }),
    "LOCALHOST": (port) => ({ host: `LOCALHOST:${port}` }),
    "IPv6": (port) => ({ host: `[::1]:${port}` }),
    "the page": (port) => ({ origin: `http://127.0.0.1:${port}`, "sec-fetch-site": "same-origin" }),
    "somebody who types the address": () => ({ "sec-fetch-site": "none" })
  }
  for (const [what, headersOf] of Object.entries(own)) {
    it.scopedLive(`are open to ${what}`, () =>
      Effect.gen(function*() {
        const origin = originOf(yield* start())
        for (const path of ["/", "/_sandbox/state"]) {
          const { status } = yield* ask(origin + path, { headers: headersOf(new URL(origin).port) })
          assert.strictEqual(status, 200)
        }
      }))
  }

  it.scopedLive("are open to any address, and to no name, where the server listens everywhere", () =>
    Effect.gen(function*() {
      const sandbox = yield* start({ host: "0.0.0.0" })
      const origin = originOf(sandbox)
      const { port } = new URL(origin)
      const status = (host: string) => Effect.map(ask(origin, { headers: { host } }), (answer) => answer.status)
      assert.strictEqual(yield* status(`192.0.2.1:${port}`), 200)
      assert.strictEqual(yield* status(`evil.example:${port}`), 403)
      assert.strictEqual((yield* trustly(sandbox).get(`/customers/${john}`)).status, 200)
    }))

  it.scopedLive("let nothing from elsewhere in, and are in no frame", () =>
    Effect.gen(function*() {
      const origin = originOf(yield* start())
      for (const path of ["/", "/page.js", "/_sandbox/state", "/openapi.json"]) {
        const { headers } = yield* ask(origin + path)
        assert.match(headers["content-security-policy"] as string, /default-src 'self'.*frame-ancestors 'none'/)
        assert.notMatch(headers["content-security-policy"] as string, /unsafe/)
        assert.strictEqual(headers["x-content-type-options"], "nosniff")
      }
      const { text } = yield* ask(origin)
      assert.notMatch(text, /https?:\/\//)
    }))
})

it.scopedLive("binds to loopback unless told otherwise", () =>
  Effect.gen(function*() {
    const { url } = yield* start()
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/api\/v1$/)
  }))

it.scopedLive("a port that is taken is a failure, not a defect", () =>
  Effect.gen(function*() {
    const { url } = yield* start()
    const error = yield* Effect.flip(start({ port: Number(new URL(url).port) }))
    assert.strictEqual(error._tag, "ServeError")
  }))

for (const port of [-1, 1.5, 65_536, Number.NaN]) {
  it.scopedLive(`a port ${port} is refused, not a defect`, () =>
    Effect.map(Effect.flip(start({ port })), (error) => {
      assert.isTrue(ConfigError.isConfigError(error))
      assert.include(String(error), "port")
    }))
}

it.scopedLive("a host that leads nowhere is a failure, not a defect", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(start({ host: "192.0.2.1" }))
    assert.strictEqual(error._tag, "ServeError")
  }))

it.scopedLive("several servers have nothing in common", () =>
  Effect.gen(function*() {
    const [one, other] = yield* Effect.all([start(), start()])
    yield* trustly(one).post(`/customers/${john}`, fields)
    assert.strictEqual((yield* one.customers)[0]?.name, fields.name)
    assert.strictEqual((yield* other.customers)[0]?.name, "John Smith")
    assert.strictEqual((yield* other.requests).length, 0)
  }))

const dial = (origin: string, bytes: string) =>
  Effect.acquireRelease(
    Effect.async<Net.Socket>((resume) => {
      const socket = Net.connect(Number(new URL(origin).port), "127.0.0.1", () => {
        socket.write(bytes)
        resume(Effect.succeed(socket))
      })
      socket.on("error", () => undefined)
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )

const head = "POST /api/v1/customers/1001165729 HTTP/1.1\r\nhost: x\r\nauthorization: Basic c2FuZGJveDpzYW5kYm94\r\n"

describe("a client costs nothing but its own connection", () => {
  const clients: Readonly<Record<string, string>> = {
    "that sends nothing": "",
    "that sends no HTTP": "\x16\x03\x01\x02\x00",
    "that stops in the head": "POST /api/v1/cust",
    "that stops in the body": `${head}content-length: 100\r\n\r\n{"name"`,
    "whose length is absurd": `${head}content-length: 99999999999999999999\r\n\r\n`,
    "that asks without credentials and goes on sending": "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n",
    "that asks for a path that is none":
      "GET %ff%zz?%% HTTP/1.1\r\nhost: x\r\n\r\nGET /../.. HTTP/1.1\r\nhost: x\r\n\r\n"
  }
  for (const [what, bytes] of Object.entries(clients)) {
    it.scopedLive(`${what}`, () =>
      Effect.gen(function*() {
        const sandbox = yield* start()
        const sockets = yield* Effect.replicateEffect(dial(originOf(sandbox), bytes), 20)
        const read = trustly(sandbox).get(`/customers/${john}`)
        assert.strictEqual((yield* Effect.timeout(read, "2 seconds")).status, 200)
        for (const socket of sockets.slice(10)) socket.resetAndDestroy()
        assert.strictEqual((yield* Effect.timeout(read, "2 seconds")).status, 200)
        assert.strictEqual((yield* sandbox.customers)[0]?.name, "John Smith")
      }))
  }
})
