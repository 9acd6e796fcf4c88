import { assert, describe, it } from "@effect/vitest"
import { ConfigError, Effect, Either } from "effect"
import type { FaultRule } from "effect-trustly-sandbox"
import type { TrustlyModel } from "effect-trustly/testing"
import { isSoak, soak } from "../../trustly/test/soak.ts"
import { control, fields, john, start, trustly } from "./support.ts"

const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth)

const deepArray = (depth: number): unknown => Array.from({ length: depth }).reduce((inner) => [inner], [])

const circular: Array<unknown> = []
circular.push(circular)

describe("a fault rule that cannot be shown or encoded", () => {
  const bodies: Readonly<Record<string, string>> = {
    "a body nested 20,000 levels deep": `{"fault":{"_tag":"Status","status":503,"body":${nested(20_000)}}}`,
    "a body with a number that JSON cannot show": "{\"fault\":{\"_tag\":\"Status\",\"status\":503,\"body\":1e400}}",
    "a body with such a number inside": "{\"fault\":{\"_tag\":\"Status\",\"status\":503,\"body\":{\"a\":[-1e400]}}}",
    "an unknown key nested 20,000 levels deep": `{"fault":{"_tag":"Silence"},"x":${nested(20_000)}}`,
    "more than 64 KiB": `{"fault":{"_tag":"Malformed","body":"${"x".repeat(64 * 1024)}"}}`,
    "a Retry-After that HTTP cannot express": `{"fault":{"_tag":"Status","status":503,"retryAfter":1e300}}`,
    "a delay that no timer can wait for": `{"fault":{"_tag":"Delay","millis":1e300}}`,
    "a number of requests that is not exact": `{"fault":{"_tag":"Silence"},"times":1e300}`
  }
  for (const [what, body] of Object.entries(bodies)) {
    it.scopedLive(`is refused with 400 over HTTP: ${what}`, () =>
      Effect.gen(function*() {
        const sandbox = yield* start()
        const call = control(sandbox)
        const { json, status } = yield* call("POST", "/faults", body)
        assert.strictEqual(status, 400)
        assert.isTrue(Array.isArray(Object(json).issues) || typeof Object(json).message === "string")
        assert.deepStrictEqual((yield* call("GET", "/faults")).json, [])
        assert.strictEqual((yield* call("GET", "/state")).status, 200)
        assert.strictEqual((yield* trustly(sandbox).get(`/customers/${john}`)).status, 200)
      }))
  }

  const values: Readonly<Record<string, unknown>> = {
    "a body nested 20,000 levels deep": deepArray(20_000),
    "a body nested 101 levels deep": deepArray(100),
    "a circular body": circular,
    "a bigint": 1n,
    "NaN": Number.NaN,
    "a function": () => undefined,
    "a symbol": Symbol("sentinel")
  }
  for (const [what, body] of Object.entries(values)) {
    it.scopedLive(`is a typed failure for a program: ${what}`, () =>
      Effect.gen(function*() {
        const sandbox = yield* start()
        const error = yield* Effect.flip(sandbox.fail({ fault: { _tag: "Status", status: 503, body } }))
        assert.strictEqual(error._tag, "FaultRuleError")
        assert.match(error.message, /^Fault rule refused: fault\.body: expected a JSON value/)
        assert.notInclude(error.message, "sentinel")
        assert.strictEqual((yield* control(sandbox)("GET", "/state")).status, 200)
      }))
  }

  it.scopedLive("does not include a body nested 100 levels deep", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      // the rule and the fault are two of the levels
      const body = deepArray(97)
      yield* sandbox.fail({ fault: { _tag: "Status", status: 503, body } })
      assert.deepStrictEqual((yield* trustly(sandbox).get(`/customers/${john}`)).json, body)
    }))

  it.scopedLive("is the one after 100 active rules, until the rules are cleared", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const rule: FaultRule = { fault: { _tag: "Silence" } }
      yield* Effect.replicateEffect(sandbox.fail(rule), 100)
      const { json, status } = yield* control(sandbox)("POST", "/faults", rule)
      assert.strictEqual(status, 400)
      assert.deepStrictEqual(json, {
        issues: [{ path: "", problem: "invalid", expected: "at most 100 active rules; clear them first" }]
      })
      yield* control(sandbox)("DELETE", "/faults")
      yield* sandbox.fail(rule)
    }))
})

