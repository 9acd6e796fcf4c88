import * as Command from "@effect/cli/Command"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Terminal from "@effect/platform/Terminal"
import { assert, describe, it } from "@effect/vitest"
import type { Scope } from "effect"
import { Array, Deferred, Effect, Layer, Order, Redacted, Schedule } from "effect"
import type { TrustlyConfig } from "effect-trustly"
import { CustomerService } from "effect-trustly"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { importing } from "../../src/commands/Import.ts"
import * as Program from "../../src/Program.ts"
import * as Report from "../../src/Report.ts"
import { parse } from "../commands.ts"
import type { Ended, Running } from "../program.ts"
import { assertNoSecret, assertRefused, customer, customerId, fromJson, runWith, seen, toJson } from "../program.ts"
import { ndjson, screen, write } from "./files.ts"

const invented = (at: number): string => `${1_003_000_001 + at}`

const other = invented(0)

const change = (vip: number, id = customerId) => ({ customerId: id, change: { vip } })

const read = (file: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readFileString(file))

const exists = (file: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.exists(file))

const tierOf = (id: string) =>
  Effect.flatMap(
    TrustlySandbox,
    ({ customers }) => Effect.map(customers, (all) => all.find((one) => one.customerId === id)?.vip)
  )

/** Runs an import in this process, against the sandbox. */
const imports = (
  args: ReadonlyArray<string>,
  options: Partial<TrustlyConfig.Options> = {}
): Effect.Effect<Ended, never, TrustlySandbox> =>
  Effect.gen(function*() {
    const { accessId, accessKey, url } = yield* TrustlySandbox
    const shown = Array.empty<string>()
    const customers = CustomerService.layer({ accessId, accessKey, baseUrl: url, ...options }).pipe(
      Layer.provide(NodeHttpClient.layerUndici)
    )
    const command = Command.withSubcommands(Program.command, [importing(customers)])
    const terminal = Layer.succeed(Terminal.Terminal, screen(shown))
    const failure = yield* parse(command, ["import", ...args], terminal).pipe(Effect.as(undefined), Effect.merge)
    const problem = failure === undefined || failure._tag === "OutputClosed" ? undefined : Report.problem(failure)
    const stderr = problem === undefined ? "" : `${problem.message}\n`
    return { status: problem?.status ?? 0, stdout: shown.join(""), stderr }
  })

/** A test in a folder of its own, with a sandbox of its own. */
const test = (
  what: string,
  body: () => Effect.Effect<void, PlatformError.PlatformError, TrustlySandbox | FileSystem.FileSystem | Scope.Scope>
) =>
  it.scopedLive(
    what,
    () => Effect.provide(body(), Layer.merge(TrustlySandbox.layer({ seed: 20 }), NodeContext.layer))
  )

