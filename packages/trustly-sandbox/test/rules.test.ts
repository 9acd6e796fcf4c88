import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { ask } from "./ask.ts"
import { authorization, fields, joe, john, start, trustly } from "./support.ts"

const codesOf = (json: unknown) => {
  const { errors } = { errors: [], ...Object(json) }
  return errors.map(({ code, location }: { code: number; location?: string }) => `${code} ${location ?? ""}`.trim())
}

describe("credentials", () => {
  const refused: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "none": {},
    "a wrong key": authorization("sandbox", "wrong"),
    "a wrong id": authorization("wrong", "sandbox"),
    "no key": authorization("sandbox", ""),
    "another scheme": { authorization: "Bearer c2FuZGJveDpzYW5kYm94" },
    "invalid base64": { authorization: "Basic %%%" },
    "a scheme without credentials": { authorization: "Basic" }
  }
  for (const [what, headers] of Object.entries(refused)) {
    it.scopedLive(`${what}: 401 before any other check`, () =>
      Effect.gen(function*() {
        const { requests, url } = yield* start()
        for (const path of [`/customers/${john}`, "/customers/missing", "/nowhere"]) {
          const { json, status } = yield* ask(`${url}${path}`, { method: "POST", headers, body: "{" })
          assert.strictEqual(status, 401)
          assert.deepStrictEqual(json, {
            errors: [{
              domain: "com.paywithmybank.merchantgateway.v1.exception.AccessControlException",
              code: 375,
              message: "Access not authorized"
            }]
          })
        }
        assert.deepStrictEqual((yield* requests).map(({ status }) => status), [401, 401, 401])
      }))
  }

  it.scopedLive("can be configured, also with characters outside Latin-1", () =>
    Effect.gen(function*() {
      const sandbox = yield* start({ accessId: "other", accessKey: Redacted.make("pä€") })
      assert.strictEqual((yield* trustly(sandbox).get(`/customers/${john}`)).status, 200)
      const wrong = yield* ask(`${sandbox.url}/customers/${john}`, { headers: authorization() })
      assert.strictEqual(wrong.status, 401)
    }))
})

describe("reading", () => {
  it.scopedLive("returns a customer with masks, the url key, and an integer as vip", () =>
    Effect.gen(function*() {
      const api = trustly(yield* start())
      yield* api.post(`/customers/${joe}`, { ...fields, vip: "2" })
      const { headers, json, status } = yield* api.get(`/customers/${joe}`)
      assert.strictEqual(status, 200)
      assert.match(headers["content-type"] ?? "", /^application\/json/)
      const { customer, url } = Object(json)
      assert.strictEqual(url, `/customers/${joe}`)
      assert.strictEqual(customer.taxId, "#####5678")
      assert.strictEqual(customer.vip, 2)
      assert.strictEqual(customer.createdAt, 1555696836548)
      assert.deepStrictEqual(customer.driverLicense, { number: "A1234567", state: "CA" })
    }))

  it.scopedLive("responds with 404 if the customer or the endpoint does not exist", () =>
    Effect.gen(function*() {
      const api = trustly(yield* start())
      for (const path of ["/customers/missing", "/customers/", "/customers/a/b", "/accounts", "/", ""]) {
        assert.strictEqual((yield* api.get(path)).status, 404, path)
      }
      assert.strictEqual((yield* api.post("/customers/missing", fields)).status, 404)
    }))

  it.scopedLive("finds by externalId or customerId, returns an empty list without a match, and refuses neither or both", () =>
    Effect.gen(function*() {
      const api = trustly(yield* start())
      const found = Object((yield* api.get("/customers?externalId=4567890")).json)
      assert.deepStrictEqual(found.customers.map(({ customerId }: { customerId: string }) => customerId), [joe])
      assert.strictEqual(Object((yield* api.get(`/customers?customerId=${john}`)).json).customers.length, 1)
      assert.deepStrictEqual(Object((yield* api.get("/customers?externalId=none")).json).customers, [])
      for (const query of ["", "?", "?name=x", "?externalId=", `?externalId=4567890&customerId=${joe}`]) {
        assert.strictEqual((yield* api.get(`/customers${query}`)).status, 400, query)
      }
    }))
})

