import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Redacted } from "effect"
import type { Entry } from "../../src/import/Entry.ts"
import { customer, customerId, sentinels, toJson } from "../program.ts"
import { entries, ndjson } from "./files.ts"

const whole = { name: "Jo", email: "jo@example.com", phone: "+1", address: { country: "US" } }

const issuesOf = (entry: Entry | undefined) =>
  entry?._tag === "Bad" ? entry.error.issues.map(({ path, problem }) => `${path} ${problem}`) : []

describe("a line of NDJSON is a command", () => {
  const commands: Readonly<Record<string, readonly [line: object, command: object]>> = {
    "to update": [{ customerId, update: whole }, { customerId, update: whole }],
    "to change": [{ customerId, change: { vip: 2 } }, { customerId, change: { vip: 2 } }],
    "to change by the merchant's identifier": [
      { externalId: "a b", change: { vip: null } },
      { externalId: "a b", change: { vip: null } }
    ],
    "as a customer": [{ customerId, ...whole }, { customerId, update: { customerId, ...whole } }],
    "as a customer of the merchant's identifier, which is not created": [
      { externalId: "x", ...whole },
      { externalId: "x", change: { externalId: "x", ...whole } }
    ],
    "that failed before": [
      { line: 7, error: { _tag: "TrustlyServerError" }, customerId, change: { vip: 2 } },
      { customerId, change: { vip: 2 } }
    ],
    "that stood in a file of failures as a text, and was mended there": [
      { line: 7, error: { _tag: "TrustlyValidationError" }, text: "{\"customerId\":\"1\",\"change\":{\"vip\":2}}" },
      { customerId: "1", change: { vip: 2 } }
    ]
  }
  for (const [what, [line, expected]] of Object.entries(commands)) {
    it.effect(what, () =>
      Effect.map(entries("a.ndjson", ndjson(line)), ([entry, ...more]) => {
        assert.strictEqual(more.length, 0)
        if (entry?._tag !== "Command") return assert.fail(entry?._tag)
        const { line: number, source, ...command } = entry.command
        assert.deepStrictEqual([number, command], [1, expected])
        assert.isObject(source())
      }))
  }

  it.effect("with secrets and dates", () =>
    Effect.map(entries("a.jsonl", ndjson({ customerId, ...customer, enrollDate: 5 })), ([entry]) => {
      if (entry?._tag !== "Command" || !("update" in entry.command)) return assert.fail(entry?._tag)
      const { enrollDate, taxId } = entry.command.update
      assert.strictEqual(Redacted.isRedacted(taxId) && Redacted.value(taxId), sentinels.taxId)
      assert.strictEqual(enrollDate && DateTime.toEpochMillis(enrollDate), 5)
    }))

  it.effect("or asks for nothing", () =>
    Effect.map(
      entries("a.ndjson", ndjson({ customerId, change: {} })),
      (all) => assert.deepStrictEqual(all, [{ _tag: "Nothing", line: 1 }])
    ))
})

describe("a line of NDJSON is refused", () => {
  const refused: Readonly<Record<string, readonly [line: unknown, issues: ReadonlyArray<string>]>> = {
    "that is no JSON": ["{oops", [" invalid"]],
    "that is cut": ["{\"customerId\":\"1\",\"change\":{\"vip\"", [" invalid"]],
    "that holds two objects": ["{}{}", [" invalid"]],
    "that is no object": [[1], [" invalid"]],
    "that is null": [null, [" invalid"]],
    "of nobody": [whole, ["customerId invalid"]],
    "of nobody, to change": [{ change: { vip: 1 } }, ["externalId missing"]],
    "of an identifier that cannot stand in a path": [{ customerId: "a/b", change: { vip: 1 } }, ["customerId invalid"]],
    "as a customer of such an identifier": [{ customerId: "..", ...whole }, ["customerId invalid"]],
    "of an empty identifier": [{ externalId: "", change: { vip: 1 } }, ["externalId invalid"]],
    "with two customers in it": [
      { customerId: "1", update: { ...whole, customerId: "2" } },
      ["update.customerId invalid"]
    ],
    "without what is required": [{ customerId, update: { name: "Jo" } }, [
      "update.email missing",
      "update.phone missing",
      "update.address missing"
    ]],
    "as half a customer": [{ customerId, vip: 1 }, [
      "name missing",
      "email missing",
      "phone missing",
      "address missing"
    ]],
    "with an unknown field": [{ customerId, change: { nick: 1 } }, ["change.nick unknown"]],
    "with an unknown key": [{ customerId, change: { vip: 1 }, upsert: true }, ["upsert unknown"]],
    "with both": [{ customerId, change: { vip: 1 }, update: whole }, ["change unknown"]],
    "with a broken text": [{ line: 1, error: {}, text: "no" }, [" invalid"]]
  }
  for (const [what, [line, issues]] of Object.entries(refused)) {
    it.effect(
      what,
      () => Effect.map(entries("a.ndjson", ndjson(line)), ([entry]) => assert.deepStrictEqual(issuesOf(entry), issues))
    )
  }

  it.effect("and what stood there is kept, out of the error", () =>
    Effect.gen(function*() {
      const wrong = { customerId, ...customer, email: "" }
      const [first, second] = yield* entries("a.ndjson", ndjson(wrong, "sentinel"))
      if (first?._tag !== "Bad" || second?._tag !== "Bad") return assert.fail("expected two bad lines")
      assert.deepStrictEqual([first.source, second.source], [wrong, { text: "sentinel" }])
      assert.notInclude(toJson([first.error, second.error]) + first.error.message, "sentinel")
    }))
})
