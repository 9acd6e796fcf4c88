import { FetchHttpClient, type HttpClient } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { Agent, type Dispatcher } from "@effect/platform-node/Undici"
import { Effect, Layer } from "effect"
import type { LayerName } from "./expectations.ts"

export interface ClientLayer {
  readonly name: LayerName
  readonly layer: Layer.Layer<HttpClient.HttpClient>
  /** The same layer with a custom certificate authority. */
  readonly trusting: (authority: string) => Layer.Layer<HttpClient.HttpClient>
}

const agent = (ca: string) =>
  Effect.acquireRelease(Effect.sync(() => new Agent({ connect: { ca } })), (it) => Effect.promise(() => it.destroy()))

// `dispatcher` is an option of Node's fetch that the DOM types lack
const requestInit = (dispatcher: Dispatcher): RequestInit & { readonly dispatcher: Dispatcher } => ({ dispatcher })

const layers: Readonly<Record<LayerName, ClientLayer>> = {
  fetch: {
    name: "fetch",
    layer: FetchHttpClient.layer,
    trusting: (authority) =>
      Layer.merge(
        FetchHttpClient.layer,
        Layer.scoped(FetchHttpClient.RequestInit, Effect.map(agent(authority), requestInit))
      )
  },
  node: {
    name: "node",
    layer: NodeHttpClient.layer,
    trusting: (ca) => Layer.provide(NodeHttpClient.layerWithoutAgent, NodeHttpClient.makeAgentLayer({ ca }))
  },
  undici: {
    name: "undici",
    layer: NodeHttpClient.layerUndici,
    trusting: (authority) =>
      Layer.provide(
        NodeHttpClient.layerUndiciWithoutDispatcher,
        Layer.scoped(NodeHttpClient.Dispatcher, agent(authority))
      )
  }
}

export const layerOf = (name: LayerName): ClientLayer => layers[name]

export const clientLayers: ReadonlyArray<ClientLayer> = Object.values(layers)