describe("writing", () => {
  it.scopedLive("merges the fields that are sent, clears those that are null, and leaves the others unchanged", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const api = trustly(sandbox)
      const sent = { ...fields, address: { country: "US", city: "Reno", address2: null }, externalTier: "Gold" }
      const { json, status } = yield* api.post(`/customers/${john}`, {
        ...sent,
        driverLicense: null,
        customData: { a: [1] }
      })
      assert.strictEqual(status, 200)
      const [stored] = yield* sandbox.customers
      assert.deepStrictEqual(stored?.address, {
        country: "US",
        address1: "105 Alternate2 Street",
        city: "Reno",
        state: "CA",
        zip: "90210"
      })
      assert.strictEqual(stored?.taxId, "123456790")
      assert.isUndefined(stored?.driverLicense)
      assert.deepStrictEqual(stored?.customData, { a: [1] })
      assert.strictEqual(stored?.externalTier, "Gold")
      assert.strictEqual(Object(json).customer.taxId, "#####6790")
    }))

  it.scopedLive("is idempotent except for updatedAt", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const api = trustly(sandbox)
      const once = Object((yield* api.post(`/customers/${john}`, fields)).json).customer
      const twice = Object((yield* api.post(`/customers/${john}`, fields)).json).customer
      assert.isAbove(once.updatedAt, 1_700_000_000_000)
      assert.isAtLeast(twice.updatedAt, once.updatedAt)
      assert.deepStrictEqual({ ...twice, updatedAt: 0 }, { ...once, updatedAt: 0 })
      assert.strictEqual(twice.createdAt, 1555696836548)
    }))

  it.scopedLive("accepts the documented sample, and ignores timestamps and unknown keys", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const sample = {
        ...fields,
        taxId: "#####6790",
        customerId: john,
        merchantId: "110005502",
        driverLicense: { number: "124ABC", state: "CA" }
      }
      const { status } = yield* trustly(sandbox).post(`/customers/${john}`, { ...sample, createdAt: 1, novel: "x" })
      assert.strictEqual(status, 200)
      const [stored] = yield* sandbox.customers
      assert.strictEqual(stored?.createdAt, 1555696836548)
      assert.isFalse("novel" in Object(stored))
    }))

  const refused: Readonly<Record<string, readonly [body: unknown, codes: ReadonlyArray<string>]>> = {
    "a missing name": [{ ...fields, name: undefined }, ["200 name"]],
    "an empty name": [{ ...fields, name: "" }, ["200 name"]],
    "a name that is null": [{ ...fields, name: null }, ["200 name"]],
    "a missing address": [{ ...fields, address: undefined }, ["200 address"]],
    "an invalid country": [{ ...fields, address: { country: "usa" } }, ["200 address.country"]],
    "a short zip": [{ ...fields, address: { country: "US", zip: "1" } }, ["200 address.zip"]],
    "a license without a state": [{ ...fields, driverLicense: { number: "1" } }, ["200 driverLicense.state"]],
    "two invalid fields": [{ ...fields, email: 1, taxId: 2 }, ["200 email", "200 taxId"]],
    "another customerId": [{ ...fields, customerId: joe }, ["200 customerId"]],
    "an array": [[], ["200"]],
    "null": ["null", ["200"]],
    "invalid JSON": ["{", []],
    "an empty body": ["", []],
    "invalid UTF-8": [Buffer.from([0xff, 0xfe]), []]
  }
  for (const [what, [body, codes]] of Object.entries(refused)) {
    it.scopedLive(`refuses ${what} with 400 and writes nothing`, () =>
      Effect.gen(function*() {
        const sandbox = yield* start()
        const before = yield* sandbox.customers
        const { json, status } = yield* trustly(sandbox).post(`/customers/${john}`, body)
        assert.strictEqual(status, 400)
        assert.deepStrictEqual(codesOf(json), codes)
        if (codes.length === 0) assert.deepStrictEqual(json, { message: "Bad Request" })
        assert.deepStrictEqual(yield* sandbox.customers, before)
      }))
  }

  it.scopedLive("creates, or updates by customerId, by externalId in the body, or by externalId in the query", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const api = trustly(sandbox)
      const create = api.post("/customers?externalId=m-1", fields)
      const { customerId, createdAt, externalId } = Object((yield* create).json).customer
      assert.match(customerId, /^\d+$/)
      assert.isAbove(createdAt, 1_700_000_000_000)
      assert.strictEqual(externalId, "m-1")
      assert.strictEqual(Object((yield* create).json).customer.customerId, customerId)
      yield* api.post("/customers", { ...fields, externalId: "m-1", externalTier: "Gold" })
      yield* api.post("/customers", { ...fields, customerId: joe, externalTier: "Silver" })
      const stored = new Map((yield* sandbox.customers).map((held) => [held.customerId, held.externalTier]))
      assert.deepStrictEqual([...stored], [[john, undefined], [joe, "Silver"], [customerId, "Gold"]])
      assert.strictEqual((yield* api.post("/customers", { ...fields, customerId: "missing" })).status, 404)
    }))
})

const bodyOf = (bytes: number): string => JSON.stringify(fields).padEnd(bytes)

it.scopedLive("a body of 1 MiB is accepted, a larger one is refused with 413", () =>
  Effect.gen(function*() {
    const sandbox = yield* start()
    assert.strictEqual((yield* trustly(sandbox).post(`/customers/${john}`, bodyOf(1024 * 1024))).status, 200)
    assert.strictEqual((yield* trustly(sandbox).post(`/customers/${john}`, bodyOf(1024 * 1024 + 1))).status, 413)
    assert.strictEqual((yield* trustly(sandbox).get(`/customers/${john}`)).status, 200)
  }))
