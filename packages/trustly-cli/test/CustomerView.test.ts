import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import * as CustomerView from "../src/CustomerView.ts"
import * as Output from "../src/Output.ts"

const rows = (lines: ReadonlyArray<string>) => lines.map((line) => line.trim().replaceAll(/ +/g, " "))

describe("the rows of a customer", () => {
  const before = {
    name: "Ann",
    taxId: "1",
    address: { city: "Reno", zip: "89501" },
    vip: 1,
    customData: { a: 1 },
    updatedAt: 1
  }

  it("show what changed, what was cleared, and what is new", () => {
    const after = {
      name: "",
      taxId: "2",
      address: { city: "Reno" },
      vip: "1",
      customData: { a: 2 },
      updatedAt: 2,
      enrollDate: 0
    }
    assert.deepStrictEqual(rows(CustomerView.differences(before, after, false)), [
      "name Ann -> \"\"",
      "taxId <redacted> -> <redacted>",
      "address.zip 89501 -> (none)",
      "vip 1 -> 1",
      "customData {\"a\":1} -> {\"a\":2}",
      "enrollDate (none) -> 1970-01-01T00:00:00.000Z"
    ])
    assert.deepStrictEqual(rows(CustomerView.differences({ taxId: "1" }, { taxId: "2" }, true)), ["taxId 1 -> 2"])
    assert.deepStrictEqual(CustomerView.differences(before, { ...before, updatedAt: 3 }, false), [])
  })

  it("show the fields of a body with the values that Trustly holds", () => {
    const body = { name: "Ann", merchantId: null, address: { address2: null, city: "Reno" }, nationalId: "7" }
    const after = { name: "Ann", address: { city: "Reno" }, nationalId: "7", vip: 2 }
    assert.deepStrictEqual(rows(CustomerView.rowsOfBody(body, after, false)), [
      "name Ann",
      "merchantId (none)",
      "address.address2 (none)",
      "address.city Reno",
      "nationalId <redacted>"
    ])
    assert.include(rows(CustomerView.rowsOfBody(body, after, true)), "nationalId 7")
  })

  it("are none for a customer without fields", () => {
    assert.deepStrictEqual(CustomerView.rows({}, false), [])
  })
})

describe("a body applied to a customer", () => {
  it("clears what is null, merges the address, and replaces everything else", () => {
    const before = { name: "Ann", address: { city: "Reno", zip: "89501" }, vip: 1, customData: { a: 1 } }
    const body = { name: "Ann", address: { city: "Elko", zip: null }, vip: null, customData: { b: 2 } }
    assert.deepStrictEqual(CustomerView.applyBody(before, body), {
      name: "Ann",
      address: { city: "Elko" },
      customData: { b: 2 }
    })
  })
})

describe("secrets", () => {
  const driverLicense = { number: "s", state: "NV" }

  it("are redacted, also in a group; a cleared field is not", () => {
    assert.deepStrictEqual(
      CustomerView.redact({ taxId: null, nationalId: "s", dateOfBirth: "s", driverLicense, vip: 1 }),
      {
        taxId: null,
        nationalId: "<redacted>",
        dateOfBirth: "<redacted>",
        driverLicense: { number: "<redacted>", state: "NV" },
        vip: 1
      }
    )
  })
})

describe("text from elsewhere", () => {
  it("cannot control a terminal, as a row or as JSON", () => {
    FastCheck.assert(FastCheck.property(FastCheck.string({ unit: "binary" }), (text) => {
      const [line, json] = [Output.escapeControls(text), Output.formatJson({ text })]
      assert.notMatch(line, /[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/u)
      assert.notMatch(json.replaceAll("\n", ""), /[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/u)
      assert.deepStrictEqual(JSON.parse(json), { text })
    }))
  })

  it("keeps every script and emoji", () => {
    const text = "Zoë 山田 میخواهم 👩‍👧 –"
    assert.strictEqual(Output.escapeControls(text), text)
  })
})
