import type * as Headers from "@effect/platform/Headers"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import * as Deadline from "./deadline.ts"
import type { NetworkFailure } from "./networkFailure.ts"
import * as Network from "./networkFailure.ts"
import type { Body, Response } from "./response.ts"

/** One HTTP exchange: connects, sends, and reads the response to its end, within the deadline and the byte limit. */
export type Attempt = (
  request: HttpClientRequest.HttpClientRequest,
  span: Tracer.AnySpan
) => Effect.Effect<Response, NetworkFailure>

const timedOut: NetworkFailure = { reason: "Timeout" }
const notSent: NetworkFailure = { reason: "Connect" }

const digits = /^\d+$/

// statuses without a body, whatever their headers say
const bodiless: ReadonlySet<number> = new Set([204, 205, 304])

// fatal: replacement characters would pass for the customer's data and be written back
const utf8 = new TextDecoder("utf-8", { fatal: true })

const decodeText = (bytes: Uint8Array | ArrayBuffer): Body => {
  try {
    return { _tag: "Text", text: utf8.decode(bytes) }
  } catch {
    return { _tag: "Encoding" }
  }
}

const concat = (chunks: ReadonlyArray<Uint8Array>, length: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.byteLength
  }
  return bytes
}

// interrupting a read makes the client close the connection
const discard = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  Effect.fork(response.arrayBuffer).pipe(
    Effect.tap(Effect.yieldNow()),
    Effect.flatMap(Fiber.interrupt)
  )

// stops at the first chunk beyond the limit
const readCounted = (
  response: HttpClientResponse.HttpClientResponse,
  maxBytes: number
): Effect.Effect<Uint8Array, HttpClientError.ResponseError> =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let length = 0
    return Stream.runForEachWhile(response.stream, (chunk) =>
      Effect.sync(() => {
        chunks.push(chunk)
        length += chunk.byteLength
        return length <= maxBytes
      })).pipe(Effect.map(() => concat(chunks, length)))
  })

const readBody = (
  response: HttpClientResponse.HttpClientResponse,
  headers: Headers.Headers,
  maxBytes: number
): Effect.Effect<Body> => {
  if (bodiless.has(response.status)) return Effect.succeed({ _tag: "Text", text: "" })
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? ""
  // the request asks for none, and decompressing could take more memory than the limit allows
  if (encoding !== "" && encoding !== "identity") return Effect.as(discard(response), { _tag: "Encoding" })
  const contentLength = headers["content-length"] ?? ""
  const length = digits.test(contentLength) ? Number(contentLength) : undefined
  if (length !== undefined && length > maxBytes) return Effect.as(discard(response), { _tag: "TooLarge" })
  // a stream costs nearly twice as much as a buffer, so bytes are counted only where the length is not known
  const bytes: Effect.Effect<Uint8Array | ArrayBuffer, HttpClientError.ResponseError> = length === undefined
    ? readCounted(response, maxBytes)
    : response.arrayBuffer
  return Effect.match(bytes, {
    onSuccess: (read): Body => read.byteLength > maxBytes ? { _tag: "TooLarge" } : decodeText(read),
    onFailure: ({ cause, reason }): Body =>
      reason === "EmptyBody" ? { _tag: "Text", text: "" } : { _tag: "Broken", failure: Network.ofBody(cause) }
  })
}

// Node's own client throws for a header that it cannot send
const malformed = (defect: unknown): Option.Option<Effect.Effect<never, NetworkFailure>> =>
  Network.isMalformedRequest(defect) ? Option.some(Effect.fail(Network.ofRequest(defect))) : Option.none()

// a third-party wrapper may fail with any error, also after the request was sent
const failureOf = (error: unknown): NetworkFailure =>
  Predicate.isTagged(error, "RequestError") && "reason" in error &&
    (error.reason === "Encode" || error.reason === "InvalidUrl")
    ? notSent
    : Network.ofRequest(Predicate.hasProperty(error, "cause") ? error.cause : undefined)

interface Options {
  readonly timeout: Duration.Duration
  readonly maxResponseBytes: number
}

export const make = (client: HttpClient.HttpClient, { maxResponseBytes, timeout }: Options): Attempt => {
  const withDeadline = Deadline.make(timeout)
  return (request, span) =>
    Effect.suspend(() => {
      // a response whose body does not end in time still has a status
      let head: Response | undefined
      const read = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<Response> => {
        const { headers, status } = response
        head = { status, headers, body: { _tag: "Broken", failure: timedOut } }
        return Effect.map(readBody(response, headers, maxResponseBytes), (body) => ({ status, headers, body }))
      }
      const exchange = Effect.matchEffect(client.execute(request), {
        onSuccess: read,
        // a client that filters statuses fails with the response
        onFailure: (error) =>
          Predicate.isTagged(error, "ResponseError") ? read(error.response) : Effect.fail(failureOf(error))
      }).pipe(Effect.catchSomeDefect(malformed))
      return withDeadline(exchange, span, () => head === undefined ? Effect.fail(timedOut) : Effect.succeed(head))
    })
}
