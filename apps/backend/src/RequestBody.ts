/** The JSON of a request body, read within a limit. Every error is a `TrustlyValidationError` without a value. */
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type { Operation } from "effect-trustly"
import { TrustlyValidationError } from "effect-trustly"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const maxBytes = 256 * 1024

export const invalid = (path: string, expected: string, operation: Operation = "modify"): TrustlyValidationError =>
  new TrustlyValidationError({ operation, issues: [{ path, problem: "invalid", expected }] })

const isJson = (contentType = "application/json"): boolean => /^application\/json\s*(;|$)/i.test(contentType)

const parse = Schema.decode(Schema.parseJson())

const decodeUtf8 = (bytes: Uint8Array) =>
  Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () => invalid("", "a body in UTF-8")
  })

/** Reads to the end and keeps no more than the limit: a client reads the response only after it has sent everything. */
const read = (request: HttpServerRequest.HttpServerRequest) =>
  Effect.gen(function*() {
    const chunks: Array<Uint8Array> = []
    const size = yield* Stream.runFold(request.stream, 0, (total, chunk) => {
      if (total + chunk.byteLength <= maxBytes) chunks.push(chunk)
      return total + chunk.byteLength
    })
    return size > maxBytes ? yield* invalid("", `a body of at most ${maxBytes} bytes`) : Buffer.concat(chunks)
  })

export const json: Effect.Effect<unknown, TrustlyValidationError, HttpServerRequest.HttpServerRequest> = Effect.gen(
  function*() {
    const request = yield* HttpServerRequest.HttpServerRequest
    if (!isJson(request.headers["content-type"])) return yield* invalid("content-type", "application/json")
    const text = yield* Effect.flatMap(read(request), decodeUtf8)
    // the parser's own message quotes the text
    return yield* Effect.mapError(parse(text), () => invalid("", "JSON"))
  }
).pipe(Effect.catchTag("RequestError", () => invalid("", "a complete body")))
