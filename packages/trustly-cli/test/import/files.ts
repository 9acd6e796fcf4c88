/** Files for the tests of the import, and a terminal. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Terminal from "@effect/platform/Terminal"
import { Chunk, Effect, Option, Stream } from "effect"
import { gzipSync } from "node:zlib"
import * as Source from "../../src/import/Source.ts"

/** A file of this name in a folder of its own. */
export const write = (name: string, content: string | Uint8Array) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const file = `${yield* fs.makeTempDirectoryScoped()}/${name}`
    const bytes = typeof content === "string" ? Buffer.from(content) : content
    yield* fs.writeFile(file, /\.gz$/i.test(name) ? gzipSync(bytes) : bytes)
    return file
  })

/** What the lines of a file come to. */
export const entries = (name: string, content: string | Uint8Array) =>
  Effect.gen(function*() {
    const source = yield* Source.open(yield* write(name, content), Option.none())
    return Chunk.toReadonlyArray(yield* Stream.runCollect(source.entries()))
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

export const ndjson = (...lines: ReadonlyArray<unknown>): string =>
  lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("")

/** A terminal that keeps what is shown. */
export const screen = (shown: Array<string>): Terminal.Terminal => ({
  columns: Effect.succeed(80),
  rows: Effect.succeed(24),
  isTTY: Effect.succeed(false),
  readInput: Effect.dieMessage("not used"),
  readLine: Effect.dieMessage("not used"),
  display: (text) => Effect.sync(() => shown.push(text))
})
