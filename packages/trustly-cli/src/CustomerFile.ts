/** Reads one customer from a JSON file, for `update --from`. No message contains a value of it. */
import type * as FileSystem from "@effect/platform/FileSystem"
import type { CustomerUpdate, TrustlyValidationError } from "effect-trustly"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Decode from "./Decode.ts"
import * as Input from "./Input.ts"
import * as Json from "./Json.ts"
import type { Problem } from "./Problem.ts"
import { usage } from "./Problem.ts"

const maxBytes = 1024 * 1024

const readBytes = (input: Input.Input): Effect.Effect<Uint8Array, Problem> =>
  Effect.gen(function*() {
    const parts: Array<Uint8Array> = []
    const size = yield* Stream.runFoldWhile(Input.bytes(input), 0, (read) => read <= maxBytes, (read, part) => {
      parts.push(part)
      return read + part.byteLength
    })
    if (size > maxBytes) return yield* usage("--from: larger than 1 MiB. Expected one customer as a JSON object")
    return Buffer.concat(parts)
  })

const decodeUtf8 = (content: Uint8Array): Effect.Effect<string, Problem> =>
  Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(content),
    catch: () => usage("--from: the file is not in UTF-8")
  })

const parse = (content: string): Effect.Effect<Json.Wire, Problem> => {
  if (content.trim() === "") {
    return Effect.fail(usage("--from: the file is empty. Expected a customer as a JSON object"))
  }
  return Option.match(Json.parse(content), {
    onNone: () => Effect.fail(usage("--from: invalid JSON. Expected a customer as a JSON object")),
    onSome: (value) =>
      Json.isObject(value) ? Effect.succeed(value) : Effect.fail(usage("--from: expected a customer as a JSON object"))
  })
}

/** The customer in a file, a pipe, or stdin (`-`). */
export const read = (
  name: string
): Effect.Effect<CustomerUpdate, Problem | TrustlyValidationError, FileSystem.FileSystem> =>
  Input.find(name, `--from ${name}`).pipe(
    Effect.flatMap(readBytes),
    Effect.flatMap(decodeUtf8),
    Effect.flatMap(parse),
    Effect.flatMap(Decode.update)
  )
