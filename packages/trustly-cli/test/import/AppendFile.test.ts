import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, it } from "@effect/vitest"
import { Array, Effect } from "effect"
import { existsSync, readFileSync } from "node:fs"
import * as AppendFile from "../../src/import/AppendFile.ts"

// a device that is always full
const full = "/dev/full"

it.scoped.skipIf(!existsSync(full))(
  "a full disk stops the import, and nothing is written after a torn record",
  () =>
    Effect.gen(function*() {
      const append = yield* AppendFile.open(full)
      const first = yield* Effect.flip(append("begin 1.\n"))
      assert.deepStrictEqual([first.status, first.message], [3, "Cannot write /dev/full: the disk is full"])
      assert.strictEqual(yield* Effect.flip(append("")), first)
    })
)

it.scoped("a file in a missing folder is reported without the text", () =>
  Effect.gen(function*() {
    const append = yield* AppendFile.open("/nowhere/at/all")
    const { message } = yield* Effect.flip(append("sentinel"))
    assert.strictEqual(message, "Cannot write /nowhere/at/all: no such file or directory")
  }))

it.scoped("texts are written in their order, each before its effect ends, and the last ones when the file is closed", () =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const file = `${yield* fs.makeTempDirectoryScoped()}/a`
    const numbers = Array.makeBy(100, (at) => `${at} `)
    yield* Effect.scoped(Effect.gen(function*() {
      const append = yield* AppendFile.open(file)
      const added = Effect.map(append("ä"), () => readFileSync(file, "utf8"))
      assert.strictEqual(yield* added, "ä")
      yield* Effect.forEach(
        numbers,
        (text) => Effect.map(append(text), () => assert.include(readFileSync(file, "utf8"), text)),
        { concurrency: "unbounded" }
      )
      yield* Effect.fork(append("last"))
      yield* Effect.yieldNow()
    }))
    assert.strictEqual(yield* fs.readFileString(file), `ä${numbers.join("")}last`)
  }).pipe(Effect.provide(NodeContext.layer)))

it.scoped("a symbolic link in place of the file is not followed", () =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const folder = yield* fs.makeTempDirectoryScoped()
    yield* fs.symlink(`${folder}/elsewhere`, `${folder}/a`)
    const append = yield* AppendFile.open(`${folder}/a`)
    assert.match((yield* Effect.flip(append("sentinel"))).message, /^Cannot write \S+: too many symbolic links$/)
    assert.isFalse(yield* fs.exists(`${folder}/elsewhere`))
  }).pipe(Effect.provide(NodeContext.layer)))
