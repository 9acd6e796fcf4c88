import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync } from "node:fs"
import * as AppendOnly from "../../src/import/AppendOnly.ts"

// a device that is always full
const full = "/dev/full"

it.scoped.skipIf(!existsSync(full))(
  "a disk that is full stops the import, and nothing is written after a torn record",
  () =>
    Effect.gen(function*() {
      const { append } = yield* AppendOnly.open(full)
      const first = yield* Effect.flip(append("begin 1.\n"))
      assert.deepStrictEqual([first.status, first.message], [3, "/dev/full cannot be written: the disk is full"])
      assert.strictEqual(yield* Effect.flip(append("")), first)
    })
)

it.scoped("a file that cannot be there is told of, without what was to be written", () =>
  Effect.gen(function*() {
    const { append } = yield* AppendOnly.open("/nowhere/at/all")
    const { message } = yield* Effect.flip(append("sentinel"))
    assert.strictEqual(message, "/nowhere/at/all cannot be written: it fails (ENOENT)")
  }))

it.scoped("what is kept is written before what comes next, and when the file is closed", () =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const file = `${yield* fs.makeTempDirectoryScoped()}/a`
    yield* Effect.scoped(Effect.gen(function*() {
      const { append, later } = yield* AppendOnly.open(file)
      yield* append("")
      assert.isFalse(yield* fs.exists(file))
      yield* later("1")
      yield* later("2")
      assert.isFalse(yield* fs.exists(file))
      yield* append("3")
      assert.strictEqual(yield* fs.readFileString(file), "123")
      yield* later("4")
    }))
    assert.strictEqual(yield* fs.readFileString(file), "1234")
  }).pipe(Effect.provide(NodeContext.layer)))
