import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import type { Scope } from "effect"
import { Array, Deferred, Effect, Layer, Order, Redacted, Schedule } from "effect"
import type { TrustlyConfig } from "effect-trustly"
import { CustomerService } from "effect-trustly"
import { type FaultRuleError, TrustlySandbox } from "effect-trustly-sandbox"
import { execFile } from "node:child_process"
import { closeSync, constants, openSync, writeSync } from "node:fs"
import { promisify } from "node:util"
import { gzipSync } from "node:zlib"
import * as Report from "../../src/Report.ts"
import { main } from "../bundle.ts"
import { runInProcess } from "../commands.ts"
import type { Ended, Options, Running } from "../program.ts"
import {
  assertNoSecret,
  assertRefused,
  customer,
  customerId,
  environment,
  fromJson,
  runWith,
  seen,
  toJson
} from "../program.ts"
import { ndjson, takeOver, write } from "./files.ts"

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
    const customers = CustomerService.layer({ accessId, accessKey, baseUrl: url, ...options }).pipe(
      Layer.provide(NodeHttpClient.layerUndici)
    )
    const { failure, stdout } = yield* runInProcess(["import", ...args], customers)
    const problem = failure === undefined ? undefined : Report.problem(failure)
    return { status: problem?.status ?? 0, stdout, stderr: problem === undefined ? "" : `${problem.message}\n` }
  })

const summaryOf = ({ stdout }: Ended): string => stdout.split("\n")[0] ?? ""

/** Waits until the sandbox has received so many requests. */
const received = (count: number) =>
  Effect.flatMap(
    TrustlySandbox,
    ({ requests }) =>
      Effect.repeat(requests, { until: (all) => all.length >= count, schedule: Schedule.spaced("20 millis") })
  )

/** Starts an import as a process, and returns it with what it ends with. */
const startImport = (args: ReadonlyArray<string>, options: Options = {}) =>
  Effect.gen(function*() {
    const started = yield* Deferred.make<Running>()
    const ended = yield* Effect.fork(runWith(["import", ...args], {
      ...options,
      onStart: (process) => Deferred.unsafeDone(started, Effect.succeed(process))
    }))
    return { ended, process: yield* Deferred.await(started) }
  })

/** Makes a FIFO in a folder of its own. */
const makeFifo = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const cwd = yield* fs.makeTempDirectoryScoped()
  const pipe = `${cwd}/pipe`
  yield* Effect.promise(() => promisify(execFile)("mkfifo", [pipe]))
  return { cwd, pipe }
})

/** Waits until a FIFO has a reader, and opens it for writing. */
const openWriter = (pipe: string) =>
  Effect.try(() => openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK)).pipe(
    Effect.retry(Schedule.spaced("20 millis")),
    Effect.orDie
  )

const close = (fd: number) => Effect.sync(() => closeSync(fd))

/** A test in a folder of its own, with a sandbox of its own. */
const test = (
  what: string,
  body: () => Effect.Effect<
    void,
    PlatformError.PlatformError | FaultRuleError,
    TrustlySandbox | FileSystem.FileSystem | Scope.Scope
  >
) =>
  it.scopedLive(
    what,
    () => Effect.provide(body(), Layer.merge(TrustlySandbox.layer({ seed: 20 }), NodeContext.layer))
  )

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

/** Another user than root, for whom the modes of files do not count. */
const uid = process.getuid?.() === 0 ? 65_534 : undefined

