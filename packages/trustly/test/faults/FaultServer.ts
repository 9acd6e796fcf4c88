import { Data, Effect, FiberSet, Option } from "effect"
import type { Scope } from "effect"
import * as Net from "node:net"
import * as Tls from "node:tls"
import { waitFor } from "../waiting.ts"

/** One action of the server on a connection. */
export type Step = Data.TaggedEnum<{
  readonly Write: { readonly bytes: Uint8Array }
  /** Silence, on the clock of the fiber that called `listen`. */
  readonly Wait: { readonly millis: number }
  /** A short pause in real time. */
  readonly Settle: { readonly pause: Effect.Effect<void> }
  /** Writes the same bytes until the client disconnects, as fast as the client reads, with this pause between writes. */
  readonly Repeat: { readonly bytes: Uint8Array; readonly pause: Effect.Effect<void> }
  readonly Reset: {}
  readonly End: {}
}>
export const Step = Data.taggedEnum<Step>()

/** The steps of one exchange, and what the server waits for before it starts them. */
export interface Play {
  readonly after: "connection" | "head" | "request"
  readonly steps: ReadonlyArray<Step>
}

export type Plays = readonly [Play, ...ReadonlyArray<Play>]

interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly complete: boolean
}

interface Connection {
  /** The decrypted bytes from the client. Empty if the TLS handshake failed. */
  readonly received: () => Buffer
  readonly requests: () => ReadonlyArray<SeenRequest>
  readonly isClosed: () => boolean
}

export interface FaultServer {
  readonly port: number
  readonly connections: ReadonlyArray<Connection>
  /** The requests of all connections, including incomplete ones. */
  readonly requests: () => ReadonlyArray<SeenRequest>
  /** The number of plays that have started. */
  readonly exchanges: () => number
  /** Completes when all sockets are closed, except spare ones that carried no data. */
  readonly closed: Effect.Effect<void>
  /** Completes when at least this many connections have been made. */
  readonly connected: (count: number) => Effect.Effect<void>
  /** Completes when at least this many requests have arrived in full. */
  readonly received: (count: number) => Effect.Effect<void>
  /** Completes when this many plays have become silent or repeat themselves. */
  readonly silent: (count: number) => Effect.Effect<void>
}

export interface ListenOptions {
  /** One play per exchange, across all connections. The last one repeats. */
  readonly plays: Plays | ((port: number) => Plays)
  /** Accepts connections but never reads from them. */
  readonly neverReads?: boolean
  readonly tls?: Tls.SecureContextOptions & { readonly requestCert?: boolean; readonly rejectUnauthorized?: boolean }
}

const headEnd = Buffer.from("\r\n\r\n")

const chunkedEnd = (body: Buffer): Option.Option<number> => {
  const end = body.indexOf("0\r\n\r\n")
  return end < 0 ? Option.none() : Option.some(end + 5)
}

/** The first request in `bytes` and its length in bytes, or none if its headers are incomplete. */
const parseRequest = (bytes: Buffer): Option.Option<{ readonly request: SeenRequest; readonly length: number }> => {
  const end = bytes.indexOf(headEnd)
  if (end < 0) return Option.none()
  const [start = "", ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n")
  const [method = "", path = ""] = start.split(" ")
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(":")
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  const rest = bytes.subarray(end + headEnd.length)
  const bodyLength = headers["transfer-encoding"] === "chunked"
    ? chunkedEnd(rest)
    : Option.some(Number(headers["content-length"] ?? 0))
  const complete = Option.exists(bodyLength, (length) => rest.length >= length)
  const length = complete ? Option.getOrElse(bodyLength, () => 0) : rest.length
  return Option.some({
    request: { method, path, headers, body: rest.subarray(0, length), complete },
    length: end + headEnd.length + length
  })
}

const parseRequests = (bytes: Buffer): ReadonlyArray<SeenRequest> => {
  const requests: Array<SeenRequest> = []
  let rest = bytes
  while (rest.length > 0) {
    const parsed = parseRequest(rest)
    if (Option.isNone(parsed)) break
    requests.push(parsed.value.request)
    rest = rest.subarray(parsed.value.length)
  }
  return requests
}

/** Completes when `condition` is true. Checks it now and after each `event` of the socket. */
const until = (socket: Net.Socket, event: "data" | "drain" | "close", condition: () => boolean): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    const check = () => {
      if (!condition()) return
      socket.off(event, check)
      resume(Effect.void)
    }
    socket.on(event, check)
    check()
    return Effect.sync(() => socket.off(event, check))
  })

const write = (socket: Net.Socket, bytes: Uint8Array): Effect.Effect<void> =>
  Effect.suspend(() => socket.write(bytes) ? Effect.void : until(socket, "drain", () => !socket.writableNeedDrain))

const run = (socket: Net.Socket, transport: Net.Socket, onSilence: Effect.Effect<void>) =>
  Step.$match({
    Write: ({ bytes }) => write(socket, bytes),
    Wait: ({ millis }) => Effect.zipRight(onSilence, Effect.sleep(millis)),
    Settle: ({ pause }) => pause,
    Repeat: ({ bytes, pause }) =>
      write(socket, bytes).pipe(
        Effect.zipRight(onSilence),
        Effect.zipRight(Effect.forever(Effect.zipRight(pause, write(socket, bytes))))
      ),
    Reset: () => Effect.sync(() => transport.resetAndDestroy()),
    End: () => Effect.sync(() => socket.end())
  })

