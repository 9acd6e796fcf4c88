import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe } from "@effect/vitest"
import { Array, Effect, Schedule } from "effect"
import { execFile } from "node:child_process"
import { closeSync, constants, openSync, writeSync } from "node:fs"
import { promisify } from "node:util"
import { gzipSync } from "node:zlib"
import { main } from "../bundle.ts"
import { assertRefused, customer, customerId, environment, fromJson, runWith, seen, toJson } from "../program.ts"
import { ndjson, write } from "./files.ts"
import { change, exists, received, startImport, test, uid } from "./support.ts"

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

describe("an import of a stream", () => {
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