describe("customers", () => {
  it.scopedLive("are refused with 400 if they are nested too deeply to be shown, or have a number that JSON cannot show", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const required =
        "\"name\":\"Ann\",\"email\":\"ann@example.test\",\"phone\":\"+1\",\"address\":{\"country\":\"US\"}"
      const body = `{${required},"customData":{"deep":${nested(20_000)}}}`
      assert.strictEqual((yield* trustly(sandbox).post(`/customers/${john}`, body)).status, 400)
      const edit = control(sandbox)("POST", `/customers/${john}`, `{"customData":{"deep":${nested(20_000)}}}`)
      assert.strictEqual((yield* edit).status, 400)
      const infinite = control(sandbox)("POST", `/customers/${john}`, "{\"customData\":{\"a\":1e400}}")
      assert.strictEqual((yield* infinite).status, 400)
      assert.strictEqual((yield* control(sandbox)("GET", "/state")).status, 200)
    }))

  const many = soak({ quick: 1000, whole: 10_000 })
  it.scopedLive(`are created by externalId, ${many} of them`, () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const { post } = trustly(sandbox)
      yield* Effect.forEach(
        Array.from({ length: many }, (_, index) => `m-${index}`),
        (externalId) => post(`/customers?externalId=${externalId}`, fields),
        { concurrency: 20, discard: true }
      )
      assert.strictEqual((yield* sandbox.customers).length, many + 2)
    }))

  it.scopedLive("are at most 100,000: the next one is refused with 409, a change is not", () =>
    Effect.gen(function*() {
      const customers = Array.from({ length: 100_000 }, (_, index) => ({ customerId: String(index) }))
      const sandbox = yield* start({ customers })
      const { post } = trustly(sandbox)
      const { json, status } = yield* post("/customers", fields)
      assert.deepStrictEqual([status, json], [409, {
        message: "The sandbox is full: it stores at most 100,000 customers. " +
          "Reset it with POST /_sandbox/reset, or restart it"
      }])
      assert.strictEqual((yield* post("/customers/7", fields)).status, 200)
    }))

  it.scopedLive.runIf(isSoak)(
    "are at most 256 MiB of JSON, and smaller values make room again",
    () =>
      Effect.gen(function*() {
        const note = "x".repeat(1024 * 1024)
        const sandbox = yield* start({
          customers: Array.from({ length: 255 }, (_, index) => ({ customerId: String(index), customData: { note } }))
        })
        const { post } = trustly(sandbox)
        const large = { ...fields, customData: { note: "x".repeat(1_040_000) } }
        yield* post("/customers?externalId=a", large)
        const { json, status } = yield* post("/customers?externalId=b", large)
        assert.strictEqual(status, 409)
        assert.include(Object(json).message, "at most 256 MiB of customers")
        assert.strictEqual((yield* post("/customers/1", { ...fields, customData: null })).status, 200)
        assert.strictEqual((yield* post("/customers?externalId=b", large)).status, 200)
      })
  )

  const invalid: Readonly<Record<string, TrustlyModel.WireCustomer>> = {
    "an invalid customerId": { customerId: "a/b" },
    "customData that JSON cannot represent": { customerId: "1", customData: { circular } },
    "an infinite number in customData": { customerId: "1", customData: { a: [Number.POSITIVE_INFINITY] } }
  }
  for (const [what, customer] of Object.entries(invalid)) {
    it.scopedLive(`are checked when the sandbox starts: ${what}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(start({ customers: [{ customerId: "ok" }, customer] }))
        assert.isTrue(ConfigError.isConfigError(error))
        assert.include(String(error), "item 1")
      }))
  }
})

it.scopedLive("a client that sends 1 MiB of opening brackets gets 400 and does no harm", () =>
  Effect.gen(function*() {
    const sandbox = yield* start()
    const { post } = trustly(sandbox)
    const result = yield* Effect.either(post(`/customers/${john}`, "[".repeat(1024 * 1024)))
    assert.strictEqual(Either.isRight(result) && result.right.status, 400)
    assert.strictEqual((yield* control(sandbox)("GET", "/state")).status, 200)
  }))
