import { FetchHttpClient, type HttpClient } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { type Dispatcher, EnvHttpProxyAgent } from "@effect/platform-node/Undici"
import { Effect, Layer } from "effect"
import { globalAgent, request } from "node:http"
import { Agent, type AgentOptions, type RequestOptions } from "node:https"
import type { Duplex } from "node:stream"
import { connect, rootCertificates } from "node:tls"

/** A certificate authority of your own, in PEM format, in addition to those that Node trusts. */
const trust = (authority?: string) => authority === undefined ? {} : { ca: [...rootCertificates, authority] }

/** HTTPS_PROXY serves https URLs, HTTP_PROXY serves http URLs, NO_PROXY lists hosts to connect to directly. */
const dispatcher = (authority?: string) =>
  Effect.acquireRelease(
    Effect.sync(() => new EnvHttpProxyAgent({ connect: trust(authority), requestTls: trust(authority) })),
    (agent) => Effect.promise(() => agent.destroy())
  )

export const undici = (authority?: string): Layer.Layer<HttpClient.HttpClient> =>
  NodeHttpClient.layerUndiciWithoutDispatcher.pipe(
    Layer.provide(Layer.scoped(NodeHttpClient.Dispatcher, dispatcher(authority)))
  )

const requestInit = (agent: Dispatcher): RequestInit & { readonly dispatcher: Dispatcher } => ({ dispatcher: agent })

export const fetch = (authority?: string): Layer.Layer<HttpClient.HttpClient> =>
  Layer.merge(
    FetchHttpClient.layer,
    Layer.scoped(FetchHttpClient.RequestInit, Effect.map(dispatcher(authority), requestInit))
  )

/** Opens a tunnel through the proxy for each connection. */
class TunnelAgent extends Agent {
  readonly proxy: URL

  constructor(proxy: string, options: AgentOptions) {
    super({ keepAlive: true, ...options })
    this.proxy = new URL(proxy)
  }

  override createConnection(options: RequestOptions, done: (error: Error | null, socket?: Duplex) => void): undefined {
    const { host, port, servername } = options
    request({ hostname: this.proxy.hostname, port: this.proxy.port, method: "CONNECT", path: `${host}:${port}` })
      .on("connect", ({ statusCode }, socket) => {
        if (statusCode === 200) return done(null, connect({ ...this.options, socket, host: host ?? "", servername }))
        socket.destroy()
        // the library reports an error whose syscall is "connect" as reason Connect, outcome NotSent
        done(Object.assign(new Error(`The proxy answered with status ${statusCode}`), { syscall: "connect" }))
      })
      .on("error", done)
      .end()
  }
}

const tunnel = (proxy: string, authority?: string) =>
  Effect.acquireRelease(
    Effect.sync(() => new TunnelAgent(proxy, trust(authority))),
    (agent) => Effect.sync(() => agent.destroy())
  )

/** Takes the URL of the proxy, such as http://proxy.internal:3128. */
export const node = (proxy: string, authority?: string): Layer.Layer<HttpClient.HttpClient> =>
  NodeHttpClient.layerWithoutAgent.pipe(
    Layer.provide(Layer.scoped(
      NodeHttpClient.HttpAgent,
      Effect.map(tunnel(proxy, authority), (https) => ({
        [NodeHttpClient.HttpAgentTypeId]: NodeHttpClient.HttpAgentTypeId,
        http: globalAgent,
        https
      }))
    ))
  )
