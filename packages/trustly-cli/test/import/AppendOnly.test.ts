import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, it } from "@effect/vitest"
import { Array, Effect } from "effect"
import { existsSync, readFileSync } from "node:fs"
import * as AppendOnly from "../../src/import/AppendOnly.ts"

// a device that is always full
const full = "/dev/full"

it.scoped.skipIf(!existsSync(full))(
  "a disk that is full stops the import, and nothing is written after a torn record",
  () =>
    Effect.gen(function*() {
      const append = yield* AppendOnly.open(full)
      const first = yield* Effect.flip(append("begin 1.\n"))
      assert.deepStrictEqual([first.status, first.message], [3, "/dev/full cannot be written: the disk is full"])
      assert.strictEqual(yield* Effect.flip(append("")), first)
    })
)

it.scoped("a file that cannot be there is told of, without what was to be written", () =>
  Effect.gen(function*() {
    const append = yield* AppendOnly.open("/nowhere/at/all")
    const { message } = yield* Effect.flip(append("sentinel"))
    assert.strictEqual(message, "/nowhere/at/all cannot be written: it fails (ENOENT)")
  }))

it.scoped("texts are written whole and in their order, each before its effect ends, the last ones when the file is closed", () =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const file = `${yield* fs.makeTempDirectoryScoped()}/a`
    const numbers = Array.makeBy(100, (at) => `${at} `)
    yield* Effect.scoped(Effect.gen(function*() {
      const append = yield* AppendOnly.open(file)
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
