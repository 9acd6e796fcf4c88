import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { Answer, Body } from "./answer.ts"
import * as Deadline from "./deadline.ts"
import type { NetworkFailure } from "./networkReason.ts"
import * as NetworkReason from "./networkReason.ts"

/** One attempt: connect, send, and read the answer to its end, within the deadline and the byte limit. */
export type Transport = (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<Answer, NetworkFailure>

const timeout: NetworkFailure = { reason: "Timeout" }

const digits = /^\d+$/

// statuses that have no body, whatever their headers say
const bodiless: ReadonlySet<number> = new Set([204, 205, 304])

const text = (bytes: Uint8Array | ArrayBuffer): Body => {
  try {
    // fatal: replacement characters would be taken for the customer's data and written back
    return { _tag: "Text", text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) }
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

// the client closes the connection of a body whose reading is interrupted
const discard = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  Effect.fork(response.arrayBuffer).pipe(
    Effect.tap(Effect.yieldNow()),
    Effect.flatMap(Fiber.interrupt)
  )

const counted = (
  response: HttpClientResponse.HttpClientResponse,
  maxBytes: number
): Effect.Effect<Body, HttpClientError.ResponseError> =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let length = 0
    return Stream.runForEachWhile(response.stream, (chunk) =>
      Effect.sync(() => {
        chunks.push(chunk)
        length += chunk.byteLength
        return length <= maxBytes
      })).pipe(
        Effect.map((): Body => length > maxBytes ? { _tag: "TooLarge" } : text(concat(chunks, length)))
      )
  })

const readBody = (response: HttpClientResponse.HttpClientResponse, maxBytes: number): Effect.Effect<Body> => {
  const encoding = response.headers["content-encoding"]?.trim().toLowerCase() ?? ""
  const announced = response.headers["content-length"] ?? ""
  const length = digits.test(announced) ? Number(announced) : undefined
  if (bodiless.has(response.status)) return Effect.succeed({ _tag: "Text", text: "" })
  // we ask for none, and unpacking could take more memory than the limit allows
  if (encoding !== "" && encoding !== "identity") return Effect.as(discard(response), { _tag: "Encoding" })
  if (length !== undefined && length > maxBytes) return Effect.as(discard(response), { _tag: "TooLarge" })
  // a stream costs nearly twice as much as a buffer, and counting is needed only where the length is not known
  const body = length === undefined
    ? counted(response, maxBytes)
    : Effect.map(
      response.arrayBuffer,
      (bytes): Body => bytes.byteLength > maxBytes ? { _tag: "TooLarge" } : text(bytes)
    )
  return Effect.catchAll(body, ({ cause, reason }) =>
    Effect.succeed<Body>(
      reason === "EmptyBody" ? { _tag: "Text", text: "" } : { _tag: "Broken", failure: NetworkReason.ofBody(cause) }
    ))
}

// a client that filters statuses fails with the response: the status then speaks for itself
const head = (
  error: HttpClientError.HttpClientError
): Effect.Effect<HttpClientResponse.HttpClientResponse, NetworkFailure> =>
  error._tag === "ResponseError"
    ? Effect.succeed(error.response)
    : Effect.fail(error.reason === "Transport" ? NetworkReason.ofRequest(error.cause) : { reason: "Connect" })

export const make = (
  client: HttpClient.HttpClient,
  options: { readonly timeout: Duration.Duration; readonly maxResponseBytes: number }
): Transport => {
  const withDeadline = Deadline.make(options.timeout)
  return (request) =>
    Effect.suspend(() => {
      let answer: Answer | undefined
      const attempt = Effect.catchAll(client.execute(request), head).pipe(
        Effect.flatMap((response) => {
          const { headers, status } = response
          answer = { status, headers, body: { _tag: "Broken", failure: timeout } }
          return Effect.map(readBody(response, options.maxResponseBytes), (body): Answer => ({ status, headers, body }))
        })
      )
      return withDeadline(attempt, () => answer === undefined ? Effect.fail(timeout) : Effect.succeed(answer))
    })
}
