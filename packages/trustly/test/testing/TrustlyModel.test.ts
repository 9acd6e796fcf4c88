import { assert, describe, it } from "@effect/vitest"
import { HashMap } from "effect"
import { TrustlyModel } from "effect-trustly/testing"
import { minimalCustomer } from "../support.ts"

const jo = { ...minimalCustomer, customerId: "1", externalId: "m-1", taxId: "123456790", createdAt: 1, updatedAt: 1 }
const state = TrustlyModel.make([jo])

const ask = (method: string, url: string, body: unknown = "", from = state) =>
  TrustlyModel.handle(from, {
    method,
    url,
    body: typeof body === "string" ? body : JSON.stringify(body),
    nowMillis: 5
  })

const targetOf = (body: string) => TrustlyModel.target({ method: "POST", url: "/customers", body, nowMillis: 0 })

const locations = ({ body }: TrustlyModel.Response): unknown =>
  Array.isArray(body["errors"]) ? body["errors"].map(({ code, location }) => [code, location]) : undefined

/** An edit of a customer whose stored fields are missing or invalid. */
const edit = (body: unknown) =>
  TrustlyModel.edit(TrustlyModel.make([{ customerId: "1", email: "", address: { zip: "1" } }]), {
    method: "POST",
    url: "/customers/1",
    body: JSON.stringify(body),
    nowMillis: 5
  })

