import { HttpServer } from "@effect/platform"
import { NodeHttpServer } from "@effect/platform-node"
import { SqliteClient } from "@effect/sql-sqlite-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Option, Schema, Stream } from "effect"
import { CustomerService } from "effect-trustly"
import { CustomerDelivery } from "effect-trustly-delivery"
import { CustomersMemory } from "effect-trustly/testing"
import { createServer } from "node:http"
import type { Request } from "../../../packages/trustly-sandbox/test/ask.ts"
import { ask, jsonType, post } from "../../../packages/trustly-sandbox/test/ask.ts"
import { http } from "../src/Backend.ts"
import { Drain } from "../src/Drain.ts"

const joe = { customerId: "1", name: "Joe", email: "joe@example.com", phone: "+1", address: { country: "US" } }
const encodeJson = Schema.encode(Schema.parseJson())
const sentinel = "sentinel-7f3a"

class Url extends Context.Tag("test/Url")<Url, string>() {}

const backendOn = <E>(delivery: Layer.Layer<CustomerDelivery, E>) =>
  Layer.effect(
    Url,
    Effect.map(HttpServer.HttpServer, ({ address }) =>
      address._tag === "TcpAddress" ? `http://127.0.0.1:${address.port}` : "")
  ).pipe(
    Layer.provideMerge(http(["backend.internal"])),
    Layer.provide(NodeHttpServer.layer(createServer, { port: 0, host: "127.0.0.1" })),
    Layer.provideMerge(Drain.layer),
    Layer.provideMerge(delivery),
    Layer.provide(SqliteClient.layer({ filename: ":memory:" }))
  )

/** The backend over HTTP, with delivery and customers in memory. */
const backend = (
  options: { readonly maxBacklog?: number } = {},
  customers: Layer.Layer<CustomerService> = CustomersMemory.layer([joe])
) => backendOn(Layer.provide(CustomerDelivery.layerMemory(options), customers))

/** The backend on a database that never answers. */
const backendThatHangs = () => {
  // canceling a statement waits for the database too
  const hang = Effect.uninterruptible(Effect.never)
  return backendOn(Layer.succeed(CustomerDelivery, {
    enqueue: () => hang,
    status: () => hang,
    await: () => hang,
    failed: () => Stream.fromEffect(hang),
    retry: () => hang,
    discard: () => hang,
    counts: hang,
    state: hang
  }))
}

const Receipt = Schema.Struct({ receipt: Schema.String })
const receiptOf = (json: unknown) => Effect.map(Schema.decodeUnknown(Receipt)(json), ({ receipt }) => receipt)

const ended = (url: string, receipt: string) =>
  ask(`${url}/changes/${receipt}`).pipe(
    Effect.repeat({ until: ({ text }) => !text.includes("\"Queued\"") })
  )

const deadLetter = (url: string, customerId = "unknown-customer") =>
  Effect.gen(function*() {
    const { json } = yield* post(`${url}/customers/${customerId}/changes`, { change: { vip: 2 } })
    const receipt = yield* receiptOf(json)
    const { json: status } = yield* ended(url, receipt)
    assert.include(status, { _tag: "Failed" })
    return receipt
  })

const issuesOf = (json: unknown) =>
  Option.getOrUndefined(
    Schema.decodeUnknownOption(Schema.TaggedStruct("TrustlyValidationError", {
      issues: Schema.Array(
        Schema.Struct({ path: Schema.String, problem: Schema.String, expected: Schema.optional(Schema.String) })
      )
    }))(json)
  )?.issues ?? []

