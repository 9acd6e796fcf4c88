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
  it.effect("of Trustly's portal are read as they are", () =>
    Effect.map(
      changes("\ufeffExternal ID,Name,VIP Tier\r\n4567,\"Doe, \"\"Jo\"\"\",3\r\nx-1,,Gold\r\n"),
      (all) =>
        assert.deepStrictEqual(all, [
          { externalId: "4567", change: { name: "Doe, \"Jo\"", vip: 3 } },
          { externalId: "x-1", change: { vip: "Gold" } }
        ])
    ))

  it.effect("can name a field in any case, with spaces, dashes, or underscores", () =>
    Effect.map(
      changes("CUSTOMER ID,vip_tier,Address.City,driver-license.number,Driver License.State\n1,2,Reno,N,NV\n"),
      (all) =>
        assert.strictEqual(
          all.length === 1 && typeof all[0] === "object" && Object.keys(all[0]).join(),
          "customerId,change"
        )
    ))

  it.effect("can have every field", () =>
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

  it.effect("are bad if they are longer than 1 MiB, and those behind them are read", () =>
    Effect.map(
      changes(`customerId,name,vip\n1,${"x".repeat(1024 * 1024)},2\n2,${"é".repeat(600_000)},2\n3,,2\n`),
      (all) => assert.deepStrictEqual(all, ["2  bad", "3  bad", { customerId: "3", change: { vip: 2 } }])
    ))

  it.effect("leave fields of empty cells unchanged, and clear those of \\N", () =>
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

  it.effect("can have spaces around their cells, which stay inside quotes", () =>
    Effect.gen(function*() {
      const expected = [{ customerId: "1", change: { name: " Jo ", vip: 2 } }, { customerId: "3", change: { vip: 3 } }]
      assert.deepStrictEqual(
        yield* changes("customerId, name ,vip\n 1 ,\" Jo \", 2\n , ,\n3, , 3 \n"),
        expected
      )
      assert.deepStrictEqual(
        yield* changes("customerId\tname\tvip\n1\t\" Jo \" \t2\n\t \t\n3\t\t 3\n"),
        expected
      )
    }))

  it.effect("are refused one by one", () =>
    Effect.map(
      changes(
        "customerId,externalId,vip,enrollDate,customData\n1,,2,,,x\n,,2,,\n1,,2,2026-02-30,\n1,,2,,[]\na/b,,2,,\n,x,1,,\n"
      ),
      (all) =>
        assert.deepStrictEqual(all, [
          "2  bad",
          "3 customerId bad",
          "4 enrollDate bad",
          "5 customData bad",
          "6 customerId bad",
          { externalId: "x", change: { vip: 1 } }
        ])
    ))

  it.effect("are refused with what is expected if a date is a number of something else", () =>
    Effect.gen(function*() {
      const all = yield* entries(
        "a.csv",
        "customerId,enrollDate\n1,20260131\n1,45688\n1,1767225600\n1,0\n1,31.01.2026\n1,1767225600000\n1,2026-01-31\n"
      )
      assert.deepStrictEqual(all.map(({ _tag }) => _tag), ["Bad", "Bad", "Bad", "Bad", "Bad", "Command", "Command"])
      const [first] = all
      assert.match(
        first?._tag === "Bad" ? first.error.message : "",
        /enrollDate is invalid, expected a date such as 2026-01-31/
      )
    }))

  it.effect("are kept with the text of custom data that has a number like 1e400", () =>
    Effect.gen(function*() {
      const [row] = yield* entries("a.csv", "customerId,customData\n1,\"{\"\"a\"\":1e400}\"\n")
      assert.deepStrictEqual(row?._tag === "Bad" && row.source, {
        customerId: "1",
        change: { customData: "{\"a\":1e400}" }
      })
    }))

  it.effect("are refused with a redacted secret", () =>
    Effect.map(
      changes("customerId,taxId,vip\n1,<redacted>,2\n1,,2\n"),
      (all) => assert.deepStrictEqual(all, ["2 taxId bad", { customerId: "1", change: { vip: 2 } }])
    ))

  it.effect("may end early, and have empty cells behind the header", () =>
    Effect.map(
      changes("customerId,vip,name,,\n1,2\n2,3,,,\n3,4,Jo,,,,\n"),
      (all) =>
        assert.deepStrictEqual(all, [
          { customerId: "1", change: { vip: 2 } },
          { customerId: "2", change: { vip: 3 } },
          { customerId: "3", change: { vip: 4, name: "Jo" } }
        ])
    ))

  it.effect("without any value are skipped", () =>
    Effect.map(
      changes(",,\ncustomerId,vip\n,,\n1,2\n, ,\n\n,\n"),
      (all) => assert.deepStrictEqual(all, [{ customerId: "1", change: { vip: 2 } }])
    ))

  const separated: Readonly<Record<string, string>> = {
    "semicolons": "customerId;vip;name\n1;2;Doe, Jo\n",
    "semicolons between quoted cells": "\"customerId\";\"vip\";\"name\"\n\"1\";\"2\";\"Doe, Jo\"\n",
    "tabs": "customerId\tvip\tname\n1\t2\tDoe, Jo\n",
    "commas": "customerId,vip,name\n1,2,\"Doe, Jo\"\n",
    "what the line sep= says": "sep=;\ncustomerId;vip;name\n1;2;Doe, Jo\n",
    "what the quoted line sep= says, after a byte order mark":
      "\ufeff\"sep=\t\"\r\ncustomerId\tvip\tname\r\n1\t2\tDoe, Jo\r\n"
  }
  for (const [what, csv] of Object.entries(separated)) {
    it.effect(`can be separated by ${what}`, () =>
      Effect.map(
        changes(csv),
        (all) => assert.deepStrictEqual(all, [{ customerId: "1", change: { vip: 2, name: "Doe, Jo" } }])
      ))
  }

  it.effect("keep their line behind a line sep=", () =>
    Effect.map(entries("a.csv", "sep=;\ncustomerId;vip\n1;2\n"), ([entry]) => assert.strictEqual(entry?.line, 3)))

  it.effect("can have columns that are not fields, if they are to be ignored", () =>
    Effect.map(
      entries("a.csv", "customerId,remark,vip\n1,hello,2\n", { ignoreUnknownColumns: true }),
      ([entry]) =>
        assert.deepStrictEqual(entry?._tag === "Command" && "change" in entry.command && entry.command.change, {
          vip: 2
        })
    ))

  it.effect("that are not UTF-8 are refused", () =>
    Effect.map(
      entries("a.csv", Buffer.from("customerId,name\n1,J\xf6rg\n2,Jo\n", "latin1")),
      ([first, second]) => assert.deepStrictEqual([first?._tag, second?._tag], ["Bad", "Command"])
    ))

  it.effect("keep their line behind blank lines and cells of several lines", () =>
    Effect.map(entries("a.csv", "customerId,name\n\n1,\"a\nb\"\n2,c"), (all) =>
      assert.deepStrictEqual(
        all.map((entry) => entry._tag === "Command" ? entry.line : entry._tag),
        [4, 5]
      )))

  it.effect("can be gzip-compressed, whatever the file is called", () =>
    Effect.map(
      changes("customerId,vip\n1,2\n", "a.CSV.GZ"),
      (all) => assert.deepStrictEqual(all, [{ customerId: "1", change: { vip: 2 } }])
    ))

  it.effect("are none in a file that has only a header", () =>
    Effect.map(changes("customerId,vip\n"), (all) => assert.deepStrictEqual(all, [])))
})

