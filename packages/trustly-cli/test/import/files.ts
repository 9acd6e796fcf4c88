/** Files for the tests of the import. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { Chunk, Clock, Effect, Option, Schedule, Stream } from "effect"
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

/** The entries that the lines of a file decode to. */
export const entries = (
  name: string,
  content: string | Uint8Array,
  options: Partial<Source.Options> = {}
) =>
  Effect.gen(function*() {
    const source = yield* Source.open(yield* write(name, content), {
      format: Option.none(),
      ignoreUnknownColumns: false,
      ...options
    })
    const items = Chunk.toReadonlyArray(yield* Stream.runCollect(source.items))
    return items.map((item) => item.decode())
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

/** Reads a file as an import does before it sends anything. */
export const survey = (name: string, content: string) =>
  Effect.gen(function*() {
    const options = { format: Option.none(), ignoreUnknownColumns: false }
    return yield* (yield* Source.open(yield* write(name, content), options)).survey
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

/** Takes over a lock as another process does. Its heartbeat goes on until the scope closes. */
export const takeOver = (lock: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    yield* fs.remove(lock, { recursive: true })
    yield* fs.makeDirectory(lock)
    // once is not enough: the first holder may be between its look at the lock and its own heartbeat
    const heartbeat = Effect.flatMap(Clock.currentTimeMillis, (now) => fs.utimes(lock, now / 1000, now / 1000))
    yield* Effect.forkScoped(Effect.repeat(heartbeat, Schedule.spaced("50 millis")))
  })

export const ndjson = (...lines: ReadonlyArray<unknown>): string =>
  lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("")