describe("a model of Trustly", () => {
  const endpoints: ReadonlyArray<readonly [method: string, url: string, target: TrustlyModel.Target | undefined]> = [
    ["GET", "/customers/1", { operation: "get", customerId: "1" }],
    ["POST", "/customers/%C3%A4", { operation: "update", customerId: "ä" }],
    ["GET", "/customers?customerId=1", { operation: "find", customerId: "1" }],
    ["GET", "/customers?externalId=m-1", { operation: "find" }],
    ["POST", "/customers", { operation: "createOrUpdate" }],
    ["GET", "/customers/", undefined],
    ["GET", "/customers/%", undefined],
    ["GET", "/customers/1/accounts", undefined],
    ["GET", "/accounts/1", undefined],
    ["PUT", "/customers/1", undefined],
    ["DELETE", "/customers", undefined]
  ]
  for (const [method, url, target] of endpoints) {
    it(`${method} ${url} is ${target?.operation ?? "not an endpoint"}`, () => {
      assert.deepStrictEqual(TrustlyModel.target({ method, url, body: "", nowMillis: 0 }), target)
      if (target !== undefined) return
      const reply = ask(method, url)
      assert.strictEqual(reply.status, 404)
      assert.strictEqual(reply.state, state)
    })
  }

  it("reads the customerId of a createOrUpdate from its body", () => {
    assert.deepStrictEqual(targetOf(`{"customerId":"1"}`), { operation: "createOrUpdate", customerId: "1" })
    for (const body of ["", "{", "null", `{"customerId":1}`]) {
      assert.deepStrictEqual(targetOf(body), { operation: "createOrUpdate" })
    }
  })

  it("masks the tax ID in responses, not in stored or applied fields", () => {
    const reply = ask("POST", "/customers/1", { ...minimalCustomer, taxId: "987654321" })
    assert.deepInclude(reply.body["customer"], { taxId: "#####4321", updatedAt: 5, createdAt: 1 })
    assert.strictEqual(reply.applied?.taxId, "987654321")
    assert.strictEqual(TrustlyModel.customers(reply.state)[0]?.taxId, "987654321")
    for (
      const [taxId, mask] of [["", "#####"], ["1234", "#####"], ["123456", "#####6"], [
        "123456790",
        "#####6790"
      ]] as const
    ) {
      assert.strictEqual(TrustlyModel.masked(taxId), mask)
    }
  })

  it("is pure: it does not change the state it is given", () => {
    ask("POST", "/customers/1", { ...minimalCustomer, name: "Other" })
    ask("POST", "/customers", { ...minimalCustomer, externalId: "m-2" })
    assert.deepStrictEqual(TrustlyModel.customers(state), [jo])
  })

  it("does not store null", () => {
    const stored = TrustlyModel.customers(
      TrustlyModel.make([{ ...jo, vip: null, address: { country: "US", city: null } }])
    )
    assert.deepStrictEqual(stored, [jo])
    const { state: next } = ask("POST", "/customers/1", { ...minimalCustomer, externalId: null })
    assert.notProperty(TrustlyModel.customers(next)[0], "externalId")
  })

  it("stores a vip of digits as an integer and any other vip unchanged", () => {
    for (
      const [sent, stored] of [["2", 2], [2, 2], ["", ""], ["Gold", "Gold"], ["-1", "-1"], [
        "1".repeat(16),
        "1".repeat(16)
      ]] as const
    ) {
      assert.deepInclude(
        TrustlyModel.customers(ask("POST", "/customers/1", { ...minimalCustomer, vip: sent }).state)[0],
        {
          vip: stored
        }
      )
    }
  })

  it("finds by one identifier and rejects none or both", () => {
    assert.deepNestedInclude(ask("GET", "/customers?externalId=m-1"), { "body.customers[0].customerId": "1" })
    assert.deepNestedInclude(ask("GET", "/customers?customerId=9"), { "body.customers": [] })
    for (const query of ["", "?externalId=", "?customerId=", "?customerId=1&externalId=m-1", "?page=2"]) {
      const reply = ask("GET", `/customers${query}`)
      assert.strictEqual(reply.status, 400, query)
      assert.isArray(locations(reply))
    }
  })

  it("gives each new customer a unique customerId", () => {
    const [first, second] = [{ ...minimalCustomer, externalId: "a" }, { ...minimalCustomer, externalId: "b" }]
    const taken = TrustlyModel.make([{ ...minimalCustomer, customerId: "1009000001" }])
    const created = ask("POST", "/customers", first, taken)
    const more = ask("POST", "/customers", second, created.state)
    assert.deepStrictEqual(
      TrustlyModel.customers(more.state).map(({ customerId, externalId }) => [customerId, externalId]),
      [
        ["1009000001", undefined],
        ["1009000002", "a"],
        ["1009000003", "b"]
      ]
    )
  })

  it("updates the customer with the externalId from the query or the body", () => {
    for (
      const [url, body] of [["/customers?externalId=m-1", minimalCustomer], ["/customers", {
        ...minimalCustomer,
        externalId: "m-1"
      }]] as const
    ) {
      assert.deepNestedInclude(ask("POST", url, { ...body, phone: "+2" }), {
        "body.customer.customerId": "1",
        "body.customer.phone": "+2"
      })
    }
    assert.deepNestedInclude(ask("POST", "/customers?externalId=new", minimalCustomer), {
      "body.customer.externalId": "new"
    })
  })

  it("rejects an invalid body with Trustly's code and the invalid fields, and changes nothing", () => {
    const bodies: ReadonlyArray<readonly [body: unknown, locations: unknown]> = [
      ["{", undefined],
      ["", undefined],
      [[], [[200, undefined]]],
      [{ ...minimalCustomer, name: "", address: { country: "usa" } }, [[200, "name"], [200, "address.country"]]],
      [{ ...minimalCustomer, customerId: "2" }, [[200, "customerId"]]]
    ]
    for (const [body, expected] of bodies) {
      const reply = ask("POST", "/customers/1", body)
      assert.strictEqual(reply.status, 400)
      assert.deepStrictEqual(locations(reply), expected)
      assert.strictEqual(reply.state, state)
    }
  })

  it("checks only the fields of an edit", () => {
    assert.deepStrictEqual(edit({ vip: "2", address: { city: "Reno" } }).body["customer"], {
      customerId: "1",
      email: "",
      address: { zip: "1", city: "Reno" },
      vip: 2,
      updatedAt: 5
    })
    assert.deepStrictEqual(locations(edit({ email: null, address: { zip: "1" } })), [[200, "email"], [
      200,
      "address.zip"
    ]])
    assert.deepStrictEqual(locations(edit({ customerId: "2" })), [[200, "customerId"]])
  })

  it("ignores unknown fields and timestamps", () => {
    const { state: next } = ask("POST", "/customers/1", {
      ...minimalCustomer,
      createdAt: 9,
      updatedAt: 9,
      planet: "Earth"
    })
    assert.deepStrictEqual(TrustlyModel.customers(next), [{ ...jo, updatedAt: 5 }])
  })

  it("looks up an externalId without reading every customer", () => {
    let reads = 0
    const records = Array.from({ length: 100 }, (_, index): TrustlyModel.WireCustomer => ({
      ...minimalCustomer,
      customerId: String(index),
      get externalId() {
        reads++
        return `m-${index}`
      }
    }))
    const stored = HashMap.fromIterable(records.map((record) => [record.customerId, record]))
    const full = { ...TrustlyModel.make(records), records: stored }
    reads = 0
    assert.strictEqual(ask("POST", "/customers?externalId=new", minimalCustomer, full).status, 200)
    assert.strictEqual(ask("GET", "/customers?externalId=none", "", full).status, 200)
    assert.strictEqual(reads, 0)
  })

  it("finds a customer by its current externalId, not by an earlier one", () => {
    const found = (externalId: string, from: TrustlyModel.State) => {
      const { body } = ask("GET", `/customers?externalId=${externalId}`, "", from)
      return Array.isArray(body["customers"]) ? body["customers"].map(({ customerId }) => customerId) : undefined
    }
    const { state: renamed } = ask("POST", "/customers/1", { ...minimalCustomer, externalId: "m-2" })
    assert.deepStrictEqual([found("m-1", renamed), found("m-2", renamed)], [[], ["1"]])
    const { state: cleared } = ask("POST", "/customers/1", { ...minimalCustomer, externalId: null }, renamed)
    assert.deepStrictEqual(found("m-2", cleared), [])
    const shared = TrustlyModel.make([jo, { ...jo, customerId: "2" }])
    assert.deepStrictEqual(found("m-1", shared), ["1", "2"])
    const { state: left } = ask("POST", "/customers/1", { ...minimalCustomer, externalId: "m-2" }, shared)
    assert.deepStrictEqual(found("m-1", left), ["2"])
  })

  it("keeps the last of several customers with the same customerId", () => {
    const twice = TrustlyModel.make([jo, { ...jo, externalId: "m-2" }])
    assert.deepStrictEqual(TrustlyModel.customers(twice), [{ ...jo, externalId: "m-2" }])
    assert.deepNestedInclude(ask("GET", "/customers?externalId=m-1", "", twice), { "body.customers": [] })
  })

  it("skips customerIds that are taken", () => {
    const ids = Array.from({ length: 20_000 }, (_, index) => ({ customerId: String(1_009_000_001 + index) }))
    const { body } = ask("POST", "/customers", minimalCustomer, TrustlyModel.make(ids))
    assert.deepNestedInclude(body, { "customer.customerId": "1009020001" })
  })
})