describe("POST /customers/{customerId}/changes", () => {
  it.live("answers 202 with a receipt and its location, and delivers the change", () =>
    Effect.gen(function*() {
      const url = yield* Url
      const { headers, json, status } = yield* post(`${url}/customers/1/changes`, { change: { vip: 2 } })
      const receipt = yield* receiptOf(json)
      assert.deepStrictEqual([status, headers.location], [202, `/changes/${receipt}`])
      const { json: delivered } = yield* ended(url, receipt)
      assert.include(delivered, { _tag: "Delivered", receipt, customerId: "1", attempts: 1 })
    }).pipe(Effect.provide(backend())))

  it.live("accepts a whole customer, and a body without its length", () =>
    Effect.gen(function*() {
      const url = yield* Url
      const { customerId: _, ...update } = joe
      const { status } = yield* ask(`${url}/customers/1/changes`, {
        method: "POST",
        headers: jsonType,
        body: yield* encodeJson({ update }),
        chunked: true
      })
      assert.strictEqual(status, 202)
    }).pipe(Effect.provide(backend())))

  it.live("answers 202 with the first receipt when the same change comes again with its key, and 409 for another change", () =>
    Effect.gen(function*() {
      const url = yield* Url
      const send = (vip: number, customer = "1") =>
        post(`${url}/customers/${customer}/changes`, { change: { vip } }, { "idempotency-key": "key" })
      const first = yield* send(2)
      const again = yield* send(2)
      const receipt = yield* receiptOf(first.json)
      assert.deepStrictEqual([again.status, again.json], [202, { receipt }])
      const other = yield* send(3)
      assert.deepStrictEqual([other.status, other.json], [409, { _tag: "IdempotencyConflict", receipt }])
      // a key belongs to a customer
      const another = yield* send(3, "2")
      assert.strictEqual(another.status, 202)
      assert.notStrictEqual(yield* receiptOf(another.json), receipt)
    }).pipe(Effect.provide(backend())))

  const refused: ReadonlyArray<
    readonly [what: string, request: Request & { readonly path?: string }, path: string, problem?: string]
  > = [
    ["JSON that is cut off", { body: `{"change":{"name":"${sentinel}` }, ""],
    ["an empty body", { body: "" }, ""],
    ["a body that is not UTF-8", { body: Uint8Array.of(0x22, 0xff, 0x22) }, ""],
    ["a body that is no object", { body: `["${sentinel}"]` }, ""],
    ["null", { body: "null" }, ""],
    ["an object without a change", { body: "{}" }, "change", "missing"],
    ["a change and an update", { body: `{"change":{},"update":{}}` }, "change", "unknown"],
    ["a wrong type", { body: `{"change":{"email":5}}` }, "change.email"],
    ["an unknown field", { body: `{"change":{"nickname":"${sentinel}"}}` }, "change.nickname", "unknown"],
    ["an unknown key beside the change", { body: `{"change":{"vip":2},"other":"${sentinel}"}` }, "other", "unknown"],
    ["a prototype", { body: `{"change":{"vip":2},"__proto__":{"customerId":"2"}}` }, "__proto__", "unknown"],
    ["a customer in the body", { body: `{"change":{"vip":2},"customerId":"2"}` }, "customerId", "unknown"],
    ["a customer by another identifier", { body: `{"change":{"vip":2},"externalId":"2"}` }, "externalId", "unknown"],
    ["another customer in the change", { body: `{"change":{"customerId":"2"}}` }, "change.customerId"],
    ["a large body", { body: `{"change":{"name":"${sentinel.repeat(30_000)}"}}` }, ""],
    [
      "a large body without its length",
      { body: `{"change":{"name":"${sentinel.repeat(30_000)}"}}`, chunked: true },
      ""
    ],
    [
      "deep nesting",
      { body: `{"change":{"customData":${"{\"a\":".repeat(20_000)}1${"}".repeat(20_000)}}}` },
      "change.customData"
    ],
    [
      "another content type",
      { body: `{"change":{"vip":2}}`, headers: { "content-type": "text/plain" } },
      "content-type"
    ],
    ["a slash in the id", { body: `{"change":{"vip":2}}`, path: "/customers/a%2Fb/changes" }, "customerId"],
    ["dots as the id", { body: `{"change":{"vip":2}}`, path: "/customers/%2e%2e/changes" }, "customerId"],
    ["a null character in the id", { body: `{"change":{"vip":2}}`, path: "/customers/%00/changes" }, "customerId"],
    [
      "an id of 129 characters",
      { body: `{"change":{"vip":2}}`, path: `/customers/${"a".repeat(129)}/changes` },
      "customerId"
    ],
    ["an empty id", { body: `{"change":{"vip":2}}`, path: "/customers//changes" }, "path"],
    ["broken percent-encoding", { body: `{"change":{"vip":2}}`, path: "/customers/%zz/changes" }, "path"],
    [
      "an empty idempotency key",
      { body: `{"change":{"vip":2}}`, headers: { ...jsonType, "idempotency-key": "" } },
      "idempotency-key"
    ],
    [
      "an idempotency key of 256 characters",
      { body: `{"change":{"vip":2}}`, headers: { ...jsonType, "idempotency-key": sentinel.repeat(20).slice(0, 256) } },
      "idempotency-key"
    ]
  ]

  for (const [what, { path = "/customers/1/changes", ...request }, issue, problem = "invalid"] of refused) {
    it.live(`answers 400 with issues and without values for ${what}, and stores nothing`, () =>
      Effect.gen(function*() {
        const url = yield* Url
        const { json, status, text } = yield* ask(`${url}${path}`, { method: "POST", headers: jsonType, ...request })
        assert.strictEqual(status, 400, text)
        assert.include(issuesOf(json).map((each) => `${each.path} is ${each.problem}`), `${issue} is ${problem}`)
        assert.notInclude(text, "sentinel")
        assert.notInclude(text, "actual")
        const { json: ready } = yield* ask(`${url}/health/ready`)
        assert.deepStrictEqual(ready, { delivery: { _tag: "Running" }, queued: 0, failed: 0 })
      }).pipe(Effect.provide(backend())))
  }

  it.live("accepts an id of 128 characters and a key of 255", () =>
    Effect.gen(function*() {
      const url = yield* Url
      const key = { "idempotency-key": "k".repeat(255) }
      const { status } = yield* post(`${url}/customers/${"a".repeat(128)}/changes`, { change: { vip: 2 } }, key)
      assert.strictEqual(status, 202)
    }).pipe(Effect.provide(backend())))

  it.live("accepts an id with a semicolon", () =>
    Effect.gen(function*() {
      const url = yield* Url
      const { json, status, text } = yield* post(`${url}/customers/a;b=1/changes`, { change: { vip: 2 } })
      assert.strictEqual(status, 202, text)
      assert.include((yield* ended(url, yield* receiptOf(json))).json, { customerId: "a;b=1" })
    }).pipe(Effect.provide(backend())))

  it.live("answers 429 with Retry-After when the backlog is full", () =>
    Effect.gen(function*() {
      const url = yield* Url
      yield* post(`${url}/customers/1/changes`, { change: { vip: 1 } })
      const full = yield* post(`${url}/customers/1/changes`, { change: { vip: 2 } })
      assert.deepStrictEqual(
        [full.status, full.json, full.headers["retry-after"]],
        [429, { _tag: "BacklogFull", maxBacklog: 1 }, "1"]
      )
    }).pipe(Effect.provide(backend({ maxBacklog: 1 }, CustomerService.layerTest({ modify: () => Effect.never })))))
})

