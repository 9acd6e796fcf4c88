import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe } from "@effect/vitest"
import { Array, Effect, Order, Redacted } from "effect"
import { CustomerService } from "effect-trustly"
import { TrustlySandbox } from "effect-trustly-sandbox"
import * as Report from "../../src/Report.ts"
import { runInProcess } from "../commands.ts"
import { assertNoSecret, assertRefused, customer, customerId, fromJson, seen, toJson } from "../program.ts"
import { ndjson, write } from "./files.ts"
import { change, exists, imports, invented, other, read, summaryOf, test, tierOf } from "./support.ts"

describe("import", () => {
  test("sends every line, prints a summary, and has nothing left to do", () =>
    Effect.gen(function*() {
      const file = yield* write(
        "customers.ndjson",
        ndjson(change(3), { customerId, ...customer }, { externalId: "merchant-2", change: { vip: 4 } })
      )
      const first = yield* imports([file])
      assert.deepStrictEqual(first, { status: 0, stdout: "3 lines done, 0 failed\n  0 retries\n", stderr: "" })
      assert.deepStrictEqual([yield* tierOf(customerId), yield* tierOf(invented(1))], [2, 4])
      assert.strictEqual((yield* seen).length, 2 + 1 + 3)

      const journal = yield* read(`${file}.journal`)
      assert.deepStrictEqual(
        Array.sort(journal.split("\n").slice(1), Order.string),
        ["", "begin 1.", "begin 2.", "begin 3.", "done 1.", "done 2.", "done 3."]
      )
      assert.notInclude(journal, customerId)
      assert.isFalse(yield* exists(`${file}.failures.ndjson`))
      assert.isFalse(yield* exists(`${file}.lock`))

      const second = yield* imports([file])
      assert.deepStrictEqual([second.status, second.stderr], [0, ""])
      assert.strictEqual(second.stdout, "3 lines done, 0 failed\n  3 lines ended in an earlier run\n  0 retries\n")
      assert.strictEqual((yield* seen).length, 6)
    }))

  test("writes failed lines in a form that can be fixed and imported, which finishes the first import", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* write(
        "customers.ndjson",
        ndjson(change(3), change(1, "1"), { customerId, ...customer, email: "" }, "{\"customerId\":\"1\"", change(4))
      )
      const failed = yield* imports([file])
      const failures = `${file}.failures.ndjson`
      assert.strictEqual(failed.status, 1)
      assert.strictEqual(summaryOf(failed), "2 lines done, 3 failed")
      assert.match(failed.stdout, /TrustlyValidationError: 2 lines\n/)
      assert.match(failed.stdout, /TrustlyNotFoundError: 1 line\n/)
      assert.strictEqual(
        failed.stderr,
        `3 lines failed. Fix the cause, or the lines, and run: trustly-customers import ${failures}\n`
      )
      assertNoSecret(failed)

      const lines = (yield* read(failures)).trim().split("\n").map(fromJson)
      lines.sort((a, b) => a.line - b.line)
      assert.deepStrictEqual(lines.map(({ error: { _tag, outcome }, line }) => [line, _tag, outcome]), [
        [2, "TrustlyNotFoundError", "NotSent"],
        [3, "TrustlyValidationError", "NotSent"],
        [4, "TrustlyValidationError", "NotSent"]
      ])
      const [unknown, invalid, cut] = lines
      // one line is still wrong
      yield* fs.writeFileString(
        failures,
        ndjson({ ...unknown, customerId: other }, invalid, { ...cut, text: toJson(change(5)) })
      )
      const again = yield* imports([failures])
      assert.deepStrictEqual([again.status, summaryOf(again)], [1, "2 lines done, 1 failed"])
      assert.strictEqual(yield* tierOf(other), 1)
      assert.strictEqual(summaryOf(yield* imports([file])), "2 lines done, 3 failed")

      const rest = `${failures}.failures.ndjson`
      yield* fs.writeFileString(rest, ndjson({ ...fromJson(yield* read(rest)), email: "ann@example.com" }))
      const last = yield* imports([rest])
      assert.deepStrictEqual([last.status, summaryOf(last)], [0, "1 line done, 0 failed"])
      assert.match(last.stdout, /3 lines marked as done in the import that this file comes from\n/)
      const sent = (yield* seen).length
      for (const finished of [failures, file]) {
        assert.deepStrictEqual((yield* imports([finished])).status, 0, finished)
      }
      assert.strictEqual(summaryOf(yield* imports([file])), "5 lines done, 0 failed")
      assert.strictEqual((yield* seen).length, sent)
    }))

  test("names --restart in place of a failures file that was removed", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* write("customers.ndjson", ndjson(change(1), "bad"))
      yield* imports([file])
      yield* fs.remove(`${file}.failures.ndjson`)
      const again = yield* imports([file])
      assert.deepStrictEqual(again, {
        status: 1,
        stdout:
          "1 line done, 1 failed\n  TrustlyValidationError: 1 line\n  2 lines ended in an earlier run\n  0 retries\n",
        stderr: `1 line failed. ${file}.failures.ndjson was removed. Re-run with --restart to send every line again\n`
      })
    }))

  test("validates a file without credentials, and leaves nothing behind", () =>
    Effect.gen(function*() {
      const file = yield* write("customers.csv", "customerId,vip,email\n1,2,\n1,2,sentinel\n,3,\n1,2,,x\n")
      const checked = yield* imports([file, "--check"])
      assert.strictEqual(checked.status, 1)
      assert.strictEqual(
        checked.stdout,
        "line 4: customerId is invalid, expected a customerId or an externalId\n" +
          "line 5: the value is invalid, expected no value in column 4, which the header does not name\n" +
          "2 valid lines, 2 invalid lines. Nothing was sent\n"
      )
      const shown = yield* imports([file, "--dry-run", "--limit", "3", "--json"])
      assert.deepStrictEqual(shown.stdout.trim().split("\n").map(fromJson), [
        { line: 2, change: ["vip"], customerId: "1" },
        { line: 3, change: ["email", "vip"], customerId: "1" },
        { line: 4, issues: [{ path: "customerId", problem: "invalid", expected: "a customerId or an externalId" }] },
        { valid: 2, invalid: 1, before: 0, remaining: 1 }
      ])
      assertNoSecret(checked, shown)
      assert.isFalse(yield* exists(`${file}.journal`))
      assertRefused(yield* imports([file], { accessId: "" }), 2, /^accessId must/)
      assert.isFalse(yield* exists(`${file}.journal`))
    }))

  test("looks at no line behind --limit, and says how many remain", () =>
    Effect.gen(function*() {
      const lines = [change(1), "bad", ...Array.makeBy(20, (at) => at % 2 === 0 ? "bad" : change(at))]
      const file = yield* write("customers.jsonl", `\ufeff${ndjson(...lines).replaceAll("\n", "\r\n")}`)
      const limited = [file, "--limit", "5"]
      const first = yield* imports(limited)
      assert.deepStrictEqual([first.status, summaryOf(first)], [1, "2 lines done, 3 failed, 17 remaining"])
      assert.strictEqual((yield* read(`${file}.failures.ndjson`)).trim().split("\n").length, 3)
      assert.strictEqual(summaryOf(yield* imports(limited)), "5 lines done, 5 failed, 12 remaining")
      const last = yield* imports([file, "--json"])
      assert.deepStrictEqual(fromJson(last.stdout), {
        summary: {
          done: 11,
          failed: 11,
          failures: { TrustlyValidationError: 11 },
          remaining: 0,
          before: 10,
          repeated: 0,
          retries: 0,
          unclear: 0
        }
      })
      assert.strictEqual(yield* tierOf(customerId), 19)
    }))

  test("leaves secrets unchanged that Trustly masked", () =>
    Effect.gen(function*() {
      const { customers } = yield* TrustlySandbox
      const lines = [{ customerId, ...customer }, { customerId, change: { vip: 9, taxId: "#####6790" } }]
      yield* imports([yield* write("a.ndjson", ndjson(...lines))])
      yield* imports([yield* write("a.csv", `customerId,nationalId,vip\n${customerId},#####,10\n`)])
      const stored = (yield* customers).find((held) => held.customerId === customerId)
      assert.deepStrictEqual([stored?.vip, stored?.taxId, stored?.nationalId], [
        10,
        customer.taxId,
        customer.nationalId
      ])
    }))

  test("refuses a file that changed, and starts again with --restart", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* write("customers.ndjson", ndjson(change(1), change(1, "1")))
      yield* imports([file])
      yield* fs.writeFileString(file, ndjson(change(2), change(3)))
      const refused = yield* imports([file])
      assertRefused(refused, 2, /^The file changed since its import started\. Fix .*\.failures\.ndjson.* --restart/)
      assert.strictEqual(yield* tierOf(customerId), 1)
      const restarted = yield* imports([file, "--restart"])
      assert.deepStrictEqual([restarted.status, restarted.stdout], [0, "2 lines done, 0 failed\n  0 retries\n"])
      assert.isFalse(yield* exists(`${file}.failures.ndjson`))
    }))

  const edits: Readonly<Record<string, (whole: string) => string>> = {
    "cut off": (whole) => whole.slice(0, whole.length / 2),
    "extended": (whole) => whole + ndjson(change(9)),
    "edited in place": (whole) => whole.replaceAll("\"vip\":1", "\"vip\":2")
  }
  for (const [how, edit] of Object.entries(edits)) {
    test(`stops when the file is ${how} while it is imported`, () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        // longer than what is read ahead
        const jo = { name: "Jo", email: "jo@example.com", phone: "+1", address: { country: "US" } } as const
        const line = (at: number) =>
          toJson({ customerId: invented(at), update: { ...jo, vip: 1 } }) + " ".repeat(60_000)
        const whole = ndjson(...Array.makeBy(40, line))
        const file = yield* write("customers.ndjson", whole)
        let sent = 0
        const customers = CustomerService.layerTest({
          update: () =>
            Effect.gen(function*() {
              sent += 1
              if (sent === 1) yield* Effect.orDie(fs.writeFileString(file, edit(whole)))
              return jo
            })
        })
        const { failure, stdout } = yield* runInProcess(["import", file, "--concurrency", "1"], customers)
        const problem = failure === undefined ? undefined : Report.problem(failure)
        assert.strictEqual(problem?.status, 2, problem?.message)
        assert.match(problem?.message ?? "", /^The file changed while it was read\. .*--restart/)
        assert.match(stdout, /^\d+ lines? done, 0 failed, \d+ remaining$/m)
        assert.isBelow(sent, 20)
        assertRefused(yield* imports([file]), 2, /^The file changed since its import started\./)
      }))
  }

  test("refuses a file that was replaced, also when its journal was emptied", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* write("customers.ndjson", ndjson(change(1)))
      yield* imports([file])
      const journal = yield* read(`${file}.journal`)
      yield* fs.writeFileString(file, ndjson(change(2)))
      for (const damaged of ["", `\n${journal}`, "done 1.\n"]) {
        yield* fs.writeFileString(`${file}.journal`, damaged)
        assertRefused(yield* imports([file]), 2, /so it cannot say which lines were sent\. .*--restart/)
        assert.strictEqual(yield* tierOf(customerId), 1)
      }
    }))

  test("does not send lines again when an editor changed the line ends of the journal", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* write("customers.ndjson", ndjson(change(1)))
      yield* imports([file])
      const sent = (yield* seen).length
      yield* fs.writeFileString(`${file}.journal`, (yield* read(`${file}.journal`)).replaceAll("\n", "\r\n"))
      assert.strictEqual(summaryOf(yield* imports([file])), "1 line done, 0 failed")
      assert.strictEqual((yield* seen).length, sent)
    }))

  test("refuses to write into a failures file of another import, a link, or a file that others can read", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* write("customers.ndjson", ndjson(change(1), "bad"))
      const failures = `${file}.failures.ndjson`
      yield* fs.writeFileString(failures, "precious", { mode: 0o600 })
      assertRefused(
        yield* imports([file]),
        2,
        /failures\.ndjson is left from another import\. Move it away, or remove it$/m
      )
      yield* fs.chmod(failures, 0o644)
      assertRefused(yield* imports([file]), 2, /failures\.ndjson has mode 0644, expected 0600/)
      assert.strictEqual(yield* read(failures), "precious")
      yield* fs.remove(failures)
      yield* fs.symlink(`${file}.elsewhere`, failures)
      assertRefused(yield* imports([file]), 2, /failures\.ndjson is a symbolic link\. Remove it/)
      assert.isFalse(yield* exists(`${file}.elsewhere`))
      assert.deepStrictEqual(yield* seen, [])
      yield* fs.remove(failures)
      yield* imports([file])
      assert.strictEqual((yield* fs.stat(failures)).mode & 0o777, 0o600)
    }))

  test("stops when the credentials are refused, and continues with better ones", () =>
    Effect.gen(function*() {
      const { requests } = yield* TrustlySandbox
      const file = yield* write(
        "customers.ndjson",
        ndjson(...Array.makeBy(100, (at) => change(1, invented(at % 20))))
      )
      const stopped = yield* imports([file, "--concurrency", "4"], {
        accessKey: Redacted.make("sentinel")
      })
      assert.strictEqual(stopped.status, 2)
      assert.match(stopped.stderr, /credentials refused \(HTTP 401, code 375\)/)
      assert.strictEqual(summaryOf(stopped), "0 lines done, 0 failed, 100 remaining")
      assert.isAtMost((yield* requests).length, 4)
      assertNoSecret(stopped)
      const again = yield* imports([file])
      assert.deepStrictEqual([again.status, summaryOf(again)], [0, "100 lines done, 0 failed"])
    }))

  test("fails only the lines that are not customers, however they are wrong", () =>
    Effect.gen(function*() {
      const lines = [
        change(1),
        `{"name":"${"x".repeat(10_000_000)}"}`,
        `{"customerId":"1","change":{"customData":${"{\"a\":".repeat(100_000)}1${"}".repeat(100_000)}}}`,
        "[".repeat(100_000) + "]".repeat(100_000),
        { customerId, change: { name: "\u0001".repeat(170_000), vip: { a: 1 } } },
        "null",
        change(2)
      ]
      const file = yield* write("customers.ndjson", ndjson(...lines))
      const ended = yield* imports([file])
      assert.deepStrictEqual([ended.status, summaryOf(ended)], [1, "2 lines done, 5 failed"])
      assert.strictEqual(yield* tierOf(customerId), 2)
      const failures = yield* read(`${file}.failures.ndjson`)
      assert.isAbove(failures.length, 1024 * 1024)
      const again = yield* imports([file])
      assert.deepStrictEqual([again.status, summaryOf(again)], [1, "2 lines done, 5 failed"])
      assert.strictEqual(yield* read(`${file}.failures.ndjson`), failures)
      assert.strictEqual(summaryOf(yield* imports([`${file}.failures.ndjson`])), "0 lines done, 5 failed")
    }))

  test("keeps the failures of lines that are too long when it continues", () =>
    Effect.gen(function*() {
      const nearMaximum = `"${"x".repeat(8 * 1024 * 1024 - 150)}"`
      const lines = [
        "\"".repeat(5 * 1024 * 1024),
        `{"name":${nearMaximum}}`,
        { externalId: nearMaximum },
        change(1),
        change(2)
      ]
      const file = yield* write("customers.ndjson", ndjson(...lines))
      yield* imports([file, "--limit", "4"])
      const failures = yield* read(`${file}.failures.ndjson`)
      assert.deepStrictEqual(failures.trim().split("\n").map((text) => fromJson(text).line), [1, 2, 3])
      assert.strictEqual(summaryOf(yield* imports([file])), "2 lines done, 3 failed")
      assert.isTrue((yield* read(`${file}.failures.ndjson`)) === failures)
    }))

  test("has nothing to do for an empty file", () =>
    Effect.gen(function*() {
      const empty = yield* imports([yield* write("empty.ndjson", "")])
      assert.deepStrictEqual(empty, { status: 0, stdout: "0 lines done, 0 failed\n  0 retries\n", stderr: "" })
    }))

  test("refuses a gzip file that was cut off anywhere, before anything is sent", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const rows = Array.makeBy(2000, (at) => change(at % 7, invented(at % 20)))
      const inputs = {
        "a.csv.gz": `customerId,vip\n${rows.map((row) => `${row.customerId},${row.change.vip}\n`).join("")}`,
        "a.ndjson.gz": ndjson(...rows)
      }
      for (const [name, content] of Object.entries(inputs)) {
        const file = yield* write(name, content)
        const whole = yield* fs.readFile(file)
        for (const length of [0, 1, 20, Math.floor(whole.length / 2), whole.length - 9, whole.length - 1]) {
          yield* fs.writeFile(file, whole.slice(0, length))
          for (const args of [[file, "--check"], [file, "--dry-run"], [file], [file, "--limit", "20"]]) {
            const { status, stderr } = yield* imports(args)
            assert.deepStrictEqual(
              [status, stderr],
              [2, `Cannot read ${file}: the gzip data is cut off\n`],
              `${length}`
            )
          }
        }
        assert.isFalse(yield* exists(`${file}.journal`))
      }
      assert.deepStrictEqual(yield* seen, [])
    }))

  test("refuses a file that is not what it says, before anything is sent", () =>
    Effect.gen(function*() {
      const one = toJson(change(5))
      const csv = yield* write("a.csv", "customerId,vip\n1001165729,5\n1001165729,\"6\n")
      assertRefused(yield* imports([csv]), 2, /^Cannot read the CSV from line \d: a quote is not closed$/m)
      const array = yield* write("a.json", `[\n${one},\n${one}\n]\n`)
      assertRefused(yield* imports([array]), 2, /one object per line/)
      const damaged = yield* write("a.ndjson", Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.from(one)]))
      assertRefused(yield* imports([damaged]), 2, /: the gzip data is damaged$/m)
      assertRefused(yield* imports([yield* write("a.txt", "")]), 2, /Add --format ndjson or --format csv$/m)
      assertRefused(yield* imports(["/nowhere/at/all.csv"]), 2, /^Cannot read \S+: no such file or directory$/m)
      assertRefused(yield* imports(["."]), 2, /it is a directory, not a file$/m)
      assert.deepStrictEqual(yield* seen, [])
    }))
})
