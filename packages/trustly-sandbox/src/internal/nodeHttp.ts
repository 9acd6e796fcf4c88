/** The HTTP server, and two things that the platform's server lacks: request bodies under a size limit, and access to the socket. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Headers from "@effect/platform/Headers"
import type * as HttpServer from "@effect/platform/HttpServer"
import type * as HttpServerError from "@effect/platform/HttpServerError"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"

interface Listening {
  readonly http: HttpServer.HttpServer
  /** The port that was chosen if the requested one is 0. */
  readonly port: number
}

/** Starts a server. When the scope closes, it stops listening and closes every connection, also those that wait for a response. */
export const listen = (
  options: { readonly host: string; readonly port: number }
): Effect.Effect<Listening, HttpServerError.ServeError, Scope.Scope> =>
  Effect.gen(function*() {
    const node = Http.createServer()
    const http = yield* NodeHttpServer.make(() => node, options)
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        // the platform's own finalizer waits for connections to end, and one with a `Silence` fault never ends
        node.close()
        node.closeAllConnections()
      })
    )
    const address = node.address()
    // a TCP server always has an address object
    const port = typeof address === "object" && address !== null ? address.port : options.port
    return { http, port }
  })

/**
 * Turns a target in absolute form, `http://host/path`, into its path. Its authority replaces the Host header, as RFC 9112 requires.
 */
export const toOriginForm = (request: HttpServerRequest.HttpServerRequest): HttpServerRequest.HttpServerRequest => {
  const [, authority, rest = ""] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(request.url) ?? []
  return authority === undefined ? request : request.modify({
    url: rest.startsWith("/") ? rest : `/${rest}`,
    headers: Headers.set(request.headers, "host", authority)
  })
}

export type BodyFailure = "TooLarge" | "NotText" | "Aborted"

/** Largest request body: 1 MiB. */
const maxBytes = 1024 * 1024

// a client reads the response only after it sent the whole body, so a body up to this many times the limit is discarded
const discardFactor = 16

/**
 * Reads a request body as text. The platform's reader closes the connection of a body over the limit before a response can be sent.
 */
export const readText = (
  request: HttpServerRequest.HttpServerRequest
): Effect.Effect<string, BodyFailure> =>
  Effect.async((resume) => {
    const message = NodeHttpServerRequest.toIncomingMessage(request)
    const chunks: Array<Buffer> = []
    let length = 0
    const onData = (chunk: Buffer) => {
      length += chunk.byteLength
      if (length <= maxBytes) chunks.push(chunk)
      else chunks.length = 0
      if (length > maxBytes * discardFactor) done(Effect.fail("TooLarge"))
    }
    const onEnd = () => done(length > maxBytes ? Effect.fail("TooLarge") : decode(Buffer.concat(chunks)))
    const onAbort = () => done(Effect.fail("Aborted"))
    const stop = () => {
      message.off("data", onData).off("end", onEnd).off("close", onAbort)
    }
    const done = (result: Effect.Effect<string, BodyFailure>) => {
      stop()
      resume(result)
    }
    message.on("data", onData).on("end", onEnd).on("close", onAbort).on("error", onAbort)
    return Effect.sync(stop)
  })

const decode = (bytes: Uint8Array): Effect.Effect<string, BodyFailure> =>
  Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () => "NotText"
  })

/** Closes the connection and discards unsent data. */
export const drop = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<void> =>
  Effect.sync(() => NodeHttpServerRequest.toIncomingMessage(request).socket.destroy())

/** Resets the connection before a response. Never returns: the closed connection interrupts the request. */
export const reset = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<never> =>
  Effect.zipRight(
    Effect.sync(() => NodeHttpServerRequest.toIncomingMessage(request).socket.resetAndDestroy()),
    Effect.never
  )

/** Sends the headers of a response and half of its body, then breaks the connection. */
export const resetInBody = (request: HttpServerRequest.HttpServerRequest, text: string): Effect.Effect<never> =>
  Effect.zipRight(
    Effect.sync(() => {
      const response = NodeHttpServerRequest.toServerResponse(request)
      const bytes = Buffer.from(text)
      response.writeHead(200, { "content-type": "application/json", "content-length": bytes.byteLength })
      response.write(bytes.subarray(0, bytes.byteLength >> 1), () => response.destroy())
    }),
    Effect.never
  )
