import { assert, describe, it } from "@effect/vitest"
import { ConfigError, Effect } from "effect"
import * as Net from "node:net"
import { ask } from "./ask.ts"
import { authorization, fields, john, originOf, start, trustly } from "./support.ts"

const paths = ["/", "/page.js", "/docs", "/openapi.json", "/_sandbox/state", "/_sandbox/events", "/_sandbox/reset"]

describe("the page and the control path", () => {
  const refused: Readonly<Record<string, (port: string) => Readonly<Record<string, string>>>> = {
    "a Host that is a foreign name": (port) => ({ host: `evil.example:${port}` }),
    "a Host that starts with an allowed name": (port) => ({ host: `localhost.evil.example:${port}` }),
    "a Host that is another address": (port) => ({ host: `192.0.2.1:${port}` }),
    "a Host with another port": () => ({ host: "127.0.0.1:1" }),
    "a Host without a port": () => ({ host: "127.0.0.1" }),
    "a Host with a user name": (port) => ({ host: `127.0.0.1:${port}@evil.example` }),
    "a foreign Origin": () => ({ origin: "http://evil.example" }),
    "an Origin with another port": () => ({ origin: "http://127.0.0.1:1" }),
    "an https Origin": (port) => ({ origin: `https://127.0.0.1:${port}` }),
    "the opaque Origin null": () => ({ origin: "null" }),
    "a request from another site": () => ({ "sec-fetch-site": "cross-site" }),
    "a request from another port of this site": () => ({ "sec-fetch-site": "same-site" })
  }
  for (const [what, headersOf] of Object.entries(refused)) {
    it.scopedLive(`respond with 403 to ${what}`, () =>
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
        assert.strictEqual((yield* sandbox.requests).length, 1, "the sandbox was reset")
      }))
  }

  const accepted: Readonly<Record<string, (port: string) => Readonly<Record<string, string>>>> = {
    "a program without browser headers": () => ({}),
    "the Host localhost": (port) => ({ host: `localhost:${port}` }),
    "the Host in upper case": (port) => ({ host: `LOCALHOST:${port}` }),
    "the IPv6 loopback address": (port) => ({ host: `[::1]:${port}` }),
    "the page": (port) => ({ origin: `http://127.0.0.1:${port}`, "sec-fetch-site": "same-origin" }),
    "a user who types the address": () => ({ "sec-fetch-site": "none" })
  }
  for (const [what, headersOf] of Object.entries(accepted)) {
    it.scopedLive(`respond to ${what}`, () =>
      Effect.gen(function*() {
        const origin = originOf(yield* start())
        for (const path of ["/", "/_sandbox/state"]) {
          const { status } = yield* ask(origin + path, { headers: headersOf(new URL(origin).port) })
          assert.strictEqual(status, 200)
        }
      }))
  }

  it.scopedLive("respond to any IP address, but to no foreign name, if the server listens on every address", () =>
    Effect.gen(function*() {
      const sandbox = yield* start({ host: "0.0.0.0" })
      const origin = originOf(sandbox)
      const { port } = new URL(origin)
      const status = (host: string) => Effect.map(ask(origin, { headers: { host } }), (answer) => answer.status)
      assert.strictEqual(yield* status(`192.0.2.1:${port}`), 200)
      assert.strictEqual(yield* status(`evil.example:${port}`), 403)
      assert.strictEqual((yield* trustly(sandbox).get(`/customers/${john}`)).status, 200)
    }))

  it.scopedLive("forbid other origins and frames by their content security policy", () =>
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

describe("a request target in absolute form", () => {
  it.scopedLive("gets the response of its path", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const origin = originOf(sandbox)
      const status = (target: string) =>
        Effect.map(ask(origin, { target, headers: { ...authorization(), host: "x" } }), (answer) => answer.status)
      for (const path of [`/api/v1/customers/${john}`, "/api/v1/customers?externalId=x", "", "?x", "/docs"]) {
        assert.strictEqual(yield* status(origin + path), 200, path)
      }
      assert.strictEqual(yield* status(origin.toUpperCase() + "/page.js"), 200)
      const [read] = yield* sandbox.requests
      assert.deepInclude(read, { operation: "get", customerId: john })
    }))

  it.scopedLive("is refused by the control path if its authority is a foreign name, whatever the Host header is", () =>
    Effect.gen(function*() {
      const origin = originOf(yield* start())
      const { host, port } = new URL(origin)
      for (const authority of [`evil.example:${port}`, `user@${host}`, ""]) {
        const target = `http://${authority}/_sandbox/state`
        assert.strictEqual((yield* ask(origin, { target, headers: { host } })).status, 403, target)
      }
    }))
})