describe("POST /customers/{customerId}/profile", () => {
  it.live("accepts a profile, and answers 400 for one that is not valid", () =>
    Effect.gen(function*() {
      const url = yield* Url
      const { json, status } = yield* post(`${url}/customers/1/profile`, { tier: 3, newsletter: true })
      assert.strictEqual(status, 202)
      assert.include((yield* ended(url, yield* receiptOf(json))).json, { _tag: "Delivered" })
      const refused = yield* post(`${url}/customers/1/profile`, { tier: 9, newsletter: sentinel, extra: sentinel })
      assert.strictEqual(refused.status, 400)
      assert.sameMembers(issuesOf(refused.json).map(({ path }) => path), ["tier", "newsletter", "extra"])
      assert.notInclude(refused.text, sentinel)
    }).pipe(Effect.provide(backend())))

  it.live("sends every profile that it saves, also when an idempotency key comes again", () =>
    Effect.gen(function*() {
      const url = yield* Url
      const save = (tier: number, key: string) =>
        post(`${url}/customers/1/profile`, { tier, newsletter: true }, { "idempotency-key": key })
      const saved = yield* Effect.all([save(1, "a"), save(2, "b"), save(1, "a")])
      assert.deepStrictEqual(saved.map(({ status }) => status), [202, 202, 202])
      const receipts = yield* Effect.forEach(saved, ({ json }) => receiptOf(json))
      assert.strictEqual(new Set(receipts).size, 3)
    }).pipe(Effect.provide(backend())))
})

describe("GET /changes/{receipt}", () => {
  it.live("answers 404 for a receipt that does not exist", () =>
    Effect.gen(function*() {
      const url = yield* Url
      for (const receipt of ["nothing", "%00", "a%2Fb", "r".repeat(5_000)]) {
        const { json, status } = yield* ask(`${url}/changes/${receipt}`)
        assert.strictEqual(status, 404)
        assert.include(json, { _tag: "ReceiptNotFound" })
      }
    }).pipe(Effect.provide(backend())))
})

