import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { fields, joe, john, start, trustly } from "./support.ts"

const secrets = {
  taxId: "sentinel-tax",
  dateOfBirth: "sentinel-birth",
  nationalId: "sentinel-national",
  driverLicense: { number: "sentinel-license", state: "CA" }
}

const print = (value: unknown): string => JSON.stringify(value)

describe("the request log", () => {
  it.scopedLive("records the operation, the fields, and the write, without credentials and secrets", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const { get, post } = trustly(sandbox)
      yield* post(`/customers/${john}`, { ...fields, ...secrets, vip: null })
      yield* get(`/customers?externalId=4567890`)
      yield* get("/nowhere?secret=1")
      const [update, find, nowhere] = yield* sandbox.requests
      assert.deepInclude(update, {
        id: 1,
        method: "POST",
        path: "/customers/{customerId}",
        operation: "update",
        customerId: john,
        fields: ["name", "email", "phone", "address", "taxId", "dateOfBirth", "nationalId", "driverLicense", "vip"],
        attempt: 1,
        status: 200
      })
      assert.deepStrictEqual(update?.applied, {
        ...fields,
        taxId: "#####-tax",
        dateOfBirth: "#####",
        nationalId: "#####",
        driverLicense: { number: "#####", state: "CA" },
        vip: null,
        customerId: john
      })
      assert.deepInclude(find, { operation: "find", path: "/customers", status: 200 })
      assert.deepInclude(nowhere, { method: "GET", path: "/nowhere", status: 404 })
      assert.notMatch(print(yield* sandbox.requests), /sentinel|authorization|c2FuZGJveA/i)
    }))

  it.scopedLive("keeps the latest 2,000 requests", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const read = trustly(sandbox).get(`/customers/${joe}`)
      yield* Effect.replicateEffect(read, 2010, { concurrency: 20, discard: true })
      const requests = yield* sandbox.requests
      assert.strictEqual(requests.length, 2000)
      assert.strictEqual(requests.at(0)?.id, 11)
      assert.strictEqual(requests.at(-1)?.id, 2010)
    }))

  it.scopedLive("keeps fewer large requests, but always the last one", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const note = { ...fields, customData: { note: "x".repeat(1_000_000) } }
      yield* Effect.replicateEffect(trustly(sandbox).post(`/customers/${john}`, note), 30, { discard: true })
      const ids = (yield* sandbox.requests).map(({ id }) => id)
      assert.isBelow(ids.length, 20)
      assert.isAbove(ids.length, 10)
      assert.strictEqual(ids.at(-1), 30)
    }))

  it.scopedLive("keeps fewer requests with large responses or faults", () =>
    Effect.gen(function*() {
      const note = "x".repeat(60_000)
      const sandbox = yield* start({ customers: [{ customerId: "1", customData: { note } }, { customerId: "2" }] })
      const { get } = trustly(sandbox)
      const read = get("/customers/1")
      const broken = Effect.zipRight(
        sandbox.fail({ fault: { _tag: "Status", status: 503, body: note } }),
        get("/customers/2")
      )
      for (const request of [read, broken]) {
        yield* Effect.replicateEffect(request, 400, { discard: true })
        assert.isBelow((yield* sandbox.requests).length, 300)
        yield* sandbox.reset
      }
    }))

  it.scopedLive("is empty after a reset, which restores the initial customers", () =>
    Effect.gen(function*() {
      const sandbox = yield* start({ seed: 3 })
      const before = yield* sandbox.customers
      yield* trustly(sandbox).post(`/customers/${john}`, fields)
      assert.notDeepEqual(yield* sandbox.customers, before)
      yield* sandbox.reset
      assert.deepStrictEqual(yield* sandbox.customers, before)
      assert.deepStrictEqual(yield* sandbox.requests, [])
    }))
})
