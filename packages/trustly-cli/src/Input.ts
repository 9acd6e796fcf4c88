/** Where input comes from: a regular file, which can be read again, or a stream such as stdin, a pipe, or a FIFO. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { constVoid } from "effect/Function"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { constants, createReadStream, fstatSync, openSync } from "node:fs"
import { stat } from "node:fs/promises"
import { Socket } from "node:net"
import type { Readable } from "node:stream"
import { pipeline } from "node:stream"
import { createGunzip } from "node:zlib"
import * as FileProblem from "./FileProblem.ts"
import { Problem, usage } from "./Problem.ts"

export interface Input {
  /** What messages call it. */
  readonly name: string
  /** The path of a regular file; none for a stream, which can be read only once. */
  readonly file: Option.Option<string>
  readonly open: Effect.Effect<Readable, Problem, Scope.Scope>
}

export type Bytes = AsyncIterable<Uint8Array>

const acquire = (make: () => Readable): Effect.Effect<Readable, never, Scope.Scope> =>
  Effect.acquireRelease(Effect.sync(make), (readable) => Effect.sync(() => readable.destroy()))

const stdin: Input = { name: "stdin", file: Option.none(), open: acquire(() => process.stdin) }

/**
 * Opens a FIFO without blocking. A read stream of Node would block a thread until somebody writes, and the process could not exit
 * before that. The socket waits for the first writer: until there was one, no end is reported.
 */
const openFifo = (path: string, label: string): Effect.Effect<Readable, Problem, Scope.Scope> =>
  Effect.try({
    try: () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
    catch: FileProblem.unreadable(label)
  }).pipe(
    Effect.flatMap((fd) => acquire(() => new Socket({ fd, readable: true, writable: false }))),
    Effect.uninterruptible
  )

/** Node reads nothing from a directory, without an error. */
const findStdin: Effect.Effect<Input, Problem> = Effect.flatMap(
  Effect.try({ try: () => fstatSync(0), catch: FileProblem.unreadable("stdin") }),
  (stats) => stats.isDirectory() ? usage("Cannot read stdin: it is a directory, not a file") : Effect.succeed(stdin)
)

const stdinNames: ReadonlySet<string> = new Set(["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"])

/** Finds what a name stands for. `label` is what messages call it. */
export const find = (name: string, label = name): Effect.Effect<Input, Problem, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    if (name === "-") return yield* findStdin
    const fs = yield* FileSystem.FileSystem
    const { type } = yield* fs.stat(name)
    if (type === "Directory") return yield* usage(`Cannot read ${label}: it is a directory, not a file`)
    if (type === "File") {
      // the same file by another name has the same journal
      const path = yield* Effect.either(fs.realPath(name))
      // stdin may be a file that was deleted
      if (Either.isLeft(path) && stdinNames.has(name)) return stdin
      const file = yield* path
      return { name: label, file: Option.some(file), open: acquire(() => createReadStream(file)) }
    }
    // stdin may be a socket, which cannot be opened by its name
    if (stdinNames.has(name)) return stdin
    if (type === "FIFO") return { name: label, file: Option.none(), open: openFifo(name, label) }
    return { name: label, file: Option.none(), open: acquire(() => createReadStream(name)) }
  }).pipe(Effect.mapError(FileProblem.unreadable(label)))

/**
 * Reads an input through an async generator. Unlike `NodeStream.pipeThroughDuplex`, Node's own iterators never lose an error of the
 * source when a transform behind it ends first.
 */
export const read = <A>(
  { name, open }: Input,
  transform: (bytes: Bytes) => AsyncIterable<ReadonlyArray<A>>,
  onError: (error: unknown) => Problem = FileProblem.unreadable(name)
): Stream.Stream<A, Problem> =>
  Stream.unwrapScoped(Effect.map(open, (readable) => {
    // its `return` is never called: it would wait for a read that may never end, while the scope destroys what is read
    const iterator = transform(readable)[Symbol.asyncIterator]()
    return Stream.repeatEffectChunkOption(
      Effect.tryPromise({ try: () => iterator.next(), catch: (error) => Option.some(onError(error)) }).pipe(
        Effect.flatMap((next) =>
          next.done === true ? Effect.fail(Option.none()) : Effect.succeed(Chunk.unsafeFromArray(next.value))
        )
      )
    )
  }))

/** The bytes as they are. */
export const bytes = (input: Input): Stream.Stream<Uint8Array, Problem> =>
  read(input, async function*(source) {
    for await (const chunk of source) yield [chunk]
  })

/** Stands for the content of a file. */
const versionOf = (file: string): Promise<string> =>
  stat(file, { bigint: true }).then(({ ino, mtimeNs, size }) => [ino, mtimeNs, size].join())

/** A file changed while it was read. */
export class FileChanged extends Problem {
  constructor() {
    super({
      message: "The file changed while it was read. Restore it, or re-run with --restart to send every line again",
      status: 2
    })
  }
}

/** Passes on the bytes of a file for as long as the file is as it is now. */
export const whileUnchanged = (file: string): Effect.Effect<(source: Bytes) => Bytes, Problem> =>
  Effect.tryPromise({ try: () => versionOf(file), catch: FileProblem.unreadable(file) }).pipe(
    Effect.map((version) => {
      const check = async () => {
        if (await versionOf(file) !== version) throw new FileChanged()
      }
      return async function*(source) {
        for await (const part of source) {
          await check()
          yield part
        }
        await check()
      }
    })
  )

/** Reads ahead until there are enough bytes. Returns them, and all bytes from the start. */
export const peek = async (
  source: Bytes,
  isEnough: (head: Buffer) => boolean
): Promise<readonly [head: Buffer, bytes: Bytes]> => {
  const iterator = source[Symbol.asyncIterator]()
  // iterating twice must not end the source
  const rest: Bytes = { [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) }
  let head = Buffer.alloc(0)
  for await (const part of rest) {
    head = Buffer.concat([head, part])
    if (isEnough(head)) break
  }
  const all = async function*() {
    if (head.byteLength > 0) yield head
    yield* rest
  }
  return [head, all()]
}

/** Decompresses what begins as gzip data does, whatever its name is. No text in UTF-8 begins so. */
export const decompress = async function*({ name }: Input, source: Bytes): AsyncGenerator<Uint8Array> {
  const [head, all] = await peek(source, ({ byteLength }) => byteLength >= 2)
  if (head.byteLength < 2 && /\.gz$/i.test(name)) throw usage(`Cannot read ${name}: the gzip data is cut off`)
  if (head[0] === 0x1f && head[1] === 0x8b) yield* pipeline(all, createGunzip(), constVoid)
  else yield* all
}
