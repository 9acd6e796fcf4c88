import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { RequestDetail, TrustlySandbox } from "effect-trustly-sandbox"
import { ask } from "./ask.ts"
import { control, eventually, fields, joe, john, start, trustly } from "./support.ts"

const detailOf = (sandbox: TrustlySandbox.Service, id: number) =>
  Effect.map(control(sandbox)("GET", `/requests/${id}`), ({ json }): RequestDetail => Object(json))

const print = (value: unknown): string => JSON.stringify(value)

describe("the detail of a request", () => {
  it.scopedLive("has both messages and each changed value before and after, without secrets", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      yield* trustly(sandbox).post(`/customers/${joe}`, {
        ...fields,
        address: { country: "US", city: "Reno" },
        taxId: "sentinel-tax",
        nationalId: "sentinel-national",
        dateOfBirth: 5,
        driverLicense: { number: "sentinel-license", state: "NV", num: "sentinel-typo" },
        taxid: "sentinel-typo",
        externalId: null
      })
      yield* trustly(sandbox).post(`/customers/${joe}`, {
        ...fields,
        taxId: "sentinel-tax",
        driverLicense: { number: "sentinel-license", state: "NV" },
        externalId: null
      })
      const refused = yield* detailOf(sandbox, 1)
      assert.deepInclude(refused.request.body, {
        name: "Ann Other",
        taxId: "#####-tax",
        nationalId: "#####",
        dateOfBirth: "#####",
        driverLicense: { number: "#####", state: "NV", num: "#####" },
        taxid: "#####",
        externalId: null
      })
      assert.notProperty(refused, "changes")
      const applied = yield* detailOf(sandbox, 2)
      assert.strictEqual(applied.url, `/customers/${joe}`)
      assert.strictEqual(applied.request.headers["authorization"], "(hidden)")
      assert.strictEqual(applied.request.headers["content-type"], "application/json")
      assert.strictEqual(applied.response?.headers["content-type"], "application/json")
      assert.deepInclude(Object(applied.response?.body).customer, {
        driverLicense: { number: "#####", state: "NV" },
        taxId: "#####-tax"
      })
      assert.deepStrictEqual(applied.changes?.["name"], { before: "Joe User", after: "Ann Other" })
      assert.deepStrictEqual(applied.changes?.["taxId"], { before: "#####5678", after: "#####-tax" })
      assert.deepStrictEqual(applied.changes?.["externalId"], { before: "4567890" })
      assert.notProperty(applied.changes, "updatedAt")
      assert.notMatch(print([refused, applied]), /sentinel|A1234567|c2FuZGJveA/)
    }))

  it.scopedLive("has the name of every request header, and the values of those that hold no credential", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const shown = {
        "accept": "*/*",
        "content-type": "application/json",
        "traceparent": "00-a-b-01",
        "user-agent": "me"
      }
      const hidden = ["authorization", "cookie", "x-password", "x-session-id", "x-signature", "x-unknown"]
      const secrets = Object.fromEntries(hidden.map((name) => [name, "sentinel"]))
      yield* ask(`${sandbox.url}/customers/${john}`, { headers: { ...shown, ...secrets } })
      const { headers } = (yield* detailOf(sandbox, 1)).request
      assert.deepInclude(headers, shown)
      for (const name of hidden) assert.strictEqual(headers[name], "(hidden)", name)
    }))

  it.scopedLive("has no body that is not JSON, no large body, and no unknown query parameter", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const { get, post } = trustly(sandbox)
      yield* post(`/customers/${john}`, "sentinel")
      yield* post(`/customers/${john}`, { ...fields, customData: { note: "x".repeat(100_000) } })
      yield* get(`/customers?externalId=a%20b&taxId=sentinel`)
      const [text, large, find] = yield* Effect.forEach([1, 2, 3], (id) => detailOf(sandbox, id))
      assert.deepStrictEqual([text?.request.bytes, text?.request.body], [8, undefined])
      assert.isAbove(large?.request.bytes ?? 0, 100_000)
      assert.notProperty(large?.request, "body")
      assert.deepStrictEqual(large?.changes?.["customData"], { after: "(too large to keep)" })
      assert.strictEqual(find?.url, "/customers?externalId=a+b")
      assert.notInclude(print([text, large, find]), "sentinel")
    }))

  it.scopedLive("has the response of a fault, or none if the fault sent none", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      yield* sandbox.fail({ fault: { _tag: "Status", status: 503, retryAfter: 7 } })
      yield* sandbox.fail({ fault: { _tag: "Reset" } })
      const { get } = trustly(sandbox)
      yield* get(`/customers/${john}`)
      yield* Effect.either(get(`/customers/${john}`))
      yield* eventually(sandbox.requests, (all) => all[1]?.millis !== undefined)
      const [busy, broken] = yield* Effect.forEach([1, 2], (id) => detailOf(sandbox, id))
      assert.strictEqual(busy?.response?.headers["retry-after"], "7")
      assert.strictEqual(Object(busy?.response?.body).errors[0].code, 100)
      assert.notProperty(broken, "response")
    }))

  it.scopedLive("is not found for a request that does not exist", () =>
    Effect.gen(function*() {
      const call = control(yield* start())
      for (const id of ["1", "x", "0"]) assert.strictEqual((yield* call("GET", `/requests/${id}`)).status, 404)
    }))
})

const callsOf = (sandbox: TrustlySandbox.Service) =>
  Effect.map(sandbox.requests, (all) => all.map(({ attempt, call, operation }) => `${call} ${operation} ${attempt}`))

describe("requests of one call", () => {
  it.scopedLive("are the read and the write of a modify, and all of its retries", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const { get, post } = trustly(sandbox)
      yield* sandbox.fail({ fault: { _tag: "Status", status: 503 }, operation: "get" })
      yield* sandbox.fail({ fault: { _tag: "Status", status: 503 }, operation: "update" })
      yield* get(`/customers/${john}`)
      yield* get(`/customers/${john}`)
      yield* post(`/customers/${john}`, fields)
      yield* get(`/customers/${john}`)
      yield* post(`/customers/${john}`, fields)
      assert.deepStrictEqual(yield* callsOf(sandbox), ["1 get 1", "1 get 2", "1 update 1", "1 get 1", "1 update 2"])
    }))

  it.scopedLive("are not two writes, two reads, or a read and the write of another customer", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const { get, post } = trustly(sandbox)
      yield* get(`/customers/${john}`)
      yield* get(`/customers/${john}`)
      yield* post(`/customers/${joe}`, fields)
      yield* post(`/customers/${joe}`, { ...fields, phone: "+2" })
      yield* get(`/customers/${joe}`)
      assert.deepStrictEqual(yield* callsOf(sandbox), ["1 get 1", "2 get 1", "3 update 1", "4 update 1", "5 get 1"])
    }))
})