describe.concurrent("import", () => {
  test("sends every line, tells what it came to, and has nothing left to do", () =>
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
      assert.strictEqual(second.stdout, "3 lines done, 0 failed\n  3 lines had ended before\n  0 retries\n")
      assert.strictEqual((yield* seen).length, 6)
    }))

  test("writes what failed in a form that can be mended and imported", () =>
    Effect.gen(function*() {
      const file = yield* write(
        "customers.ndjson",
        ndjson(change(3), change(1, "1"), { customerId, ...customer, email: "" }, "{\"customerId\":\"1\"", change(4))
      )
      const failed = yield* imports([file])
      const failures = `${file}.failures.ndjson`
      assert.strictEqual(failed.status, 1)
      assert.match(failed.stdout, /^2 lines done, 3 failed\n/)
      assert.match(failed.stdout, /TrustlyValidationError: 2 lines\n/)
      assert.match(failed.stdout, /TrustlyNotFoundError: 1 line\n/)
      assert.strictEqual(failed.stderr, `3 lines failed. When the cause is mended, import ${failures}\n`)
      assertNoSecret(failed)

      const lines = (yield* read(failures)).trim().split("\n").map(fromJson)
      lines.sort((a, b) => a.line - b.line)
      assert.deepStrictEqual(
        lines.map(({ error: { _tag, outcome }, line }) => [line, _tag, outcome]),
        [
          [2, "TrustlyNotFoundError", "Rejected"],
          [3, "TrustlyValidationError", "NotSent"],
          [4, "TrustlyValidationError", "NotSent"]
        ]
      )
      const [unknown, invalid, cut] = lines
      const mended = yield* write(
        "mended.ndjson",
        ndjson({ ...unknown, customerId: other }, { ...invalid, email: "ann@example.com" }, {
          ...cut,
          text: toJson(change(5))
        })
      )
      const again = yield* imports([mended])
      assert.deepStrictEqual([again.status, again.stderr], [0, ""])
      assert.strictEqual(yield* tierOf(other), 1)
    }))

  test("checks a file without credentials, and leaves nothing behind", () =>
    Effect.gen(function*() {
      const file = yield* write("customers.csv", "customerId,vip,email\n1,2,\n1,2,sentinel\n,3,\n1,2\n")
      const checked = yield* imports([file, "--check"])
      assert.strictEqual(checked.status, 1)
      assert.strictEqual(
        checked.stdout,
        "line 4: customerId is invalid, expected a customerId or an externalId\n" +
          "line 5: the value is invalid, expected 3 cells in UTF-8, as many as the header has\n" +
          "2 lines good, 2 lines bad; nothing was sent\n"
      )
      const shown = yield* imports([file, "--dry-run", "--limit", "1", "--json"])
      assert.deepStrictEqual(shown.stdout.trim().split("\n").map(fromJson), [
        { line: 2, change: ["vip"], customerId: "1" },
        { line: 4, issues: [{ path: "customerId", problem: "invalid", expected: "a customerId or an externalId" }] },
        {
          line: 5,
          issues: [{ path: "", problem: "invalid", expected: "3 cells in UTF-8, as many as the header has" }]
        },
        { good: 2, bad: 2, before: 0 }
      ])
      assertNoSecret(checked, shown)
      assert.isFalse(yield* exists(`${file}.journal`))
      assertRefused(yield* imports([file], { accessId: "" }), 2, /^accessId must/)
      assert.isFalse(yield* exists(`${file}.journal`))
    }))

  test("goes on after the limit, and in a file with line ends of Windows", () =>
    Effect.gen(function*() {
      const file = yield* write(
        "customers.jsonl",
        `\ufeff${[1, 2, 3, 4, 5].map((vip) => toJson(change(vip))).join("\r\n")}`
      )
      const limited = [file, "--limit", "2"]
      assert.match((yield* imports(limited)).stdout, /^2 lines done/)
      assert.strictEqual(yield* tierOf(customerId), 2)
      assert.match((yield* imports(limited)).stdout, /^4 lines done, 0 failed\n {2}2 lines had ended before\n/)
      const last = yield* imports([file, "--json"])
      assert.deepStrictEqual(fromJson(last.stdout), {
        summary: { done: 5, failed: 0, failures: {}, before: 4, repeated: 0, retries: 0, unclear: 0 }
      })
      assert.strictEqual(yield* tierOf(customerId), 5)
    }))

  test("notices that the file has changed, and begins anew when it is told to", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* write("customers.ndjson", ndjson(change(1), change(1, "1")))
      yield* imports([file])
      yield* fs.writeFileString(file, ndjson(change(2), change(3)))
      const refused = yield* imports([file])
      assertRefused(
        refused,
        2,
        /^The file has changed since its import began: mend the lines in \S+\.failures\.ndjson and import that file/
      )
      assert.strictEqual(yield* tierOf(customerId), 1)
      const anew = yield* imports([file, "--restart"])
      assert.deepStrictEqual([anew.status, anew.stdout], [0, "2 lines done, 0 failed\n  0 retries\n"])
      assert.isFalse(yield* exists(`${file}.failures.ndjson`))
    }))

  test("does not overwrite failures that no journal knows of", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* write("customers.ndjson", ndjson(change(1)))
      yield* fs.writeFileString(`${file}.failures.ndjson`, "precious")
      assertRefused(
        yield* imports([file]),
        2,
        /failures\.ndjson is there from another import: move it away$/m
      )
      assert.strictEqual(yield* read(`${file}.failures.ndjson`), "precious")
      assert.deepStrictEqual(yield* seen, [])
    }))

  test("is alone with its file, and takes over from one that died", () =>
    Effect.gen(function*() {
      const { fail, requests } = yield* TrustlySandbox
      const fs = yield* FileSystem.FileSystem
      const file = yield* write("customers.ndjson", ndjson(change(1), change(2, other)))
      yield* fs.writeFileString(`${file}.lock`, "999999999")
      yield* fail({ fault: { _tag: "Silence" } })
      const started = yield* Deferred.make<Running>()
      const first = yield* Effect.fork(
        runWith(["import", file, "--concurrency", "1"], {
          onStart: (process) => Deferred.unsafeDone(started, Effect.succeed(process))
        })
      )
      yield* Effect.repeat(requests, { until: (all) => all.length > 0, schedule: Schedule.spaced("20 millis") })
      const second = yield* runWith(["import", file])
      const { stop } = yield* Deferred.await(started)
      stop("SIGINT")
      assertRefused(second, 2, /^The file is being imported by process \d+/)
      const stopped = yield* first
      assert.strictEqual(stopped.status, 3)
      assert.match(stopped.stderr, /^Stopped\. The same command goes on from here\n$/m)
      assert.match(stopped.stdout, /^0 lines done, 0 failed\n/)

      const again = yield* runWith(["import", file])
      assert.strictEqual(again.status, 0)
      assert.match(again.stdout, /^2 lines done, 0 failed\n {2}1 line was sent again/)
    }))

  test("stops when the credentials are refused, and goes on with better ones", () =>
    Effect.gen(function*() {
      const { requests } = yield* TrustlySandbox
      const file = yield* write(
        "customers.ndjson",
        ndjson(...Array.makeBy(500, (at) => change(1, invented(at % 20))))
      )
      const stopped = yield* imports([file, "--concurrency", "4"], {
        accessKey: Redacted.make("sentinel")
      })
      assert.strictEqual(stopped.status, 3)
      assert.match(stopped.stderr, /credentials refused \(HTTP 401, code 375\)/)
      assert.match(stopped.stdout, /^0 lines done, 0 failed\n/)
      assert.isAtMost((yield* requests).length, 4)
      assertNoSecret(stopped)
      const again = yield* imports([file])
      assert.strictEqual(again.status, 0)
      assert.match(again.stdout, /^500 lines done, 0 failed\n/)
    }))

  test("reads the standard input", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const cwd = yield* fs.makeTempDirectoryScoped()
      const good = yield* runWith(["import", "-"], { cwd, stdin: ndjson(change(3)) })
      assert.deepStrictEqual(good, { status: 0, stdout: "1 line done, 0 failed\n  0 retries\n", stderr: "" })
      const bad = yield* runWith(["import", "-", "--format", "csv"], { cwd, stdin: "External ID,VIP Tier\nnobody,2\n" })
      assert.strictEqual(bad.status, 1)
      assert.deepStrictEqual(yield* fs.readDirectory(cwd), ["import.failures.ndjson"])
      assertRefused(yield* runWith(["import", "-"], { cwd, stdin: "" }), 2, /^import\.failures\.ndjson is there/)
    }))

  test("goes through what is no customer at all, and through nothing", () =>
    Effect.gen(function*() {
      const long = `{"name":"${"x".repeat(10_000_000)}"}`
      const file = yield* write("customers.ndjson", `${long}\n${toJson(change(1))}\n\n[]\nnull\n${toJson(change(2))}`)
      const ended = yield* imports([file])
      assert.strictEqual(ended.status, 1)
      assert.match(ended.stdout, /^2 lines done, 3 failed\n/)
      assert.strictEqual(yield* tierOf(customerId), 2)
      const empty = yield* imports([yield* write("empty.ndjson", "")])
      assert.deepStrictEqual(empty, { status: 0, stdout: "0 lines done, 0 failed\n  0 retries\n", stderr: "" })
    }))

  test("stops where a packed file breaks off, and sends nothing of a broken CSV", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const packed = yield* write(
        "a.ndjson.gz",
        ndjson(...Array.makeBy(20_000, (at) => change(at % 7, invented(at % 20))))
      )
      yield* fs.writeFile(packed, (yield* fs.readFile(packed)).slice(0, 2000))
      const cut = yield* imports([packed, "--limit", "20"])
      assert.strictEqual(cut.status, 0)
      const whole = yield* imports([packed, "--check"])
      assertRefused({ ...whole, stdout: "" }, 2, /not in the gzip format, or is cut/)

      const before = (yield* seen).length
      const csv = yield* write("a.csv", "customerId,vip\n1001165729,5\n1001165729,\"6\n")
      assertRefused(
        yield* imports([csv]),
        2,
        /^The CSV cannot be read from line \d on: a quote is not closed$/m
      )
      assert.strictEqual((yield* seen).length, before)
    }))

  for (
    const args of [["--rate", "sentinel"], ["--rate", "0/s"], ["--concurrency", "0"], ["--limit", "0"], [
      "--format",
      "xml"
    ]]
  ) {
    test(`refuses ${args.join(" ")}`, () =>
      Effect.gen(function*() {
        const file = yield* write("a.ndjson", ndjson(change(1)))
        assertRefused(yield* imports([file, ...args]), 2, /^(--|Expected)/)
      }))
  }

  test("refuses a file that it cannot know", () =>
    Effect.gen(function*() {
      assertRefused(yield* imports([yield* write("a.txt", "")]), 2, /give --format ndjson or --format csv$/m)
      assertRefused(yield* imports(["/nowhere/at/all.csv"]), 2, /there is no such file$/m)
      assertRefused(yield* imports(["."]), 2, /that is a directory/)
    }))
})
