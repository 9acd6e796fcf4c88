import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Redacted } from "effect"
import { entries } from "./files.ts"

const changes = (csv: string, name = "a.csv") =>
  Effect.map(entries(name, csv), (all) =>
    all.map((entry) => {
      if (entry._tag === "Nothing") return `${entry.line} nothing`
      if (entry._tag === "Bad") return `${entry.line} ${entry.error.issues.map(({ path }) => path).join()} bad`
      const { line: _, source: __, ...command } = entry.command
      return command
    }))

describe("the rows of a CSV", () => {
  it.effect("of the portal work as they are", () =>
    Effect.map(
      changes("\ufeffExternal ID,Name,VIP Tier\r\n4567,\"Doe, \"\"Jo\"\"\",3\r\nx-1,,Gold\r\n"),
      (all) =>
        assert.deepStrictEqual(all, [
          { externalId: "4567", change: { name: "Doe, \"Jo\"", vip: 3 } },
          { externalId: "x-1", change: { vip: "Gold" } }
        ])
    ))

  it.effect("know a field however its name is written", () =>
    Effect.map(
      changes("CUSTOMER ID,vip_tier,Address.City,driver-license.number,Driver License.State\n1,2,Reno,N,NV\n"),
      (all) =>
        assert.strictEqual(
          all.length === 1 && typeof all[0] === "object" && Object.keys(all[0]).join(),
          "customerId,change"
        )
    ))

  it.effect("take every field", () =>
    Effect.gen(function*() {
      const [row] = yield* entries(
        "a.csv",
        "customerId,externalId,address.city,address.state,driverLicense.number,driverLicense.state,taxId,enrollDate,customData,vip\n" +
          "1,e,Reno,NV,N1,NV,123,2026-01-31,\"{\"\"a\"\":[1]}\",007\n"
      )
      if (row?._tag !== "Command" || !("change" in row.command) || !("customerId" in row.command)) {
        return assert.fail(row?._tag)
      }
      const { driverLicense, enrollDate, taxId, ...change } = row.command.change
      assert.strictEqual(row.command.customerId, "1")
      assert.deepStrictEqual(change, {
        externalId: "e",
        address: { city: "Reno", state: "NV" },
        customData: { a: [1] },
        vip: "007"
      })
      assert.strictEqual(Redacted.isRedacted(taxId) && Redacted.value(taxId), "123")
      assert.strictEqual(enrollDate && DateTime.formatIsoDateUtc(enrollDate), "2026-01-31")
      assert.strictEqual(driverLicense?.state, "NV")
    }))

  it.effect("leave alone what is empty, and remove what is \\N", () =>
    Effect.map(
      changes(
        "customerId,name,vip,address.city,driverLicense.number,driverLicense.state\n1,,\\N,\\N,\\N,\\N\n2,,,,,\n3,\\N,,,,\n4,,,,\\N,NV\n"
      ),
      (all) =>
        assert.deepStrictEqual(all, [
          { customerId: "1", change: { vip: null, address: { city: null }, driverLicense: null } },
          "3 nothing",
          "4 name bad",
          "5 driverLicense.number bad"
        ])
    ))

  it.effect("are refused one by one", () =>
    Effect.map(
      changes(
        "customerId,externalId,vip,enrollDate,customData\n1,,2\n1,,2,,,\n,,2,,\n1,,2,2026-02-30,\n1,,2,,[]\na/b,,2,,\n,x,1,,\n"
      ),
      (all) =>
        assert.deepStrictEqual(all, [
          "2  bad",
          "3  bad",
          "4 customerId bad",
          "5 enrollDate bad",
          "6 customData bad",
          "7 customerId bad",
          { externalId: "x", change: { vip: 1 } }
        ])
    ))

  it.effect("that are not UTF-8 are refused, and are not written with replacement characters", () =>
    Effect.map(
      entries("a.csv", Buffer.from("customerId,name\n1,J\xf6rg\n2,Jo\n", "latin1")),
      ([first, second]) => assert.deepStrictEqual([first?._tag, second?._tag], ["Bad", "Command"])
    ))

  it.effect("keep their line, over cells of several lines and blank lines", () =>
    Effect.map(entries("a.csv", "customerId,name\n\n1,\"a\nb\"\n2,c"), (all) =>
      assert.deepStrictEqual(
        all.map((entry) => entry._tag === "Command" ? entry.command.line : entry._tag),
        [4, 5]
      )))

  it.effect("are unpacked", () =>
    Effect.map(
      changes("customerId,vip\n1,2\n", "a.CSV.GZ"),
      (all) => assert.deepStrictEqual(all, [{ customerId: "1", change: { vip: 2 } }])
    ))

  it.effect("are none in a file that is empty, or has the header only", () =>
    Effect.map(Effect.all([changes(""), changes("customerId,vip\n")]), (all) => assert.deepStrictEqual(all, [[], []])))
})

describe("a CSV cannot be read", () => {
  const problems: Readonly<Record<string, readonly [csv: string, line: RegExp]>> = {
    "with a column that is no field": [
      "customerId,nick name\n1,2",
      /^The header has no field .* column 2 \(nick name\)$/
    ],
    "with a header that may be a row": [
      "1001165729,jo@example.com\n",
      /^The header has no field of a customer in column 1$/
    ],
    "with semicolons": ["customerId;vip\n1;2\n", /^The header is one column with semicolons in it/],
    "with a field twice": ["External ID,externalId\n", /names externalId twice/],
    "without an identifier": ["name,vip\n", /neither customerId nor externalId/],
    "with a quote that stays open": ["customerId,name\n1,a\n2,\"b\n3,c\n", /from line \d+ on: a quote is not closed/],
    "with something behind a quote": ["customerId,name\n1,\"a\"b\n", /line 2 on: a quoted cell goes on/],
    "with a quote inside": ["customerId,name\n1,a\"b\n", /line 2 on: a quote stands inside/],
    "with a row of 10 MB": [`customerId,name\n1,${"x".repeat(10_000_000)}\n`, /a row has more than 1048576 characters/]
  }
  for (const [what, [csv, line]] of Object.entries(problems)) {
    it.effect(what, () =>
      Effect.gen(function*() {
        const problem = yield* Effect.flip(entries("a.csv", csv))
        assert.match(problem.message, line)
        assert.strictEqual(problem._tag === "Problem" && problem.status, 2)
      }))
  }
})