describe("import as a process", () => {
  test("fails with the status of its lines when stdout is closed", () =>
    Effect.gen(function*() {
      const file = yield* write("bad.ndjson", ndjson(...Array.replicate("bad", 2000)))
      for (const args of [[file, "--check"], [file, "--check", "--json"], [file]]) {
        const { status } = yield* runWith(["import", ...args], { onStart: ({ closeOutput }) => closeOutput() })
        assert.strictEqual(status, 1, args.join(" "))
      }
    }))

  test("names the reason why it cannot write beside the file, before anything is sent", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* write("customers.ndjson", ndjson(change(1)))
      const folder = file.slice(0, file.lastIndexOf("/"))
      yield* fs.chmod(file, 0o644)
      yield* fs.chmod(folder, 0o555)
      assertRefused(yield* runWith(["import", file], { uid }), 2, /^Cannot write \S+\.lock: permission denied\n$/)
      yield* fs.chmod(folder, 0o000)
      assertRefused(yield* runWith(["import", file], { uid }), 2, /^Cannot read \S+: permission denied\n$/)
      yield* fs.chmod(folder, 0o777)
      yield* fs.chmod(file, 0o000)
      assertRefused(yield* runWith(["import", file], { uid }), 2, /^Cannot read \S+: permission denied\n$/)
      assert.deepStrictEqual(yield* seen, [])
    }))

  test("is refused while another import of the file runs, and takes over from one that crashed", () =>
    Effect.gen(function*() {
      const { fail } = yield* TrustlySandbox
      const fs = yield* FileSystem.FileSystem
      const file = yield* write("customers.ndjson", ndjson(change(1), change(2, other)))
      yield* fail({ fault: { _tag: "Silence" } })
      // its line is in flight until it is killed
      const first = yield* startImport([file, "--concurrency", "1"], { env: { TRUSTLY_TIMEOUT: "Infinity" } })
      yield* received(1)
      const second = yield* runWith(["import", file])
      assert.strictEqual(second.status, 2)
      assert.match(second.stderr, /^Another import of this file is running: it holds \S+\.lock$/m)
      first.process.stop("SIGKILL")
      yield* first.ended

      // as if the crash was long ago
      yield* fs.utimes(`${file}.lock`, 0, 0)
      const again = yield* runWith(["import", file])
      assert.deepStrictEqual([again.status, summaryOf(again)], [0, "2 lines done, 0 failed"])
      assert.match(again.stdout, /^ {2}1 line was sent again/m)
      assert.isFalse(yield* exists(`${file}.lock`))
    }))

  test("sends every line once when two processes start at the same time", () =>
    Effect.gen(function*() {
      const file = yield* write(
        "customers.ndjson",
        ndjson(...Array.makeBy(96, (at) => ({ customerId: invented(at % 20), update: customer })))
      )
      const both = yield* Effect.all([runWith(["import", file]), runWith(["import", file])], { concurrency: 2 })
      // the later one is refused, or finds nothing to do
      assert.include(
        [[0, 2], [0, 0]].map(String),
        String(Array.sort(both.map(({ status }) => status ?? 9), Order.number))
      )
      assert.strictEqual((yield* seen).length, 96)
    }))

  test("stops with the reason when a journal cannot grow, and continues from there", () =>
    Effect.gen(function*() {
      const file = yield* write(
        "customers.ndjson",
        ndjson(...Array.makeBy(500, (at) => ({ customerId: invented(at % 20), update: customer })))
      )
      const env = { ...(yield* environment), PATH: "/usr/bin:/bin" }
      const limited = yield* Effect.promise(() =>
        promisify(execFile)("bash", ["-c", `ulimit -f 4; '${process.execPath}' '${main}' import '${file}'`], { env })
          .then(() => ({ code: 0, stderr: "" }), ({ code, stderr }) => ({ code, stderr }))
      )
      assert.strictEqual(limited.code, 3)
      assert.match(limited.stderr, /^Cannot write \S+\.journal: the file would exceed the size limit\n$/m)
      const again = yield* runWith(["import", file])
      assert.deepStrictEqual([again.status, summaryOf(again)], [0, "500 lines done, 0 failed"])
    }))

  test("stops with the reason when it has lost its lock", () =>
    Effect.gen(function*() {
      const { fail, requests } = yield* TrustlySandbox
      const file = yield* write(
        "customers.ndjson",
        ndjson(...Array.makeBy(100_000, (at) => change(1, invented(at % 20))))
      )
      yield* fail({ fault: { _tag: "Delay", millis: 20 }, every: 1 })
      const first = yield* startImport([file, "--concurrency", "1"])
      yield* received(1)
      yield* takeOver(`${file}.lock`)
      const { status, stderr } = yield* first.ended
      assert.strictEqual(status, 3)
      assert.match(stderr, /^Import stopped: another process took over \S+\.lock\./)
      const journal = yield* read(`${file}.journal`)
      assert.strictEqual(journal.split("begin").length, journal.split("done").length)
      assert.isBelow((yield* requests).length, 100_000)
    }))

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    test(`lets lines in flight finish after one or two ${signal}, and is continued by the same command`, () =>
      Effect.gen(function*() {
        const { fail } = yield* TrustlySandbox
        const file = yield* write(
          "customers.ndjson",
          ndjson(
            ...Array.makeBy(100, (at) => ({ customerId: invented(at % 20), update: { ...customer, vip: at + 1 } }))
          )
        )
        yield* fail({ fault: { _tag: "Delay", millis: 1000 }, every: 1 })
        const { ended, process } = yield* startImport([file, "--concurrency", "4"])
        yield* received(4)
        process.stop(signal)
        if (signal === "SIGINT") {
          yield* Effect.sleep("100 millis")
          process.stop(signal)
        }
        const stopped = yield* ended
        assert.deepStrictEqual([stopped.status, stopped.stderr], [
          3,
          "Import stopped. The same command continues it\n"
        ])
        const done = Number(/^(\d+) lines done, 0 failed, \d+ remaining$/.exec(summaryOf(stopped))?.[1])
        assert.isAtLeast(done, 4)
        assert.isBelow(done, 100)
        const journal = yield* read(`${file}.journal`)
        assert.strictEqual(journal.match(/^begin/gm)?.length, done)
        assert.strictEqual(journal.match(/^done/gm)?.length, done)
        assert.isFalse(yield* exists(`${file}.lock`))
        // nothing is sent twice
        const sent = (yield* seen).length
        assert.strictEqual(sent, done)
      }))
  }

  test("begins no line that waits for its turn of --rate when it is stopped", () =>
    Effect.gen(function*() {
      const lines = Array.makeBy(3, (at) => ({ customerId: invented(at), update: customer }))
      const file = yield* write("customers.ndjson", ndjson(...lines))
      const { ended, process } = yield* startImport([file, "--rate", "1/h"], { env: { TRUSTLY_TIMEOUT: "1 second" } })
      yield* received(1)
      process.stop("SIGINT")
      assert.strictEqual((yield* ended).status, 3)
      assert.strictEqual((yield* read(`${file}.journal`)).match(/^begin/gm)?.length, 1)
    }))

  test("waits for lines in flight no longer than the deadline of an attempt", () =>
    Effect.gen(function*() {
      const { fail } = yield* TrustlySandbox
      const file = yield* write("customers.ndjson", ndjson({ customerId, update: customer }))
      // in flight for as long as it retries
      yield* fail({ fault: { _tag: "Status", status: 503 }, every: 1 })
      const env = {
        TRUSTLY_TIMEOUT: "300 millis",
        TRUSTLY_RETRY_TIMES: "1000000",
        TRUSTLY_RETRY_MAX_DELAY: "20 millis"
      }
      const { ended, process } = yield* startImport([file], { env })
      yield* received(3)
      process.stop("SIGINT")
      const { status, stdout } = yield* ended
      assert.deepStrictEqual([status, stdout.split("\n")[0]], [3, "0 lines done, 0 failed, 1 remaining"])
    }))

  test("is killed by the third signal", () =>
    Effect.gen(function*() {
      const { fail } = yield* TrustlySandbox
      const file = yield* write("customers.ndjson", ndjson(change(1)))
      yield* fail({ fault: { _tag: "Silence" } })
      const { ended, process } = yield* startImport([file], { env: { TRUSTLY_TIMEOUT: "Infinity" } })
      yield* received(1)
      for (const _ of [1, 2, 3]) {
        process.stop("SIGINT")
        yield* Effect.sleep("200 millis")
      }
      assert.deepStrictEqual(yield* ended, { status: null, stdout: "", stderr: "" })
    }))

  test("reads stdin, a FIFO, and process substitution as streams", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const cwd = yield* fs.makeTempDirectoryScoped()
      const file = yield* write("customers.ndjson.gz", ndjson(change(7)))
      const env = yield* environment
      const shell = (script: string) =>
        Effect.promise(() =>
          promisify(execFile)("bash", ["-ec", script], { cwd, env: { ...env, PATH: "/usr/bin:/bin" } })
        )
      const program = `'${process.execPath}' '${main}' import`
      const scripts = [
        `${program} - < '${file}'`,
        `cat '${file}' | ${program} -`,
        `cat '${file}' | ${program} /dev/stdin`,
        `gunzip -c '${file}' | ${program} /dev/fd/0`,
        `cp '${file}' gone; exec 3< gone; rm gone; ${program} /dev/stdin <&3`,
        `${program} <(cat '${file}')`,
        `mkfifo pipe; cat '${file}' > pipe & ${program} pipe; wait; rm pipe`
      ]
      for (const script of scripts) {
        const { stdout } = yield* shell(script)
        assert.strictEqual(stdout, "1 line done, 0 failed\n  0 retries\n", script)
      }
      assert.strictEqual((yield* seen).length, 2 * scripts.length)
      assert.deepStrictEqual(yield* fs.readDirectory(cwd), [])
      const customerFile = yield* write("customer.json", toJson(customer))
      const updated = yield* shell(
        `'${process.execPath}' '${main}' update ${customerId} --from <(cat '${customerFile}') --json`
      )
      assert.strictEqual(fromJson(updated.stdout).name, customer.name)
    }))

  test("is stopped by a signal while it waits for the first writer of a FIFO", () =>
    Effect.gen(function*() {
      const { cwd, pipe } = yield* makeFifo
      const { ended, process } = yield* startImport([pipe], { cwd })
      yield* Effect.repeat(exists(`${cwd}/import.failures.ndjson`), {
        until: (isThere) => isThere,
        schedule: Schedule.spaced("20 millis")
      })
      // the FIFO is opened next, which nothing shows
      yield* Effect.sleep("200 millis")
      process.stop("SIGINT")
      const { status, stderr } = yield* ended
      // on a busy machine the signal may come before the import has begun
      assert.include([1, 3], status)
      assert.match(stderr, /^(?:Import stopped|Stopped before anything was sent)\. [^\n]+\n$/)
    }))

  test("is stopped by a signal while the writer of a FIFO is silent", () =>
    Effect.gen(function*() {
      const { cwd, pipe } = yield* makeFifo
      const { ended, process } = yield* startImport([pipe], { cwd })
      yield* Effect.acquireRelease(openWriter(pipe), close)
      process.stop("SIGINT")
      assert.deepStrictEqual(yield* ended, {
        status: 1,
        stdout: "0 lines done, 0 failed\n  0 retries\n",
        stderr: "Import stopped. What was read from the stream cannot be read again\n"
      })
    }))

  test("ends at its limit although the writer of a FIFO stays", () =>
    Effect.gen(function*() {
      const { cwd, pipe } = yield* makeFifo
      const { ended } = yield* startImport([pipe, "--limit", "2"], { cwd })
      const writer = yield* Effect.acquireRelease(openWriter(pipe), close)
      writeSync(writer, ndjson(change(1), change(2), change(3)))
      const { status, stdout } = yield* ended
      assert.deepStrictEqual([status, stdout.split("\n")[0]], [0, "2 lines done, 0 failed"])
    }))

  test("reads a FIFO to its end, however slowly it is written", () =>
    Effect.gen(function*() {
      const { cwd, pipe } = yield* makeFifo
      const { ended } = yield* startImport([pipe], { cwd })
      const writer = yield* openWriter(pipe)
      const lines = ndjson(change(7), change(8))
      // the second line is cut
      writeSync(writer, lines.slice(0, -5))
      yield* received(2)
      writeSync(writer, lines.slice(-5))
      yield* close(writer)
      assert.deepStrictEqual(yield* ended, { status: 0, stdout: "2 lines done, 0 failed\n  0 retries\n", stderr: "" })
    }))

  test("takes a FIFO that was closed without content as an empty stream", () =>
    Effect.gen(function*() {
      const { cwd, pipe } = yield* makeFifo
      const { ended } = yield* startImport([pipe], { cwd })
      yield* Effect.flatMap(openWriter(pipe), close)
      assert.deepStrictEqual(yield* ended, { status: 0, stdout: "0 lines done, 0 failed\n  0 retries\n", stderr: "" })
    }))

  test("refuses a FIFO that it may not read", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { cwd, pipe } = yield* makeFifo
      yield* fs.chmod(cwd, 0o777)
      yield* fs.chmod(pipe, 0o200)
      const ended = yield* runWith(["import", pipe], { cwd, uid })
      assertRefused({ ...ended, stdout: "" }, 2, /^Cannot read \S+\/pipe: permission denied\n$/)
    }))

  test("reads stdin by its name also where it is a socket, which cannot be opened by a name", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const cwd = yield* fs.makeTempDirectoryScoped()
      for (const name of ["-", "/dev/stdin", "/dev/fd/0"]) {
        const ended = yield* runWith(["import", name], { cwd, stdin: ndjson(change(7)) })
        assert.deepStrictEqual(ended, { status: 0, stdout: "1 line done, 0 failed\n  0 retries\n", stderr: "" }, name)
      }
    }))

  test("refuses a directory as stdin", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const cwd = yield* fs.makeTempDirectoryScoped()
      const shell = promisify(execFile)("bash", ["-c", `'${process.execPath}' '${main}' import - < .`], {
        cwd,
        env: {}
      })
      const { code, stderr } = yield* Effect.promise(() =>
        shell.then(() => ({ code: 0, stderr: "" }), (error) => error)
      )
      assert.strictEqual(code, 2)
      assert.match(stderr, /^Cannot read stdin: it is a directory, not a file$/m)
    }))

  test("refuses a stream that begins like a JSON document", () =>
    Effect.gen(function*() {
      const one = toJson(change(5))
      const ended = yield* runWith(["import", "-"], { stdin: `// x\n[\n${one},\n${one}\n]\n` })
      assertRefused({ ...ended, stdout: "" }, 2, /one object per line/)
      assert.deepStrictEqual(yield* seen, [])
    }))

  test("keeps the failed lines of a stream in the current folder", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const cwd = yield* fs.makeTempDirectoryScoped()
      const bad = yield* runWith(["import", "-", "--format", "csv"], { cwd, stdin: "External ID;VIP Tier\nnobody;2\n" })
      assert.strictEqual(bad.status, 1)
      assert.match(bad.stderr, /^The columns of stdin are separated by semicolons$/m)
      assert.deepStrictEqual(yield* fs.readDirectory(cwd), ["import.failures.ndjson"])
      assertRefused(yield* runWith(["import", "-"], { cwd, stdin: "" }), 2, /^import\.failures\.ndjson is left from/)
    }))

  test("sends nothing from a stream whose failed lines cannot be written", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const cwd = yield* fs.makeTempDirectoryScoped()
      yield* fs.chmod(cwd, 0o555)
      const ended = yield* runWith(["import", "-"], { cwd, uid, stdin: ndjson(change(1), "bad") })
      assertRefused({ ...ended, stdout: "" }, 2, /^Cannot write import\.failures\.ndjson: permission denied$/m)
      assert.deepStrictEqual(yield* seen, [])
    }))

  test("cannot continue a stream, and says so with status 1", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const cwd = yield* fs.makeTempDirectoryScoped()
      const { ended, process } = yield* startImport(["-"], { cwd, stdin: "open" })
      process.write(ndjson(change(1)), () => {})
      yield* received(2)
      process.stop("SIGINT")
      const { status, stderr } = yield* ended
      assert.deepStrictEqual([status, stderr], [
        1,
        "Import stopped. What was read from the stream cannot be read again\n"
      ])
    }))

  test("reports that a stream was cut off, with status 2 before the first line and 1 after that", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const cwd = yield* fs.makeTempDirectoryScoped()
      // lines with nothing to send
      const rows = Array.makeBy(5000, (at) => ({ customerId: `${at}`, change: {} }))
      const whole = gzipSync(ndjson(...rows))
      const atStart = yield* runWith(["import", "-"], { cwd, stdin: whole.subarray(0, 20) })
      assertRefused({ ...atStart, stdout: "" }, 2, /^Cannot read stdin: the gzip data is cut off\n$/)
      assert.deepStrictEqual(yield* seen, [])
      const later = yield* runWith(["import", "-"], { cwd, stdin: whole.subarray(0, whole.length - 9) })
      assert.deepStrictEqual([later.status, later.stderr], [
        1,
        "Import stopped: Cannot read stdin: the gzip data is cut off\n"
      ])
    }))
})