it.scopedLive("the server listens on loopback by default", () =>
  Effect.gen(function*() {
    const { url } = yield* start()
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/api\/v1$/)
  }))

it.scopedLive("a port that is already in use is a typed failure", () =>
  Effect.gen(function*() {
    const { url } = yield* start()
    const error = yield* Effect.flip(start({ port: Number(new URL(url).port) }))
    assert.strictEqual(error._tag, "ServeError")
  }))

for (const port of [-1, 1.5, 65_536, Number.NaN]) {
  it.scopedLive(`the port ${port} is a typed failure`, () =>
    Effect.map(Effect.flip(start({ port })), (error) => {
      assert.isTrue(ConfigError.isConfigError(error))
      assert.include(String(error), "port")
    }))
}

it.scopedLive("a host that is not an address of this machine is a typed failure", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(start({ host: "192.0.2.1" }))
    assert.strictEqual(error._tag, "ServeError")
  }))

for (const host of ["", "::1%lo", "127.0.0.1:80", "a b"]) {
  it.scopedLive(`the host "${host}" is a typed failure`, () =>
    Effect.map(Effect.flip(start({ host })), (error) => {
      assert.isTrue(ConfigError.isConfigError(error))
      assert.include(String(error), "host")
    }))
}

it.scopedLive("two servers share no state", () =>
  Effect.gen(function*() {
    const [one, other] = yield* Effect.all([start(), start()])
    yield* trustly(one).post(`/customers/${john}`, fields)
    assert.strictEqual((yield* one.customers)[0]?.name, fields.name)
    assert.strictEqual((yield* other.customers)[0]?.name, "John Smith")
    assert.strictEqual((yield* other.requests).length, 0)
  }))

const connect = (origin: string, bytes: string) =>
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

describe("other clients get responses while one client", () => {
  const clients: Readonly<Record<string, string>> = {
    "sends nothing": "",
    "sends something other than HTTP": "\x16\x03\x01\x02\x00",
    "stops in the request headers": "POST /api/v1/cust",
    "stops in the request body": `${head}content-length: 100\r\n\r\n{"name"`,
    "announces an absurd content length": `${head}content-length: 99999999999999999999\r\n\r\n`,
    "sends no credentials and keeps sending": "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n",
    "requests an invalid path": "GET %ff%zz?%% HTTP/1.1\r\nhost: x\r\n\r\nGET /../.. HTTP/1.1\r\nhost: x\r\n\r\n"
  }
  for (const [what, bytes] of Object.entries(clients)) {
    it.scopedLive(`${what}`, () =>
      Effect.gen(function*() {
        const sandbox = yield* start()
        const sockets = yield* Effect.replicateEffect(connect(originOf(sandbox), bytes), 20)
        const read = trustly(sandbox).get(`/customers/${john}`)
        assert.strictEqual((yield* read).status, 200)
        for (const socket of sockets.slice(10)) socket.resetAndDestroy()
        assert.strictEqual((yield* read).status, 200)
        assert.strictEqual((yield* sandbox.customers)[0]?.name, "John Smith")
      }))
  }
})
