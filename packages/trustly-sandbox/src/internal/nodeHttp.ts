/** The server and what the platform's server does not offer: the bytes of a body under a limit, and the socket below. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import type * as HttpServer from "@effect/platform/HttpServer"
import type * as HttpServerError from "@effect/platform/HttpServerError"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"

interface Listening {
  readonly http: HttpServer.HttpServer
  /** The port that was free, where 0 was asked for. */
  readonly port: number
}

/** A server that listens until the scope closes, and then drops every connection, answered or not. */
export const listen = (
  options: { readonly host: string; readonly port: number }
): Effect.Effect<Listening, HttpServerError.ServeError, Scope.Scope> =>
  Effect.gen(function*() {
    const node = Http.createServer()
    const http = yield* NodeHttpServer.make(() => node, options)
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        // the platform's own finalizer waits for connections to end: a silent one never would
        node.close()
        node.closeAllConnections()
      })
    )
    const address = node.address()
    // a server that listens on a port has one
    const port = typeof address === "object" && address !== null ? address.port : options.port
    return { http, port }
  })

export type BodyFailure = "TooLarge" | "NotText" | "Broken"

/** Largest body that is read: 1 MiB. */
const maxBytes = 1024 * 1024

// a client reads the answer only after it has sent all: what is over the limit is thrown away up to here
const patience = 16

/** The text of a body. Not the platform's reader: over the limit that one drops the connection before an answer can be sent. */
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
      if (length > maxBytes * patience) done(Effect.fail("TooLarge"))
    }
    const onEnd = () => done(length > maxBytes ? Effect.fail("TooLarge") : decode(Buffer.concat(chunks)))
    const onBroken = () => done(Effect.fail("Broken"))
    const stop = () => {
      message.off("data", onData).off("end", onEnd).off("close", onBroken)
    }
    const done = (result: Effect.Effect<string, BodyFailure>) => {
      stop()
      resume(result)
    }
    message.on("data", onData).on("end", onEnd).on("close", onBroken).on("error", onBroken)
    return Effect.sync(stop)
  })

const decode = (bytes: Uint8Array): Effect.Effect<string, BodyFailure> =>
  Effect.try({
    try: () => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
    catch: () => "NotText"
  })

/** Ends the connection, whatever still waits to be sent. */
export const drop = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<void> =>
  Effect.sync(() => NodeHttpServerRequest.toIncomingMessage(request).socket.destroy())

/** Breaks the connection before an answer. Never returns: the end of the connection interrupts the request. */
export const reset = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<never> =>
  Effect.zipRight(
    Effect.sync(() => NodeHttpServerRequest.toIncomingMessage(request).socket.resetAndDestroy()),
    Effect.never
  )

/** Sends the head of an answer and half of its body, then breaks the connection. */
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
