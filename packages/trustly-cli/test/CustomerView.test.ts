import { assert, describe, it } from "@effect/vitest"
import { FastCheck } from "effect"
import * as CustomerView from "../src/CustomerView.ts"
import * as Output from "../src/Output.ts"

const rows = (lines: ReadonlyArray<string>) => lines.map((line) => line.trim().replaceAll(/ +/g, " "))

describe("a customer in lines", () => {
  const before = {
    name: "Ann",
    taxId: "1",
    address: { city: "Reno", zip: "89501" },
    vip: 1,
    customData: { a: 1 },
    updatedAt: 1
  }

  it("shows what changed, what was removed and what is new", () => {
    const after = {
      name: "",
      taxId: "2",
      address: { city: "Reno" },
      vip: "1",
      customData: { a: 2 },
      updatedAt: 2,
      enrollDate: 0
    }
    assert.deepStrictEqual(rows(CustomerView.changes(before, after, false)), [
      "name Ann -> \"\"",
      "taxId <redacted> -> <redacted>",
      "address.zip 89501 -> (none)",
      "vip 1 -> 1",
      "customData {\"a\":1} -> {\"a\":2}",
      "enrollDate (none) -> 1970-01-01T00:00:00.000Z"
    ])
    assert.deepStrictEqual(rows(CustomerView.changes({ taxId: "1" }, { taxId: "2" }, true)), ["taxId 1 -> 2"])
    assert.deepStrictEqual(CustomerView.changes(before, { ...before, updatedAt: 3 }, false), [])
  })

  it("shows what became of what was sent", () => {
    const body = { name: "Ann", merchantId: null, address: { address2: null, city: "Reno" }, nationalId: "7" }
    const after = { name: "Ann", address: { city: "Reno" }, nationalId: "7", vip: 2 }
    assert.deepStrictEqual(rows(CustomerView.sent(body, after, false)), [
      "name Ann",
      "merchantId (none)",
      "address.address2 (none)",
      "address.city Reno",
      "nationalId <redacted>"
    ])
    assert.include(rows(CustomerView.sent(body, after, true)), "nationalId 7")
  })

  it("says so when there is no field", () => {
    assert.deepStrictEqual(CustomerView.lines({}, false), [])
  })
})

describe("secrets", () => {
  const driverLicense = { number: "s", state: "NV" }

  it("are hidden, wherever they are, and a removal is not one", () => {
    assert.deepStrictEqual(
      CustomerView.masked({ taxId: null, nationalId: "s", dateOfBirth: "s", driverLicense, vip: 1 }),
      {
        taxId: null,
        nationalId: "<redacted>",
        dateOfBirth: "<redacted>",
        driverLicense: { number: "<redacted>", state: "NV" },
        vip: 1
      }
    )
  })

  it("that were hidden are known again", () => {
    const shown = CustomerView.masked({ nationalId: "s", driverLicense })
    assert.deepStrictEqual(CustomerView.masks({ ...shown, taxId: "#####6790", name: "#####" }), {
      ours: ["nationalId", "driverLicense.number"],
      theirs: ["taxId"]
    })
  })
})

describe("text of others", () => {
  it("cannot steer a terminal, as a line or as JSON", () => {
    FastCheck.assert(FastCheck.property(FastCheck.string({ unit: "binary" }), (text) => {
      const [line, json] = [Output.harmless(text), Output.json({ text })]
      assert.notMatch(line, /[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/u)
      assert.notMatch(json.replaceAll("\n", ""), /[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/u)
      assert.deepStrictEqual(JSON.parse(json), { text })
    }))
  })

  it("keeps every script and emoji", () => {
    const text = "Zoë 山田 میخواهم 👩‍👧 –"
    assert.strictEqual(Output.harmless(text), text)
  })
})