describe("dead letters", () => {
  const Page = Schema.Struct({
    items: Schema.Array(
      Schema.TaggedStruct("Failed", { receipt: Schema.String, error: Schema.Object })
    ),
    next: Schema.optional(Schema.String)
  })
  const list = (url: string, query = "") =>
    Effect.flatMap(ask(`${url}/dead-letters${query}`), ({ json }) => Schema.decodeUnknown(Page)(json))

  it.live("lists them oldest first, in pages", () =>
    Effect.gen(function*() {
      const url = yield* Url
      const all = yield* Effect.forEach(["a", "b", "c"], (customerId) => deadLetter(url, customerId))
      const first = yield* list(url, "?limit=2")
      assert.deepStrictEqual([first.items.map(({ receipt }) => receipt), first.next], [all.slice(0, 2), all[1]])
      const second = yield* list(url, `?limit=2&after=${first.next}`)
      assert.deepStrictEqual([second.items.map(({ receipt }) => receipt), second.next], [all.slice(2), undefined])
      const whole = yield* list(url, "?limit=3")
      assert.deepStrictEqual([whole.items.length, whole.next], [3, undefined])
      assert.include(whole.items[0]?.error, { _tag: "TrustlyNotFoundError" })
    }).pipe(Effect.provide(backend())))

  it.live("answers 400 without values for a limit that is not one", () =>
    Effect.gen(function*() {
      const url = yield* Url
      for (const limit of ["0", "-1", "1.5", "1001", "1e3x", "", "sentinel", "1&limit=2"]) {
        const { json, status, text } = yield* ask(`${url}/dead-letters?limit=${limit}`)
        assert.strictEqual(status, 400, limit)
        assert.include(issuesOf(json).map(({ expected }) => expected), "a whole number from 1 to 1000")
        assert.notInclude(text, "actual")
        assert.notInclude(text, "sentinel")
      }
      assert.strictEqual((yield* ask(`${url}/dead-letters?after=nothing`)).status, 404)
      assert.strictEqual((yield* ask(`${url}/dead-letters?after=a&after=b`)).status, 400)
      assert.strictEqual(
        (yield* ask(`${url}/dead-letters/x/retry?evenIfSuperseded=maybe`, { method: "POST" })).status,
        400
      )
    }).pipe(Effect.provide(backend())))

  it.live("queues one again, refuses one with a newer change unless forced, and discards one", () =>
    Effect.gen(function*() {
      const url = yield* Url
      const first = yield* deadLetter(url)
      const retried = yield* ask(`${url}/dead-letters/${first}/retry`, { method: "POST" })
      assert.deepStrictEqual([retried.status, retried.json], [202, { receipt: first }])
      yield* ended(url, first)
      const second = yield* deadLetter(url)
      const superseded = yield* ask(`${url}/dead-letters/${first}/retry`, { method: "POST" })
      assert.deepStrictEqual([superseded.status, superseded.json], [409, { _tag: "Superseded", receipt: first }])
      const forced = yield* ask(`${url}/dead-letters/${first}/retry?evenIfSuperseded=true`, { method: "POST" })
      assert.strictEqual(forced.status, 202)
      const discarded = yield* ask(`${url}/dead-letters/${second}`, { method: "DELETE" })
      assert.deepStrictEqual([discarded.status, discarded.text], [204, ""])
      assert.include((yield* ended(url, second)).json, { _tag: "Discarded" })
      const again = yield* ask(`${url}/dead-letters/${second}`, { method: "DELETE" })
      assert.deepStrictEqual([again.status, again.json], [404, { _tag: "ReceiptNotFound", receipt: second }])
    }).pipe(Effect.provide(backend())))
})