/** The remaining plays of a server. */
interface Program {
  readonly peekPlay: () => Play
  readonly nextPlay: () => Play
  /** Makes an effect that counts a play as silent the first time it runs. */
  readonly silence: () => Effect.Effect<void>
}

// after undici closes a connection, it opens another one immediately, sends nothing on it, and may keep it open
const isSpare = (connection: Connection, index: number): boolean => index > 0 && connection.received().length === 0

/** Serves the exchanges of one connection in order until the socket closes. */
const serve = (
  socket: Net.Socket,
  transport: Net.Socket,
  received: () => Buffer,
  { nextPlay, peekPlay, silence }: Program
): Effect.Effect<void> => {
  const complete = () => parseRequests(received()).filter((request) => request.complete).length
  const exchange = (index: number) =>
    Effect.gen(function*() {
      // a connection takes a play only when the client uses it, because undici opens some that it never uses
      if (index > 0 || peekPlay().after !== "connection") {
        yield* until(socket, "data", () => parseRequests(received()).length > index)
      }
      const play = nextPlay()
      const onSilence = silence()
      if (play.after === "head") yield* until(socket, "data", () => parseRequests(received()).length > index)
      if (play.after === "request") yield* until(socket, "data", () => complete() > index)
      yield* Effect.forEach(play.steps, run(socket, transport, onSilence), { discard: true })
      yield* onSilence
      if (play.steps.some((step) => step._tag === "End" || step._tag === "Reset")) return yield* Effect.never
      yield* until(socket, "data", () => complete() > index)
      return index + 1
    })
  return Effect.iterate(0, { while: () => true, body: exchange }).pipe(
    Effect.raceFirst(until(transport, "close", () => transport.closed)),
    Effect.asVoid
  )
}

/** Starts a server that plays these faults. Closing the scope closes the server and all its sockets. */
export const listen = (options: ListenOptions): Effect.Effect<FaultServer, never, Scope.Scope> =>
  Effect.gen(function*() {
    const fork = yield* FiberSet.makeRuntime<never>()
    const connections: Array<Connection> = []
    const sockets = new Set<Net.Socket>()
    const watchers = new Set<() => void>()
    let started = 0
    let silent = 0
    let port = 0
    const notify = () => {
      for (const check of watchers) check()
    }
    const waitUntil = (what: string, condition: () => boolean): Effect.Effect<void> =>
      waitFor(`the server on port ${port}: ${what}`)(Effect.async<void>((resume) => {
        const check = () => {
          if (condition()) resume(Effect.void)
        }
        watchers.add(check)
        check()
        return Effect.sync(() => watchers.delete(check))
      }))
    const peekPlay = (): Play => {
      const plays = typeof options.plays === "function" ? options.plays(port) : options.plays
      return plays[Math.min(started, plays.length - 1)] ?? plays[0]
    }
    const nextPlay = (): Play => {
      const play = peekPlay()
      started++
      notify()
      return play
    }
    const silence = () => {
      let isCounted = false
      return Effect.sync(() => {
        if (isCounted) return
        isCounted = true
        silent++
        notify()
      })
    }

    const accept = (transport: Net.Socket) => {
      const chunks: Array<Buffer> = []
      let isClosed = false
      let joined = Buffer.alloc(0)
      const received = () => {
        if (chunks.length > 0) joined = Buffer.concat([joined, ...chunks.splice(0)])
        return joined
      }
      sockets.add(transport)
      connections.push({ received, requests: () => parseRequests(received()), isClosed: () => isClosed })
      notify()
      transport.setNoDelay(true)
      transport.on("error", () => undefined)
      transport.once("close", () => {
        isClosed = true
        sockets.delete(transport)
        notify()
      })
      const start = (socket: Net.Socket) => {
        if (options.neverReads === true) return
        socket.on("data", (chunk: Buffer) => {
          chunks.push(chunk)
          notify()
        })
        fork(serve(socket, transport, received, { peekPlay, nextPlay, silence }))
      }
      if (options.tls === undefined) return start(transport)
      const secure = new Tls.TLSSocket(transport, { ...options.tls, isServer: true })
      secure.on("error", () => transport.destroy())
      secure.once("close", () => transport.destroy())
      secure.once("secure", () => start(secure))
    }

    const server = yield* Effect.acquireRelease(
      Effect.async<Net.Server>((resume) => {
        const listener = Net.createServer(accept)
        listener.listen(0, "127.0.0.1", () => resume(Effect.succeed(listener)))
      }),
      (listener) =>
        Effect.async<void>((resume) => {
          for (const socket of sockets) socket.destroy()
          listener.close(() => resume(Effect.void))
        })
    )
    const address = server.address()
    if (address !== null && typeof address === "object") port = address.port
    const requests = () => connections.flatMap((connection) => connection.requests())
    return {
      port,
      connections,
      exchanges: () => started,
      requests,
      connected: (count) => waitUntil(`${count} connections`, () => connections.length >= count),
      received: (count) =>
        waitUntil(`${count} requests in full`, () => requests().filter((request) => request.complete).length >= count),
      silent: (count) => waitUntil(`silence in ${count} plays`, () => silent >= count),
      closed: waitUntil(
        "all sockets closed",
        () => connections.every((connection, index) => connection.isClosed() || isSpare(connection, index))
      )
    }
  })
