import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { control, fields, john, start, trustly } from "./support.ts"

describe("the control path", () => {
  it.scopedLive("serves the whole state with masked secrets", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      yield* sandbox.fail({ fault: { _tag: "Silence" }, operation: "get" })
      yield* trustly(sandbox).post(`/customers/${john}`, {
        ...fields,
        taxId: "sentinel-tax",
        dateOfBirth: "sentinel-birth"
      })
      const { json, text } = yield* control(sandbox)("GET", "/state")
      const { accessId, customers, faults, requests, url } = Object(json)
      assert.strictEqual(url, sandbox.url)
      assert.strictEqual(accessId, "sandbox")
      assert.strictEqual(requests.length, 1)
      assert.deepStrictEqual(faults, [{ rule: { fault: { _tag: "Silence" }, operation: "get" }, seen: 0 }])
      assert.deepStrictEqual(customers[0].changed.fields, ["name", "phone", "email", "taxId", "address", "dateOfBirth"])
      assert.notProperty(customers[1], "changed")
      assert.notMatch(text, /sentinel|124ABC|accessKey|c2FuZGJveA/)
    }))

  it.scopedLive("adds, lists and clears faults", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const call = control(sandbox)
      const rule = { fault: { _tag: "Status", status: 503, retryAfter: 1 }, times: 2 }
      const added = yield* call("POST", "/faults", rule)
      assert.strictEqual(added.status, 201)
      assert.deepStrictEqual(added.json, [{ rule, seen: 0 }])
      assert.strictEqual((yield* trustly(sandbox).get(`/customers/${john}`)).status, 503)
      assert.deepStrictEqual((yield* call("GET", "/faults")).json, [{ rule, seen: 1 }])
      assert.strictEqual((yield* call("DELETE", "/faults")).status, 204)
      assert.strictEqual((yield* trustly(sandbox).get(`/customers/${john}`)).status, 200)
    }))

  const invalidRules: Readonly<Record<string, readonly [body: unknown, issues: unknown]>> = {
    "a missing fault": [{}, [{ path: "fault", problem: "missing" }]],
    "an unknown fault": [{ fault: { _tag: "Flood" } }, [{
      path: "fault._tag",
      problem: "invalid",
      expected: "\"Status\" or \"Delay\" or \"Silence\" or \"Reset\" or \"Malformed\""
    }]],
    "an invalid status": [{ fault: { _tag: "Status", status: 99 } }, [{
      path: "fault.status",
      problem: "invalid",
      expected: "a number between 200 and 599"
    }]],
    "an unknown operation and a share above 1": [
      { fault: { _tag: "Silence" }, operation: "sentinel", share: 2 },
      [
        {
          path: "operation",
          problem: "invalid",
          expected: "\"update\" or \"get\" or \"find\" or \"createOrUpdate\""
        },
        { path: "share", problem: "invalid", expected: "a number between 0 and 1" }
      ]
    ],
    "zero requests": [{ fault: { _tag: "Silence" }, times: 0 }, [
      { path: "times", problem: "invalid", expected: "a number between 1 and 9007199254740991" }
    ]],
    "two limits": [{ fault: { _tag: "Silence" }, times: 1, every: 2 }, [
      { path: "", problem: "invalid", expected: "only one of times, every, and share" }
    ]],
    "an unknown key": [{ fault: { _tag: "Silence" }, sentinel: 1 }, [{ path: "sentinel", problem: "unknown" }]]
  }
  for (const [what, [body, issues]] of Object.entries(invalidRules)) {
    it.scopedLive(`refuses a rule with ${what}`, () =>
      Effect.gen(function*() {
        const call = control(yield* start())
        const { json, status } = yield* call("POST", "/faults", body)
        assert.strictEqual(status, 400)
        assert.deepStrictEqual(json, { issues })
        assert.deepStrictEqual((yield* call("GET", "/faults")).json, [])
      }))
  }

  it.scopedLive("changes a customer by Trustly's rules, without a request in the log", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const call = control(sandbox)
      const edited = yield* call("POST", `/customers/${john}`, { vip: 3, address: { city: "Reno" }, taxId: null })
      assert.strictEqual(edited.status, 200)
      assert.strictEqual(Object(edited.json).customer.driverLicense.number, "#####")
      const [stored] = yield* sandbox.customers
      assert.deepInclude(stored, { vip: 3, name: "John Smith" })
      assert.strictEqual(stored?.address?.address1, "105 Alternate2 Street")
      assert.notProperty(stored, "taxId")
      assert.deepStrictEqual(yield* sandbox.requests, [])
      const refused = yield* call("POST", `/customers/${john}`, { address: { zip: "1" }, email: "" })
      assert.strictEqual(refused.status, 400)
      assert.sameMembers(Object(refused.json).errors.map(({ location }: { location: string }) => location), [
        "email",
        "address.zip"
      ])
      for (const address of [null, "x", []]) {
        assert.strictEqual((yield* call("POST", `/customers/${john}`, { address })).status, 400)
      }
      assert.strictEqual((yield* call("POST", "/customers/missing", { vip: 1 })).status, 404)
      assert.strictEqual((yield* call("POST", `/customers/${john}`, [])).status, 400)
    }))

  it.scopedLive("changes a customer whose other fields are missing or invalid", () =>
    Effect.gen(function*() {
      const sandbox = yield* start({
        customers: [{ customerId: "1" }, { customerId: "2", email: "", address: { zip: "1" } }]
      })
      const call = control(sandbox)
      assert.strictEqual((yield* call("POST", "/customers/1", { vip: 2 })).status, 200)
      assert.strictEqual((yield* call("POST", "/customers/2", { address: { city: "Reno" } })).status, 200)
      const [one, two] = yield* sandbox.customers
      assert.deepInclude(one, { vip: 2 })
      assert.notProperty(one, "email")
      assert.deepInclude(two, { email: "", address: { zip: "1", city: "Reno" } })
      assert.strictEqual((yield* call("POST", "/customers/1", { email: null })).status, 400)
    }))

  it.scopedLive("refuses invalid JSON, a body over 1 MiB, and wrong methods and paths", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const call = control(sandbox)
      assert.strictEqual((yield* call("POST", "/faults", "{")).status, 400)
      assert.strictEqual((yield* call("POST", `/customers/${john}`, "")).status, 400)
      assert.strictEqual((yield* call("POST", "/faults", "x".repeat(1024 * 1024 + 1))).status, 413)
      const wrong: ReadonlyArray<readonly [method: string, path: string, allow: string]> = [
        ["PUT", "/faults", "GET, HEAD, POST, DELETE"],
        ["GET", "/reset?now", "POST"],
        ["GET", `/customers/${john}`, "POST"],
        ["POST", "/state", "GET, HEAD"],
        ["DELETE", "/events", "GET, HEAD"]
      ]
      for (const [method, path, allow] of wrong) {
        const { headers, status } = yield* call(method, path)
        assert.deepStrictEqual([status, headers["allow"]], [405, allow], path)
      }
      for (const path of ["/nothing", "/", "/state/x", "/customers", "/customers/1/2"]) {
        assert.strictEqual((yield* call("GET", path)).status, 404, path)
      }
      assert.strictEqual((yield* call("GET", "/state")).status, 200)
    }))

  it.scopedLive("resets customers and requests", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      yield* trustly(sandbox).post(`/customers/${john}`, fields)
      assert.strictEqual((yield* control(sandbox)("POST", "/reset")).status, 204)
      assert.strictEqual((yield* sandbox.customers)[0]?.name, "John Smith")
      assert.deepStrictEqual(yield* sandbox.requests, [])
    }))
})
