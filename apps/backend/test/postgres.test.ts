import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { afterAll, beforeAll } from "vitest"
import { isInstalled, Postgres } from "../../../packages/trustly-delivery/test/support/postgres.ts"
import { post } from "../../../packages/trustly-sandbox/test/ask.ts"
import { DatabaseProxy } from "./support/databaseProxy.ts"
import { environmentOf, start, until } from "./support/processes.ts"

/** Waits until the proxy has frozen. */
const frozen = (proxy: DatabaseProxy) =>
  Effect.repeat(Effect.delay(Effect.sync(() => proxy.isFrozen), "10 millis"), { until: (isFrozen) => isFrozen })

const saveProfile = (url: string, customerId = "1") =>
  post(`${url}/customers/${customerId}/profile`, { tier: 3, newsletter: true })

describe.skipIf(!isInstalled)("the process on Postgres (requires Debian's postgresql package)", () => {
  let postgres: Postgres | undefined
  let databases = 0
  beforeAll(async () => {
    if (isInstalled) postgres = await Postgres.start()
  })
  afterAll(() => postgres?.stop())

  /** An empty database behind a proxy, and the environment of a backend that uses it through the proxy. */
  const setUp = Effect.gen(function*() {
    const url = postgres?.createDatabase(`backend_${++databases}`) ?? ""
    const proxy = yield* Effect.acquireRelease(
      Effect.promise(() => DatabaseProxy.start(url)),
      (started) => Effect.sync(() => started.stop())
    )
    const environment = environmentOf(yield* TrustlySandbox, "")
    return { proxy, url, environment: { ...environment, DATABASE_URL: proxy.url } }
  })

  it.scopedLive("exits with 1 and one line when the database accepts the connection and never answers", () =>
    Effect.gen(function*() {
      const { environment, proxy } = yield* setUp
      proxy.freeze()
      const backend = yield* start(environment)
      assert.strictEqual(yield* backend.exitCode, 1)
      assert.strictEqual(backend.output(), "Cannot use the database in DATABASE_URL: ETIMEDOUT\n")
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.scopedLive("exits with 0 on SIGTERM when the database hangs during the start", () =>
    Effect.gen(function*() {
      const { environment, proxy } = yield* setUp
      proxy.freezeAt("CREATE TABLE")
      const backend = yield* start(environment)
      yield* frozen(proxy)
      yield* backend.kill("SIGTERM")
      assert.strictEqual(yield* backend.exitCode, 0)
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.scopedLive("accepts a customer's profile again after a process has hung while it saved one", () =>
    Effect.gen(function*() {
      const { environment, proxy, url } = yield* setUp
      const hanging = yield* (yield* start(environment)).url
      const other = yield* (yield* start({ ...environment, DATABASE_URL: url })).url
      proxy.freezeAt("INSERT INTO profiles")
      assert.strictEqual((yield* saveProfile(hanging)).status, 503)
      yield* Effect.repeat(saveProfile(other), { until: ({ status }) => status === 202 })
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.scopedLive("answers 400 when a profile's customer id is not valid", () =>
    Effect.gen(function*() {
      const { environment } = yield* setUp
      const url = yield* (yield* start(environment)).url
      const { json, status } = yield* saveProfile(url, "%00")
      assert.strictEqual(status, 400)
      assert.include(json, { _tag: "TrustlyValidationError" })
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.scopedLive("answers 503 with the reason when a profile cannot be saved because the database is gone", () =>
    Effect.gen(function*() {
      const { environment, proxy } = yield* setUp
      const url = yield* (yield* start(environment)).url
      proxy.stop()
      yield* until(`${url}/health/ready`, (text) => text.includes("ECONNREFUSED"))
      const { json, status } = yield* saveProfile(url)
      assert.strictEqual(status, 503)
      assert.deepStrictEqual(json, { _tag: "StorageError", reason: "Unavailable", code: "ECONNREFUSED" })
    }).pipe(Effect.provide(TrustlySandbox.layer())))
})
