import { FileSystem } from "@effect/platform"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as FileProblem from "../src/FileProblem.ts"

const causes: Readonly<Record<string, string>> = {
  EROFS: "the file system is read-only",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ERR_FS_EISDIR: "it is a directory, not a file",
  EIO: "the disk reported an I/O error"
}

/** An error as Node reports it. */
const errorOf = (code: string) => Object.assign(new Error("sentinel"), { code })

describe("a file that cannot be used is reported with the cause by name", () => {
  for (const [code, cause] of Object.entries(causes)) {
    it(`${code}: ${cause}`, () => {
      const unwritable = FileProblem.unwritable("a.journal", 3)(errorOf(code))
      assert.deepStrictEqual([unwritable.status, unwritable.message], [3, `Cannot write a.journal: ${cause}`])
      const unreadable = FileProblem.unreadable("a.csv")(errorOf(code))
      assert.deepStrictEqual([unreadable.status, unreadable.message], [2, `Cannot read a.csv: ${cause}`])
    })
  }

  it.effect("also inside an error of the platform", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const error = yield* Effect.flip(fs.stat("/nowhere/at/all"))
      assert.strictEqual(
        FileProblem.unreadable("a.csv")(error).message,
        "Cannot read a.csv: no such file or directory"
      )
    }).pipe(Effect.provide(NodeContext.layer)))
})
