import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe } from "@effect/vitest"
import { Array, Effect, Order } from "effect"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { main } from "../bundle.ts"
import { assertRefused, customer, customerId, environment, runWith, seen } from "../program.ts"
import { ndjson, takeOver, write } from "./files.ts"
import { change, exists, invented, other, read, received, startImport, summaryOf, test, uid } from "./support.ts"

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
})