describe("every route", () => {
  it.live("refuses pages of other sites and names that another site made resolve here", () =>
    Effect.gen(function*() {
      const url = yield* Url
      const foreign = [
        { host: "evil.example" },
        { host: "evil.example@127.0.0.1" },
        { origin: "http://evil.example" },
        { origin: "null" },
        { "sec-fetch-site": "cross-site" },
        { "sec-fetch-site": "same-site" }
      ]
      for (const headers of foreign) {
        for (const path of ["/", "/docs", "/dead-letters", "/health/ready"]) {
          const { json, status } = yield* ask(`${url}${path}`, { headers })
          assert.deepStrictEqual([status, json], [403, { _tag: "Forbidden" }])
        }
        const { status } = yield* post(`${url}/customers/1/changes`, { change: { vip: 2 } }, headers)
        assert.strictEqual(status, 403)
      }
      const own = [{ host: "localhost:3000" }, { host: "backend.internal" }, {
        origin: url,
        "sec-fetch-site": "same-origin"
      }]
      for (const headers of own) assert.strictEqual((yield* ask(`${url}/dead-letters`, { headers })).status, 200)
    }).pipe(Effect.provide(backend())))

  it.live("answers HEAD, OPTIONS, unknown routes, and wrong methods", () =>
    Effect.gen(function*() {
      const url = yield* Url
      const head = yield* ask(`${url}/dead-letters`, { method: "HEAD" })
      assert.deepStrictEqual([head.status, head.text], [200, ""])
      const options = yield* ask(`${url}/dead-letters/x`, { method: "OPTIONS" })
      assert.deepStrictEqual([options.status, options.headers.allow], [204, "DELETE, OPTIONS"])
      const wrong = yield* ask(`${url}/changes/x`, { method: "DELETE" })
      assert.deepStrictEqual(
        [wrong.status, wrong.headers.allow, wrong.json],
        [405, "GET, HEAD, OPTIONS", { _tag: "MethodNotAllowed" }]
      )
      const unknown = yield* ask(`${url}/customers`)
      assert.deepStrictEqual([unknown.status, unknown.json], [404, { _tag: "RouteNotFound" }])
    }).pipe(Effect.provide(backend())))

  it.live("serves the page, the document, and its viewer, which load nothing from another host", () =>
    Effect.gen(function*() {
      const url = yield* Url
      for (const path of ["/", "/page.css", "/page.js", "/icon.svg", "/docs", "/openapi.json"]) {
        const { headers, status, text } = yield* ask(`${url}${path}`)
        assert.strictEqual(status, 200)
        assert.match(String(headers["content-security-policy"]), /^default-src 'self'; /)
        assert.strictEqual(headers["x-content-type-options"], "nosniff")
        if (path !== "/docs") assert.notMatch(text, /(?:src|href)="(?:https?:)?\/\//)
      }
      const { text } = yield* ask(`${url}/openapi.json`)
      assert.include(text, "/customers/{customerId}/changes")
      assert.notInclude(text, "HttpApiDecodeError")
    }).pipe(Effect.provide(backend())))

  it.live("answers 503 while the process drains, but stays alive", () =>
    Effect.gen(function*() {
      const url = yield* Url
      yield* (yield* Drain).startDraining
      const ready = yield* ask(`${url}/health/ready`)
      assert.deepStrictEqual([ready.status, ready.json, ready.headers["retry-after"]], [503, { _tag: "Draining" }, "1"])
      assert.strictEqual((yield* post(`${url}/customers/1/changes`, { change: { vip: 2 } })).status, 503)
      assert.strictEqual((yield* ask(`${url}/health/live`)).status, 200)
    }).pipe(Effect.provide(backend())))

  it.live("answers 503 when the database does not answer, and stays alive", () =>
    Effect.gen(function*() {
      const url = yield* Url
      const requests = [
        post(`${url}/customers/1/changes`, { change: { vip: 2 } }),
        post(`${url}/customers/1/profile`, { tier: 3, newsletter: true }),
        ask(`${url}/changes/x`),
        ask(`${url}/dead-letters`),
        ask(`${url}/dead-letters/x/retry`, { method: "POST" }),
        ask(`${url}/dead-letters/x`, { method: "DELETE" }),
        ask(`${url}/health/ready`)
      ]
      const expected = [503, { _tag: "StorageError", reason: "Unavailable" }, "1"]
      for (const { headers, json, status } of yield* Effect.all(requests, { concurrency: "unbounded" })) {
        assert.deepStrictEqual([status, json, headers["retry-after"]], expected)
      }
      assert.strictEqual((yield* ask(`${url}/health/live`)).status, 200)
    }).pipe(Effect.provide(backendThatHangs())))

  it.scopedLive("answers health when as many requests wait as may run", () =>
    Effect.gen(function*() {
      const url = yield* Url
      const { trackRequest } = yield* Drain
      yield* Effect.replicateEffect(Effect.forkScoped(trackRequest(Effect.never)), 2000, { discard: true })
      assert.strictEqual((yield* ask(`${url}/health/live`)).status, 200)
      assert.strictEqual((yield* ask(`${url}/health/ready`)).status, 200)
    }).pipe(Effect.provide(backend())))

  it.live("answers /metrics in Prometheus' text format", () =>
    Effect.gen(function*() {
      const url = yield* Url
      const { headers, status, text } = yield* ask(`${url}/metrics`)
      assert.deepStrictEqual([status, headers["content-type"]], [200, "text/plain; version=0.0.4; charset=utf-8"])
      for (const line of text.trimEnd().split("\n")) {
        assert.match(
          line,
          /^(?:# (?:HELP|TYPE) [a-zA-Z_:][\w:]* .+|[a-zA-Z_:][\w:]*(?:\{(?:\w+="(?:[^"\\\n]|\\.)*",?)*\})? \S+)$/
        )
      }
    }).pipe(Effect.provide(backend())))
})
