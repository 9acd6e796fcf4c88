import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Lock from "../../src/import/Lock.ts"

// it lives as long as the test
const living = process.ppid

const inFolder = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  return { file: `${folder}/a.lock`, fs, left: fs.readDirectory(folder) }
})

describe("the lock of a file", () => {
  it.scoped("names its process while it is held, and is gone after that", () =>
    Effect.gen(function*() {
      const { file, fs, left } = yield* inFolder
      yield* Effect.scoped(Effect.gen(function*() {
        yield* Lock.acquire(file)
        assert.strictEqual(yield* fs.readFileString(file), `${process.pid}`)
        assert.deepStrictEqual(yield* left, ["a.lock"])
      }))
      assert.deepStrictEqual(yield* left, [])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("is refused while another process lives, and left alone", () =>
    Effect.gen(function*() {
      const { file, fs, left } = yield* inFolder
      yield* fs.writeFileString(file, `${living}`)
      const { message, status } = yield* Effect.flip(Effect.scoped(Lock.acquire(file)))
      assert.deepStrictEqual([status, message], [
        2,
        `The file is being imported by process ${living}. If that is no import, remove ${file}`
      ])
      assert.strictEqual(yield* fs.readFileString(file), `${living}`)
      assert.deepStrictEqual(yield* left, ["a.lock"])
    }).pipe(Effect.provide(NodeContext.layer)))

  for (
    const [whose, pid] of Object.entries({ "a process that died": "999999999", "nobody": "", "what is no number": "x" })
  ) {
    it.scoped(`of ${whose} is taken over`, () =>
      Effect.gen(function*() {
        const { file, fs, left } = yield* inFolder
        yield* fs.writeFileString(file, pid)
        yield* Effect.scoped(Effect.gen(function*() {
          yield* Lock.acquire(file)
          assert.strictEqual(yield* fs.readFileString(file), `${process.pid}`)
        }))
        assert.deepStrictEqual(yield* left, [])
      }).pipe(Effect.provide(NodeContext.layer)))
  }

  it.scoped("cannot be held where nothing can be written", () =>
    Effect.gen(function*() {
      const { status } = yield* Effect.flip(Effect.scoped(Lock.acquire("/nowhere/at/all.lock")))
      assert.strictEqual(status, 3)
    }).pipe(Effect.provide(NodeContext.layer)))
})
