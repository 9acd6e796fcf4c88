/** A customer that comes in as JSON, from a file or from the standard input. No message holds a value of it. */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as FileSystem from "@effect/platform/FileSystem"
import type { Operation } from "effect-trustly"
import { CustomerUpdate, issuesOf, TrustlyValidationError } from "effect-trustly"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as FileProblem from "./FileProblem.ts"
import type { Problem } from "./Problem.ts"
import { usage } from "./Problem.ts"

const maxBytes = 1024 * 1024

/** Reads wire JSON strictly. What is wrong comes out as the library itself would say it. */
export const decoder = <A, I>(operation: Operation, schema: Schema.Schema<A, I>) => {
  const decode = Schema.decodeUnknownEither(schema, { onExcessProperty: "error", errors: "all" })
  return (json: unknown): Either.Either<A, TrustlyValidationError> =>
    Either.mapLeft(decode(json), (error) => new TrustlyValidationError({ operation, issues: issuesOf(error) }))
}

const decodeUpdate = decoder("update", CustomerUpdate)

const unreadable = FileProblem.unreadable("--from")

const chunks = (source: string): Stream.Stream<Uint8Array, Problem, FileSystem.FileSystem> =>
  source === "-"
    ? NodeStream.stdin
    : Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { type } = yield* fs.stat(source)
      return type === "Directory"
        ? Stream.fail(FileProblem.directory("--from"))
        : Stream.mapError(fs.stream(source, { bytesToRead: FileSystem.Size(maxBytes + 1) }), unreadable)
    }).pipe(Effect.mapError(unreadable), Stream.unwrap)

const bytes = (source: string): Effect.Effect<Uint8Array, Problem, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const parts: Array<Uint8Array> = []
    const size = yield* Stream.runFoldWhile(chunks(source), 0, (read) => read <= maxBytes, (read, part) => {
      parts.push(part)
      return read + part.byteLength
    })
    if (size > maxBytes) return yield* usage("--from: over 1 MiB, which is no customer")
    return Buffer.concat(parts)
  })

const text = (content: Uint8Array): Effect.Effect<string, Problem> =>
  Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(content),
    catch: () => usage("--from: not a text in UTF-8")
  })

const decodeJson = Schema.decode(Schema.parseJson())

const parse = (content: string): Effect.Effect<unknown, Problem> =>
  content.trim() === ""
    ? Effect.fail(usage("--from: empty, a customer as one JSON object is needed"))
    : decodeJson(content).pipe(
      // its own message quotes the text
      Effect.mapError(() => usage("--from: not JSON, a customer as one JSON object is needed")),
      Effect.filterOrFail(
        Predicate.isReadonlyRecord,
        () => usage("--from: not an object, a customer as one JSON object is needed")
      )
    )

/** The whole customer in a file, or on the standard input for `-`. */
export const read = (
  source: string
): Effect.Effect<CustomerUpdate, Problem | TrustlyValidationError, FileSystem.FileSystem> =>
  bytes(source).pipe(Effect.flatMap(text), Effect.flatMap(parse), Effect.flatMap(decodeUpdate))
