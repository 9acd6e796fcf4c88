/** Where commands come from: a file or the standard input, as NDJSON or CSV, packed or not. */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { createGunzip } from "node:zlib"
import * as FileProblem from "../FileProblem.ts"
import type { Problem } from "../Problem.ts"
import { usage } from "../Problem.ts"
import type { Entry } from "./Entry.ts"
import * as Entries from "./Entry.ts"
import * as Lines from "./Lines.ts"
import * as Rows from "./Rows.ts"

export type Format = "ndjson" | "csv"

export interface Source {
  /** The file; none for the standard input, which cannot be read twice. */
  readonly file: Option.Option<string>
  readonly format: Format
  /** Bytes of the file; none for the standard input. */
  readonly size: Option.Option<number>
  /** What the file holds, for telling whether it is still the same. */
  readonly fingerprint: Effect.Effect<string, Problem>
  /** The lines, from the first one on. `onRead` hears how many bytes of the file have been read. */
  readonly entries: (onRead?: (bytes: number) => void) => Stream.Stream<Entry, Problem>
}

const unpacked = NodeStream.pipeThroughDuplex<Problem>(
  () => createGunzip(),
  () => usage("The file is not in the gzip format, or is cut")
)

const known: Readonly<Record<string, Format>> = { csv: "csv", ndjson: "ndjson", jsonl: "ndjson", json: "ndjson" }

const formatOf = (file: string): Option.Option<Format> =>
  Option.fromNullable(known[file.replace(/\.gz$/i, "").split(".").at(-1)?.toLowerCase() ?? ""])

const counted = (onRead: (bytes: number) => void) => {
  let bytes = 0
  return Stream.mapChunks((parts: Chunk.Chunk<Uint8Array>) => {
    for (const part of parts) bytes += part.byteLength
    onRead(bytes)
    return parts
  })
}

const read = (bytes: Stream.Stream<Uint8Array, Problem>, format: Format): Stream.Stream<Entry, Problem> =>
  format === "csv" ? Rows.read(bytes) : Stream.map(Lines.split(bytes), Entries.ofLine)

const ofFile = (
  given: string,
  format: Option.Option<Format>
): Effect.Effect<Source, Problem, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const unreadable = FileProblem.unreadable(given)
    // the same file by another name has the same journal
    const file = yield* Effect.mapError(fs.realPath(given), unreadable)
    const { size, type } = yield* Effect.mapError(fs.stat(file), unreadable)
    if (type === "Directory") return yield* FileProblem.directory(given)
    const chosen = yield* Effect.mapError(
      Option.orElse(format, () => formatOf(file)),
      () => usage("The name of the file does not tell what it is: give --format ndjson or --format csv")
    )
    const bytes = Stream.mapError(fs.stream(file), unreadable)
    return {
      file: Option.some(file),
      format: chosen,
      size: Option.some(Number(size)),
      fingerprint: Effect.suspend(() => {
        const hash = createHash("sha256")
        return Effect.map(
          Stream.runForEachChunk(bytes, (parts) =>
            Effect.sync(() => {
              for (const part of parts) hash.update(part)
            })),
          () => hash.digest("hex")
        )
      }),
      entries: (onRead = () => {}) => {
        const own = counted(onRead)(bytes)
        return read(/\.gz$/i.test(file) ? unpacked(own) : own, chosen)
      }
    }
  })

const standardInput = (format: Option.Option<Format>): Source => {
  const chosen = Option.getOrElse(format, (): Format => "ndjson")
  return {
    file: Option.none(),
    format: chosen,
    size: Option.none(),
    fingerprint: Effect.succeed(""),
    entries: (onRead = () => {}) => read(counted(onRead)(NodeStream.stdin), chosen)
  }
}

/** The source that is meant by a file name, or by `-`. */
export const open = (
  given: string,
  format: Option.Option<Format>
): Effect.Effect<Source, Problem, FileSystem.FileSystem> =>
  given === "-" ? Effect.succeed(standardInput(format)) : ofFile(given, format)