describe("a CSV is refused", () => {
  const problems: Readonly<Record<string, readonly [csv: string | Buffer, line: RegExp]>> = {
    "with a column that is not a field": [
      "customerId,e mial\n1,2",
      /^Column 2 "e mial" is not a customer field\. Did you mean email\? Use --ignore-unknown-columns/
    ],
    "with a column that is not like a field": [
      "customerId,remark\n1,2",
      /^Column 2 "remark" is not a customer field\. Use --ignore-unknown-columns/
    ],
    "with a row in place of the header, whose values are not shown": [
      "1001165729,jo@example.com\n",
      /^Column 1 is not a customer field\. Use/
    ],
    "with a row of text in place of the header, whose values are not shown": [
      "A1234567,Reno\n",
      /^Column 1 is not a customer field\. Use/
    ],
    "with a column that has a digit in its name, which is not shown": [
      "customerId,A1234567\n",
      /^Column 2 is not a customer field\. Use/
    ],
    "in UTF-16": [Buffer.from("\ufeffcustomerId\tvip\n1\t2\n", "utf16le"), /^The CSV is in UTF-16\. Save it as UTF-8$/],
    "that is empty": ["", /^The CSV has no header$/],
    "that has only blank lines": ["sep=;\n\n;;\n", /^The CSV has no header$/],
    "with a field twice": ["External ID,externalId\n", /names externalId twice/],
    "without an identifier": ["name,vip\n", /neither customerId nor externalId/],
    "with a quote that stays open": ["customerId,name\n1,a\n2,\"b\n3,c\n", /from line \d+: a quote is not closed/],
    "with something behind a quote": ["customerId,name\n1,\"a\"b\n", /line 2: a quoted cell continues/],
    "with a quote inside": ["customerId,name\n1,a\"b\n", /line 2: there is a quote inside/],
    "with a row of 20 MB": [`customerId,name\n1,${"x".repeat(20_000_000)}\n`, /a row is longer than 16 MiB/]
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
