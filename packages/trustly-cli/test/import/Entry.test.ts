import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Redacted } from "effect"
import type { Entry } from "../../src/import/Entry.ts"
import { customer, customerId, sentinels, toJson } from "../program.ts"
import { entries, ndjson, survey } from "./files.ts"

const whole = { name: "Jo", email: "jo@example.com", phone: "+1", address: { country: "US" } }

const issuesOf = (entry: Entry | undefined) =>
  entry?._tag === "Bad" ? entry.error.issues.map(({ path, problem }) => `${path} ${problem}`) : []

describe("a line of NDJSON is decoded", () => {
  const commands: Readonly<Record<string, readonly [line: object, command: object]>> = {
    "that updates": [{ customerId, update: whole }, { customerId, update: whole }],
    "that changes": [{ customerId, change: { vip: 2 } }, { customerId, change: { vip: 2 } }],
    "that changes by externalId": [
      { externalId: "a b", change: { vip: null } },
      { externalId: "a b", change: { vip: null } }
    ],
    "that is a customer": [{ customerId, ...whole }, { customerId, update: { customerId, ...whole } }],
    "that is a customer with an externalId only, which is not created": [
      { externalId: "x", ...whole },
      { externalId: "x", change: { externalId: "x", ...whole } }
    ],
    "that names its customer by externalId beside a customerId of null": [
      { customerId: null, externalId: "x", change: { vip: 2 } },
      { externalId: "x", change: { vip: 2 } }
    ],
    "that names its customer by customerId beside an externalId of null": [
      { customerId, externalId: null, change: { vip: 2 } },
      { customerId, change: { vip: 2 } }
    ],
    "that is a customer with an externalId and a customerId of null": [
      { customerId: null, externalId: "x", ...whole },
      { externalId: "x", change: { externalId: "x", ...whole } }
    ],
    "that is a failure record": [
      { line: 7, error: { _tag: "TrustlyServerError" }, customerId, change: { vip: 2 } },
      { customerId, change: { vip: 2 } }
    ],
    "that is a failure record with the fixed text of a line": [
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
    Effect.map(entries("a.jsonl", ndjson({ customerId, ...customer, enrollDate: 1767225600000 })), ([entry]) => {
      if (entry?._tag !== "Command" || !("update" in entry.command)) return assert.fail(entry?._tag)
      const { enrollDate, taxId } = entry.command.update
      assert.strictEqual(Redacted.isRedacted(taxId) && Redacted.value(taxId), sentinels.taxId)
      assert.strictEqual(enrollDate && DateTime.toEpochMillis(enrollDate), 1767225600000)
    }))

  it.effect("that changes nothing", () =>
    Effect.map(
      entries("a.ndjson", ndjson({ customerId, change: {} })),
      (all) => assert.deepStrictEqual(all, [{ _tag: "Nothing", line: 1 }])
    ))
})

describe("a line of NDJSON is refused", () => {
  const refused: Readonly<Record<string, readonly [line: unknown, issues: ReadonlyArray<string>]>> = {
    "that is invalid JSON": ["{oops", [" invalid"]],
    "that is cut off": ["{\"customerId\":\"1\",\"change\":{\"vip\"", [" invalid"]],
    "that holds two objects": ["{}{}", [" invalid"]],
    "that is an array": [[1], [" invalid"]],
    "that contains the text of a command, but is no failure record": [
      { text: toJson({ customerId, change: { vip: 1 } }) },
      ["text unknown", "name missing", "email missing", "phone missing", "address missing"]
    ],
    "that is null": [null, [" invalid"]],
    "without an identifier": [whole, ["customerId invalid"]],
    "that changes without an identifier": [{ change: { vip: 1 } }, ["externalId missing"]],
    "with a customerId that contains a slash": [{ customerId: "a/b", change: { vip: 1 } }, ["customerId invalid"]],
    "that is a customer with such an identifier": [{ customerId: "..", ...whole }, ["customerId invalid"]],
    "with an empty externalId": [{ externalId: "", change: { vip: 1 } }, ["externalId invalid"]],
    "with two identifiers": [
      { customerId: "1", update: { ...whole, customerId: "2" } },
      ["update.customerId invalid"]
    ],
    "without the required fields": [{ customerId, update: { name: "Jo" } }, [
      "update.email missing",
      "update.phone missing",
      "update.address missing"
    ]],
    "that is half a customer": [{ customerId, vip: 1 }, [
      "name missing",
      "email missing",
      "phone missing",
      "address missing"
    ]],
    "with an unknown field": [{ customerId, change: { nick: 1 } }, ["change.nick unknown"]],
    "with an unknown key": [{ customerId, change: { vip: 1 }, upsert: true }, ["upsert unknown"]],
    "with a redacted secret": [
      { customerId, change: { taxId: "<redacted>", driverLicense: { number: "<redacted>", state: "NV" } } },
      ["change.taxId invalid", "change.driverLicense.number invalid"]
    ],
    "that is a customer with a redacted secret": [{ customerId, ...whole, nationalId: "<redacted>" }, [
      "nationalId invalid"
    ]],
    "with an enrollDate like 20260131": [{ customerId, change: { enrollDate: 20260131 } }, [
      "change.enrollDate invalid"
    ]],
    "with an enrollDate in seconds": [{ customerId, ...whole, enrollDate: 1767225600 }, ["enrollDate invalid"]],
    "with an enrollDate like 202601310930": [{ customerId, change: { enrollDate: 202601310930 } }, [
      "change.enrollDate invalid"
    ]],
    "with an enrollDate in fractions of milliseconds": [{ customerId, change: { enrollDate: 1767225600000.5 } }, [
      "change.enrollDate invalid"
    ]],
    "nested 100,000 levels deep": [
      `{"customerId":"1","change":{"customData":${"{\"a\":".repeat(100_000)}1${"}".repeat(100_000)}}}`,
      [" invalid"]
    ],
    "of 100,000 brackets": ["[".repeat(100_000) + "]".repeat(100_000), [" invalid"]],
    "longer than 1 MiB": [{ customerId, change: { name: "x".repeat(1024 * 1024) } }, [" invalid"]],
    "with both an update and a change": [{ customerId, change: { vip: 1 }, update: whole }, ["change unknown"]],
    "that is a failure record with the text of an invalid line": [{ line: 1, error: {}, text: "no" }, [" invalid"]]
  }
  for (const [what, [line, issues]] of Object.entries(refused)) {
    it.effect(
      what,
      () =>
        Effect.map(
          entries("a.ndjson", ndjson({ customerId, change: { vip: 2 } }, line)),
          ([, entry]) => assert.deepStrictEqual(issuesOf(entry), issues)
        )
    )
  }

  it.effect("and its content is kept, but not in the error", () =>
    Effect.gen(function*() {
      const wrong = { customerId, ...customer, email: "" }
      const [first, second] = yield* entries("a.ndjson", ndjson(wrong, "sentinel"))
      if (first?._tag !== "Bad" || second?._tag !== "Bad") return assert.fail("expected two bad lines")
      assert.deepStrictEqual([first.source, second.source], [wrong, { text: "sentinel" }])
      assert.notInclude(toJson([first.error, second.error]) + first.error.message, "sentinel")
    }))

  const inexact = {
    "that JSON reads as Infinity": `{"customerId":"1","change":{"vip":1e400}}`,
    "inside custom data that JSON reads as Infinity": `{"customerId":"1","change":{"customData":{"a":[-1e400]}}}`,
    "that JSON rounds": `{"customerId":12345678901234567891,"change":{"vip":1}}`,
    "that JSON rounds, in a failure record":
      `{"line":3,"error":{},"customerId":12345678901234567891,"change":{"vip":1}}`
  }
  for (const [what, text] of Object.entries(inexact)) {
    it.effect(`and is kept as text if it has a number ${what}`, () =>
      Effect.gen(function*() {
        const [first, again] = yield* entries("a.ndjson", ndjson(text, { line: 1, error: {}, text }))
        if (first?._tag !== "Bad" || again?._tag !== "Bad") return assert.fail("expected two bad lines")
        assert.deepStrictEqual([first.source, again.source], [{ text }, { text }])
      }))
  }

  it.effect("but a failure record can be longer than the line that it contains", () =>
    Effect.map(
      entries(
        "a.ndjson",
        ndjson({ line: 1, error: {}, text: toJson({ customerId, change: { name: "\u0001".repeat(170_000) } }) })
      ),
      ([entry]) => assert.strictEqual(entry?._tag, "Command")
    ))
})

describe("a JSON document is refused before anything is sent", () => {
  const one = toJson({ customerId, change: { vip: 2 } })
  const documents: Readonly<Record<string, string>> = {
    "an array with one object per line": `[\n${one},\n${one}\n]\n`,
    "an array with commas at the start of lines": `[\n${one}\n,${one}\n]\n`,
    "an array that starts with an object": `[${one},\n${one}]\n`,
    "an array on one line": `[${one},${one}]`,
    "an empty array": "[]",
    "an array after blank lines": `\n  \n[\n${one}\n]`,
    "an indented array": toJson([1]).replace("1", `\n  ${one}\n`),
    "an object that contains an array": `{"customers":[\n${one}\n]}\n`,
    "an object that contains an array with several lines": `{"customers":[${one}\n,${one}\n]}\n`,
    "an object over several lines": JSON.stringify({ customerId, change: { vip: 2 } }, null, 2),
    "an array after a comment": `// x\n[\n${one},\n${one}\n]\n`,
    "an array after a name": `"customers": [\n${one},\n${one}\n]\n`,
    "an array after an object": `{"total":2}\n[\n${one}\n]\n`,
    "an array that starts after many lines": `${`${one}\n`.repeat(5000)}[\n${one}\n`,
    "an array that ends after many lines": `oops\n${`${one}\n`.repeat(5000)}]\n`,
    "objects with commas after them": `${one},\n${one},\n${one}\n`
  }
  for (const [what, document] of Object.entries(documents)) {
    it.effect(what, () =>
      Effect.gen(function*() {
        const problem = yield* Effect.flip(survey("a.json", document))
        assert.strictEqual(problem._tag === "Problem" && problem.status, 2)
        assert.match(problem.message, /one object per line/)
      }))
  }

  it.effect("but a first line that is cut off or an array is only a bad line", () =>
    Effect.gen(function*() {
      for (const first of ["{\"customerId\":\"1\"", "[1]", "[[1]]", "oops"]) {
        const all = yield* entries("a.ndjson", ndjson(first, one))
        assert.deepStrictEqual(all.map(({ _tag }) => _tag), ["Bad", "Command"], first)
      }
    }))
})
