import { assert } from "@effect/vitest"
import { Cause, ConfigError, Effect, Exit, Option, Redacted } from "effect"
import { CustomerService, type CustomerUpdate, type TrustlyConfig } from "effect-trustly"
import { inspect } from "node:util"
import type { Behavior } from "../Behavior.ts"
import { type Failure, succeeds } from "../expectations.ts"
import { listen } from "../FaultServer.ts"
import { assertExpected, makeService, update } from "../harness.ts"
import { customer, customerId, goodBody, httpResponse, nested, onRequest, write } from "../wire.ts"

const good = onRequest(write(httpResponse(200, goodBody)))
const invalid: Failure = { _tag: "Failure", tag: "TrustlyValidationError", isRetryable: false, outcome: "NotSent" }

const badIds: Readonly<Record<string, string>> = {
  "empty": "",
  "a dot": ".",
  "two dots": "..",
  "a path": "1/2",
  "a path to a parent": "../accounts/9",
  "a backslash": "1\\2",
  "a query": "1?x=1",
  "a hash": "1#y",
  "percent-encoded": "%2e%2e",
  "a space": "1 2",
  "only a space": " ",
  "a line break": "1\r\nx: y",
  "a NUL": "1\0",
  "a tab": "\t1",
  "a DEL character": "1\x7f",
  "a no-break space": "1\u00a0",
  "a line separator": "1\u2028",
  "a lone high surrogate": "\ud800",
  "a lone low surrogate": "1\udc00",
  "129 characters": "1".repeat(129)
}

const goodIds = ["1", "1".repeat(128), "...", "a.b", "ab:c;d=e&f@g", "日本", "😀", "~-_!*'()", "é"]

const ids: ReadonlyArray<Behavior> = [
  ...Object.entries(badIds).map(([name, id]): Behavior => ({
    name: `rejects a customerId: ${name}`,
    check: (client) =>
      Effect.gen(function*() {
        const server = yield* listen({ plays: good })
        const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
        assertExpected(yield* Effect.exit(service.update(id, update)), [invalid], "update")
        assertExpected(yield* Effect.exit(service.get(id)), [invalid], "get")
        assertExpected(yield* Effect.exit(service.modify(id, () => ({ vip: 1 }))), [invalid], "modify")
        assert.strictEqual(server.connections.length, 0, "connections")
      })
  })),
  {
    name: "sends an unusual customerId as one path segment",
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
  "undefined in an array": [undefined],
  "a map": new Map([["a", 1]]),
  "a set": new Set([1]),
  "an object with a getter on its class": new Point(),
  "bytes": new Uint8Array([1]),
  "a cycle": cycle,
  "100,000 nested arrays": JSON.parse(nested("[", "1", "]"))
}

const data: ReadonlyArray<Behavior> = Object.entries(badData).map(([name, value]) => ({
  name: `rejects customData with ${name}`,
  check: (client) =>
    Effect.gen(function*() {
      const server = yield* listen({ plays: good })
      const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
      assertExpected(yield* Effect.exit(service.update(customerId, { ...update, customData: { value } })), [invalid])
      assert.strictEqual(server.connections.length, 0, "connections")
    })
}))

const badCustomers: Readonly<Record<string, string>> = {
  "that is null": "null",
  "that is an array": "[]",
  "that is a string": "\"x\"",
  "without fields": "{}",
  "without a name": JSON.stringify({ ...update, name: undefined }),
  "with an empty name": JSON.stringify({ ...update, name: "" }),
  "with a null name": JSON.stringify({ ...update, name: null }),
  "with another customerId": JSON.stringify({ ...update, customerId: "1" }),
  "with a lowercase country": JSON.stringify({ ...update, address: { country: "us" } }),
  "with an unknown key": JSON.stringify({ ...update, nmae: "Joe" }),
  "with an array as customData": JSON.stringify({ ...update, customData: [] }),
  "with a string as customData": JSON.stringify({ ...update, customData: "x" }),
  "with an own __proto__ key": JSON.stringify(update).replace("{", "{\"__proto__\":{\"polluted\":true},")
}

// in real programs, JSON.parse is how invalid data gets past the compiler
const parse = (json: string): CustomerUpdate => JSON.parse(json)

const customers: ReadonlyArray<Behavior> = [
  ...Object.entries(badCustomers).map(([name, json]): Behavior => ({
    name: `rejects a customer ${name}`,
    check: (client) =>
      Effect.gen(function*() {
        const server = yield* listen({ plays: good })
        const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
        assertExpected(yield* Effect.exit(service.update(customerId, parse(json))), [invalid])
        assert.strictEqual(server.connections.length, 0, "connections")
      })
  })),
  {
    name: "rejects a customer whose getter throws",
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
        assertExpected(yield* Effect.exit(service.update(customerId, hostile)), [invalid])
        assert.strictEqual(server.connections.length, 0, "connections")
      })
  }
]

const options: TrustlyConfig.Options = { accessId: "id", accessKey: Redacted.make("sentinel-key") }

const badOptions: Readonly<Record<string, readonly [key: string, Partial<TrustlyConfig.Options>]>> = {
  "an empty accessId": ["accessId", { accessId: "" }],
  "an accessId with a colon": ["accessId", { accessId: "sentinel:1" }],
  "an accessId with a leading space": ["accessId", { accessId: " sentinel" }],
  "an accessId with a line break": ["accessId", { accessId: "sentinel\r\nx: y" }],
  "an empty accessKey": ["accessKey", { accessKey: Redacted.make("") }],
  "an accessKey with a trailing space": ["accessKey", { accessKey: Redacted.make("sentinel ") }],
  "an accessKey with a NUL": ["accessKey", { accessKey: Redacted.make("sentinel\0") }],
  "an invalid baseUrl": ["baseUrl", { baseUrl: "sentinel" }],
  "an empty baseUrl": ["baseUrl", { baseUrl: "" }],
  "a baseUrl without TLS": ["baseUrl", { baseUrl: "http://sentinel.example/api/v1" }],
  "a baseUrl that resembles loopback": ["baseUrl", { baseUrl: "http://127.0.0.1.sentinel.example/" }],
  "a baseUrl with another scheme": ["baseUrl", { baseUrl: "ftp://sentinel.example/" }],
  "a baseUrl with a user": ["baseUrl", { baseUrl: "https://sentinel:key@trustly.example/" }],
  "a baseUrl with a query": ["baseUrl", { baseUrl: "https://trustly.example/?sentinel=1" }],
  "a baseUrl with a hash": ["baseUrl", { baseUrl: "https://trustly.example/#sentinel" }]
}

const printed = (exit: Exit.Exit<unknown, unknown>): string =>
  `${String(exit)} ${inspect(exit, { depth: 20 })} ${JSON.stringify(exit)}`

const configuration: ReadonlyArray<Behavior> = Object.entries(badOptions).map(([name, [key, bad]]) => ({
  name: `rejects ${name}`,
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

export const invalidInput: ReadonlyArray<Behavior> = [...ids, ...data, ...customers, ...configuration]
