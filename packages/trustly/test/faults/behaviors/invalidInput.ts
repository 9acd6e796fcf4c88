import { assert } from "@effect/vitest"
import { Cause, ConfigError, Effect, Exit, Option, Redacted } from "effect"
import { CustomerService, type CustomerUpdate, type TrustlyConfig } from "effect-trustly"
import { inspect } from "node:util"
import type { Behaviour } from "../Behaviour.ts"
import { type Failure, succeeds } from "../expectations.ts"
import { listen } from "../FaultServer.ts"
import { assertExpected, makeService, update } from "../harness.ts"
import { answer, customer, customerId, goodBody, nested, onRequest, write } from "../wire.ts"

const good = onRequest(write(answer(200, goodBody)))
const refused: Failure = { _tag: "Failure", tag: "TrustlyValidationError", isRetryable: false, outcome: "NotSent" }

const badIds: Readonly<Record<string, string>> = {
  "empty": "",
  "a dot": ".",
  "two dots": "..",
  "a path": "1/2",
  "a path upwards": "../accounts/9",
  "a backslash": "1\\2",
  "a query": "1?x=1",
  "a hash": "1#y",
  "escaped": "%2e%2e",
  "a space": "1 2",
  "only a space": " ",
  "a line end": "1\r\nx: y",
  "a NUL": "1\0",
  "a tab": "\t1",
  "a delete": "1\x7f",
  "a no-break space": "1\u00a0",
  "a line separator": "1\u2028",
  "half a surrogate pair": "\ud800",
  "the other half": "1\udc00",
  "129 characters": "1".repeat(129)
}

const goodIds = ["1", "1".repeat(128), "...", "a.b", "ab:c;d=e&f@g", "日本", "😀", "~-_!*'()", "é"]

