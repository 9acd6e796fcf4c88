import type * as Headers from "@effect/platform/Headers"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { Answer, Body } from "./answer.ts"
import * as Deadline from "./deadline.ts"
import type { NetworkFailure } from "./networkReason.ts"
import * as NetworkReason from "./networkReason.ts"

/** One attempt, in a context of its own: connect, send, and read the answer to its end, within the deadline and the byte limit. */
export type Transport = (
  request: HttpClientRequest.HttpClientRequest,
  context: Context.Context<never>
) => Effect.Effect<Answer, NetworkFailure>

const late: NetworkFailure = { reason: "Timeout" }
const unsent: NetworkFailure = { reason: "Connect" }

const digits = /^\d+$/

// statuses that have no body, whatever their headers say
const bodiless: ReadonlySet<number> = new Set([204, 205, 304])

// fatal: replacement characters would be taken for the customer's data and written back
const utf8 = new TextDecoder("utf-8", { fatal: true })

const text = (bytes: Uint8Array | ArrayBuffer): Body => {
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

// the client closes the connection of a body whose reading is interrupted
const discard = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  Effect.fork(response.arrayBuffer).pipe(
    Effect.tap(Effect.yieldNow()),
    Effect.flatMap(Fiber.interrupt)
  )

// stops as soon as it has more than is allowed
const counted = (
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

// `headers` are those of the response, whose getter converts all of them
const readBody = (
  response: HttpClientResponse.HttpClientResponse,
  headers: Headers.Headers,
  maxBytes: number
): Effect.Effect<Body> => {
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? ""
  const announced = headers["content-length"] ?? ""
  const length = digits.test(announced) ? Number(announced) : undefined
  if (bodiless.has(response.status)) return Effect.succeed({ _tag: "Text", text: "" })
  // we ask for none, and unpacking could take more memory than the limit allows
  if (encoding !== "" && encoding !== "identity") return Effect.as(discard(response), { _tag: "Encoding" })
  if (length !== undefined && length > maxBytes) return Effect.as(discard(response), { _tag: "TooLarge" })
  // a stream costs nearly twice as much as a buffer, and counting is needed only where the length is not known
  const bytes: Effect.Effect<Uint8Array | ArrayBuffer, HttpClientError.ResponseError> = length === undefined
    ? counted(response, maxBytes)
    : response.arrayBuffer
  return Effect.match(bytes, {
    onSuccess: (read): Body => read.byteLength > maxBytes ? { _tag: "TooLarge" } : text(read),
    onFailure: ({ cause, reason }): Body =>
      reason === "EmptyBody" ? { _tag: "Text", text: "" } : { _tag: "Broken", failure: NetworkReason.ofBody(cause) }
  })
}

interface Options {
  readonly timeout: Duration.Duration
  readonly maxResponseBytes: number
  /** Sets what must hold while a request is under way. */
  readonly updateRefs: Deadline.UpdateRefs
}

export const make = (
  client: HttpClient.HttpClient,
  { maxResponseBytes, timeout, updateRefs }: Options
): Transport => {
  const withDeadline = Deadline.make(timeout, updateRefs)
  return (request, context) =>
    Effect.suspend(() => {
      let answer: Answer | undefined
      const read = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<Answer> => {
        const { headers, status } = response
        answer = { status, headers, body: { _tag: "Broken", failure: late } }
        return Effect.map(readBody(response, headers, maxResponseBytes), (body): Answer => ({ status, headers, body }))
      }
      const attempt = Effect.matchEffect(client.execute(request), {
        onSuccess: read,
        // a client that filters statuses fails with the response: the status then speaks for itself
        onFailure: (error) =>
          error._tag === "ResponseError"
            ? read(error.response)
            : Effect.fail(error.reason === "Transport" ? NetworkReason.ofRequest(error.cause) : unsent)
      })
      return withDeadline(attempt, context, () => answer === undefined ? Effect.fail(late) : Effect.succeed(answer))
    })
}
