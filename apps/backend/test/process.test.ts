import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Schema } from "effect"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { join } from "node:path"
import { ask, post } from "../../../packages/trustly-sandbox/test/ask.ts"
import type { Environment } from "./support/processes.ts"
import { environmentOf, key, start, until } from "./support/processes.ts"

const customer = "1001165729"
const layer = Layer.merge(TrustlySandbox.layer({ seed: 20 }), NodeFileSystem.layer)

const setUp = Effect.gen(function*() {
  const folder = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()
  const sandbox = yield* TrustlySandbox
  return { folder, sandbox, environment: environmentOf(sandbox, join(folder, "delivery.db")) }
})

const receiptOf = (json: unknown) =>
  Effect.map(Schema.decodeUnknown(Schema.Struct({ receipt: Schema.String }))(json), ({ receipt }) => receipt)

const accept = (url: string, customerId: string, change: unknown) =>
  Effect.gen(function*() {
    const { json, status, text } = yield* post(`${url}/customers/${customerId}/changes`, { change })
    assert.strictEqual(status, 202, text)
    return yield* receiptOf(json)
  })

const statusIs = (tag: string) => (text: string) => text.includes(`"_tag":"${tag}"`)

const refusals = (cases: ReadonlyArray<readonly [environment: Environment, exitCode: number, line: RegExp]>) =>
  Effect.forEach(cases, ([given, exitCode, line]) =>
    Effect.gen(function*() {
      const backend = yield* start(given)
      assert.strictEqual(yield* backend.exitCode, exitCode, backend.output())
      assert.match(backend.output().trimEnd(), line)
      assert.lengthOf(backend.output().trimEnd().split("\n"), 1, backend.output())
      assert.notInclude(backend.output(), "sentinel")
    }))