const ids: ReadonlyArray<Behaviour> = [
  ...Object.entries(badIds).map(([name, id]): Behaviour => ({
    name: `a customer id that is ${name}`,
    check: (client) =>
      Effect.gen(function*() {
        const server = yield* listen({ plays: good })
        const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
        assertExpected(yield* Effect.exit(service.update(id, update)), [refused], "update")
        assertExpected(yield* Effect.exit(service.get(id)), [refused], "get")
        assertExpected(yield* Effect.exit(service.modify(id, () => ({ vip: 1 }))), [refused], "modify")
        assert.strictEqual(server.connections.length, 0, "connections")
      })
  })),
  {
    name: "customer ids that are unusual are sent in one segment of the path",
    check: (client) =>
      Effect.gen(function*() {
        const server = yield* listen({ plays: good })
        const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
        for (const id of goodIds) assertExpected(yield* Effect.exit(service.update(id, update)), [succeeds()])
        const paths = server.requests().map((request) => request.path)
        const sent = paths.map((path) => decodeURIComponent(path.replace("/api/v1/customers/", "")))
        assert.sameMembers(sent, goodIds)
        for (const path of paths) assert.match(path, /^\/api\/v1\/customers\/[^/?#]+$/)
      })
  }
]

const cycle: Record<string, unknown> = {}
cycle["self"] = cycle
class Point {
  get x() {
    return 1
  }
}

const badData: Readonly<Record<string, unknown>> = {
  "a function": () => 1,
  "a symbol": Symbol("x"),
  "a bigint": 1n,
  "NaN": Number.NaN,
  "Infinity": Number.POSITIVE_INFINITY,
  "undefined in a list": [undefined],
  "a map": new Map([["a", 1]]),
  "a set": new Set([1]),
  "an object with a getter on its class": new Point(),
  "bytes": new Uint8Array([1]),
  "a cycle": cycle,
  "100,000 lists": JSON.parse(nested("[", "1", "]"))
}

const data: ReadonlyArray<Behaviour> = Object.entries(badData).map(([name, value]) => ({
  name: `customData with ${name}`,
  check: (client) =>
    Effect.gen(function*() {
      const server = yield* listen({ plays: good })
      const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
      assertExpected(yield* Effect.exit(service.update(customerId, { ...update, customData: { value } })), [refused])
      assert.strictEqual(server.connections.length, 0, "connections")
    })
}))

const badCustomers: Readonly<Record<string, string>> = {
  "null": "null",
  "a list": "[]",
  "a text": "\"x\"",
  "empty": "{}",
  "without a name": JSON.stringify({ ...update, name: undefined }),
  "of an empty name": JSON.stringify({ ...update, name: "" }),
  "of a name that is null": JSON.stringify({ ...update, name: null }),
  "of another id": JSON.stringify({ ...update, customerId: "1" }),
  "of a country in small letters": JSON.stringify({ ...update, address: { country: "us" } }),
  "with a key that nobody knows": JSON.stringify({ ...update, nmae: "Joe" }),
  "with a list as customData": JSON.stringify({ ...update, customData: [] }),
  "with a text as customData": JSON.stringify({ ...update, customData: "x" }),
  "with a __proto__ of its own": JSON.stringify(update).replace("{", "{\"__proto__\":{\"polluted\":true},")
}

// JSON.parse is how wrong data gets past the compiler in a real program
const parse = (json: string): CustomerUpdate => JSON.parse(json)

const customers: ReadonlyArray<Behaviour> = [
  ...Object.entries(badCustomers).map(([name, json]): Behaviour => ({
    name: `a customer ${name}`,
    check: (client) =>
      Effect.gen(function*() {
        const server = yield* listen({ plays: good })
        const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
        assertExpected(yield* Effect.exit(service.update(customerId, parse(json))), [refused])
        assert.strictEqual(server.connections.length, 0, "connections")
      })
  })),
  {
    name: "a customer whose getter throws",
    check: (client) =>
      Effect.gen(function*() {
        const server = yield* listen({ plays: good })
        const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
        const hostile = Object.defineProperty({ ...update }, "email", {
          enumerable: true,
          get: () => {
            throw new Error(customer.email)
          }
        })
        assertExpected(yield* Effect.exit(service.update(customerId, hostile)), [refused])
        assert.strictEqual(server.connections.length, 0, "connections")
      })
  }
]

const options: TrustlyConfig.Options = { accessId: "id", accessKey: Redacted.make("sentinel-key") }

const badOptions: Readonly<Record<string, readonly [key: string, Partial<TrustlyConfig.Options>]>> = {
  "an empty access id": ["accessId", { accessId: "" }],
  "an access id with a colon": ["accessId", { accessId: "sentinel:1" }],
  "an access id with a space before it": ["accessId", { accessId: " sentinel" }],
  "an access id with a line end": ["accessId", { accessId: "sentinel\r\nx: y" }],
  "an empty access key": ["accessKey", { accessKey: Redacted.make("") }],
  "an access key with a space after it": ["accessKey", { accessKey: Redacted.make("sentinel ") }],
  "an access key with a NUL": ["accessKey", { accessKey: Redacted.make("sentinel\0") }],
  "a base URL that is none": ["baseUrl", { baseUrl: "sentinel" }],
  "an empty base URL": ["baseUrl", { baseUrl: "" }],
  "a base URL without TLS": ["baseUrl", { baseUrl: "http://sentinel.example/api/v1" }],
  "a base URL that looks like loopback": ["baseUrl", { baseUrl: "http://127.0.0.1.sentinel.example/" }],
  "a base URL of another scheme": ["baseUrl", { baseUrl: "ftp://sentinel.example/" }],
  "a base URL with a user": ["baseUrl", { baseUrl: "https://sentinel:key@trustly.example/" }],
  "a base URL with a query": ["baseUrl", { baseUrl: "https://trustly.example/?sentinel=1" }],
  "a base URL with a hash": ["baseUrl", { baseUrl: "https://trustly.example/#sentinel" }]
}

const printed = (exit: Exit.Exit<unknown, unknown>): string =>
  `${String(exit)} ${inspect(exit, { depth: 20 })} ${JSON.stringify(exit)}`

const configuration: ReadonlyArray<Behaviour> = Object.entries(badOptions).map(([name, [key, bad]]) => ({
  name: `${name}`,
  check: (client) =>
    Effect.gen(function*() {
      const exit = yield* CustomerService.make({ ...options, ...bad }).pipe(Effect.provide(client.layer), Effect.exit)
      const error = Exit.isFailure(exit) ? Cause.failureOption(exit.cause) : Option.none()
      assert(Option.exists(error, ConfigError.isConfigError), `ended with ${String(exit)}`)
      const print = printed(exit)
      assert.include(print, key)
      assert.notInclude(print, "sentinel")
    })
}))

export const refusals: ReadonlyArray<Behaviour> = [...ids, ...data, ...customers, ...configuration]