describe("the process", () => {
  it.scopedLive("delivers, keeps dead letters, leaves no field value anywhere, and exits with 0 on SIGTERM", () =>
    Effect.gen(function*() {
      const { environment, folder, sandbox } = yield* setUp
      const backend = yield* start(environment)
      const url = yield* backend.url
      const sentinels = {
        name: "sentinel-name",
        email: "sentinel@example.test",
        taxId: "sentinel-tax",
        customData: { a: "sentinel-data" }
      }

      const delivered = yield* accept(url, customer, sentinels)
      const texts = [yield* until(`${url}/changes/${delivered}`, statusIs("Delivered"))]
      const applied = (yield* sandbox.requests).at(-1)?.applied
      assert.include(applied, { name: "sentinel-name" })

      const failed = yield* accept(url, "unknown-customer", sentinels)
      texts.push(yield* until(`${url}/changes/${failed}`, statusIs("Failed")))
      texts.push((yield* ask(`${url}/dead-letters`)).text)
      assert.include(texts.at(-1), failed)
      yield* ask(`${url}/dead-letters/${failed}/retry`, { method: "POST" })
      texts.push(yield* until(`${url}/changes/${failed}`, (text) => statusIs("Failed")(text)))
      const discarded = yield* ask(`${url}/dead-letters/${failed}`, { method: "DELETE" })
      assert.strictEqual(discarded.status, 204)
      texts.push(yield* until(`${url}/changes/${failed}`, statusIs("Discarded")))

      const profile = yield* post(`${url}/customers/${customer}/profile`, { tier: 3, newsletter: true })
      yield* until(`${url}/changes/${yield* receiptOf(profile.json)}`, statusIs("Delivered"))
      assert.strictEqual((yield* sandbox.requests).at(-1)?.applied?.["vip"], 3)

      // one that stays queued, with its payload in the file
      yield* sandbox.fail({ fault: { _tag: "Status", status: 503 }, every: 1 })
      const queued = yield* accept(url, customer, sentinels)
      texts.push(yield* until(`${url}/changes/${queued}`, (text) => text.includes("TrustlyServerError")))
      const metrics = yield* until(`${url}/metrics`, (text) => /^trustly_delivery_backlog 1$/m.test(text))
      assert.match(metrics, /^trustly_delivery_dead_letters 0$/m)
      assert.match(metrics, /^trustly_delivery_paused 0$/m)
      texts.push(metrics)

      const fs = yield* FileSystem.FileSystem
      const files = yield* Effect.forEach(yield* fs.readDirectory(folder), (name) => fs.readFile(join(folder, name)))
      const stored = files.map((bytes) => Buffer.from(bytes).toString("latin1")).join("")
      assert.include(stored, queued)
      for (const text of [stored, backend.output(), ...texts]) {
        assert.notInclude(text, "sentinel")
        assert.notInclude(text, key)
      }

      yield* backend.kill("SIGTERM")
      assert.strictEqual(yield* backend.exitCode, 0)
    }).pipe(Effect.provide(layer)))

  it.scopedLive("pauses when the credentials are refused, and delivers after a restart with the right ones", () =>
    Effect.gen(function*() {
      const { environment, sandbox } = yield* setUp
      const first = yield* start({ ...environment, TRUSTLY_ACCESS_KEY: "wrong" })
      const url = yield* first.url
      const receipt = yield* accept(url, customer, { vip: 4 })
      const ready = yield* until(`${url}/health/ready`, statusIs("Paused"))
      assert.include(ready, `"reason":"CredentialsRefused"`)
      assert.include(ready, `"failed":0`)
      const paused = yield* until(`${url}/metrics`, (text) => /^trustly_delivery_paused 1$/m.test(text))
      assert.match(paused, /^trustly_delivery_dead_letters 0$/m)
      assert.strictEqual((yield* ask(`${url}/health/ready`)).status, 200)
      yield* first.kill("SIGINT")
      assert.strictEqual(yield* first.exitCode, 0)

      const second = yield* start(environment)
      const again = yield* second.url
      yield* until(`${again}/changes/${receipt}`, statusIs("Delivered"))
      assert.include(yield* until(`${again}/health/ready`, statusIs("Running")), `"queued":0`)
      assert.strictEqual((yield* sandbox.requests).at(-1)?.applied?.["vip"], 4)
    }).pipe(Effect.provide(layer)))

  it.scopedLive("loses nothing when it is killed and started again", () =>
    Effect.gen(function*() {
      const { environment, sandbox } = yield* setUp
      yield* sandbox.fail({ fault: { _tag: "Status", status: 503 }, times: 5 })
      const first = yield* start(environment)
      const url = yield* first.url
      const values = Array.from({ length: 30 }, (_, index) => index + 1)
      const receipts = yield* Effect.forEach(values, (vip) => accept(url, customer, { vip }))
      yield* first.kill("SIGKILL")
      yield* first.exitCode

      const second = yield* start(environment)
      const again = yield* second.url
      for (const receipt of receipts) yield* until(`${again}/changes/${receipt}`, statusIs("Delivered"))
      const sent = (yield* sandbox.requests).flatMap(({ applied }) =>
        applied === undefined ? [] : [Number(applied["vip"])]
      )
      assert.deepStrictEqual([...new Set(sent)], values)
      for (const [index, vip] of sent.entries()) assert.isAtLeast(vip, sent[index - 1] ?? 0)
      // at most the request that was in flight is repeated
      assert.isAtMost(sent.length, values.length + 1)
    }).pipe(Effect.provide(layer)))

  it.scopedLive("answers 503 to readiness while it drains, and lets the request in flight end", () =>
    Effect.gen(function*() {
      const { environment, sandbox } = yield* setUp
      const backend = yield* start(environment)
      const url = yield* backend.url
      // as long as the process waits for a request in flight, less some seconds
      yield* sandbox.fail({ fault: { _tag: "Delay", millis: 8000 }, times: 1 })
      const receipt = yield* accept(url, customer, { vip: 5 })
      yield* Effect.repeat(sandbox.requests, { until: (requests) => requests.length > 0 })
      // asks before the signal, because a busy machine may be slow to start asking
      const draining = yield* Effect.fork(until(`${url}/health/ready`, statusIs("Draining")))
      yield* backend.kill("SIGTERM")
      assert.strictEqual(yield* Fiber.join(draining), `{"_tag":"Draining"}`)
      assert.strictEqual(yield* backend.exitCode, 0)

      const second = yield* start(environment)
      yield* until(`${yield* second.url}/changes/${receipt}`, statusIs("Delivered"))
      const writes = (yield* sandbox.requests).filter(({ applied }) => applied !== undefined)
      assert.strictEqual(writes.length, 1)
    }).pipe(Effect.provide(layer)))

  it.scopedLive("exits with 2 and names the variable when the configuration is missing or unusable", () =>
    Effect.gen(function*() {
      const { environment } = yield* setUp
      const { DELIVERY_KEYS: _, ...withoutKeys } = environment
      const databaseUrls = [
        "sentinel",
        "mysql://sentinel@127.0.0.1:1/x",
        "postgres://sentinel@127.0.0.1:99999/x",
        "postgres://sentinel:%ff@127.0.0.1:1/x"
      ]
      const refusedUrl = /^DATABASE_URL must be a valid URL that starts with postgres:\/\/$/
      yield* refusals([
        [withoutKeys, 2, /^DELIVERY_KEYS is missing$/],
        [{ ...environment, DELIVERY_KEYS: "sentinel" }, 2, /^DELIVERY_KEYS key 1 must be 32 bytes in base64$/],
        [{ ...environment, PORT: "sentinel" }, 2, /^PORT must be a whole number from 0 to 65535$/],
        [{ ...environment, DELIVERY_RETENTION: "sentinel" }, 2, /^DELIVERY_RETENTION must be a duration/],
        [{ ...environment, TRUSTLY_BASE_URL: "sentinel" }, 2, /^TRUSTLY_BASE_URL must be/],
        ...databaseUrls.map((url) => [{ ...environment, DATABASE_URL: url }, 2, refusedUrl] as const)
      ])
      // an empty variable is an absent one
      yield* (yield* start({ ...environment, DATABASE_URL: "" })).url
    }).pipe(Effect.provide(layer)))

  it.scopedLive("exits with one line when the file is in use, HOST or PORT cannot be used, or the database cannot be reached", () =>
    Effect.gen(function*() {
      const { environment, folder } = yield* setUp
      const running = yield* start(environment)
      const { port } = new URL(yield* running.url)
      const other = { ...environment, DELIVERY_FILE: join(folder, "other.db") }
      const unreachable = "postgres://user:sentinel@127.0.0.1:1/x"
      yield* refusals([
        [environment, 1, /delivery\.db is in use by another process/],
        [{ ...other, PORT: port }, 1, /^Cannot listen on HOST and PORT: EADDRINUSE$/],
        [{ ...other, HOST: "192.0.2.1" }, 2, /^Cannot listen on HOST and PORT: EADDRNOTAVAIL$/],
        [{ ...other, DELIVERY_FILE: join(folder, "missing", "x.db") }, 1, /x\.db: its folder does not exist$/],
        [{ ...other, DELIVERY_FILE: folder }, 1, /^Cannot use the database file .*: it is a folder$/],
        [{ ...other, DATABASE_URL: unreachable }, 1, /^Cannot use the database in DATABASE_URL: ECONNREFUSED$/]
      ])
    }).pipe(Effect.provide(layer)))

  it.scopedLive("exits with 2 and names the key's id when stored changes need a key that is missing", () =>
    Effect.gen(function*() {
      const { environment } = yield* setUp
      const first = yield* start(environment)
      const receipt = yield* accept(yield* first.url, "unknown-customer", { vip: 1 })
      yield* until(`${yield* first.url}/changes/${receipt}`, statusIs("Failed"))
      yield* first.kill("SIGTERM")
      yield* first.exitCode
      const otherKey = Buffer.alloc(32, 8).toString("base64")
      yield* refusals([[{ ...environment, DELIVERY_KEYS: otherKey }, 2, /^DELIVERY_KEYS: .*encryption key [0-9a-f]+/]])
    }).pipe(Effect.provide(layer)))
})
