/** One customer update, made with each client in the way that its documentation shows. */
import { FetchHttpClient, HttpClient, HttpClientRequest } from "@effect/platform"
import { NodeHttpClient } from "@effect/platform-node"
import { create as createAxios } from "axios"
import axiosRetry, { exponentialDelay } from "axios-retry"
import { type ConfigError, DateTime, Duration, Effect, Layer, ManagedRuntime, Redacted } from "effect"
import got from "got"
import { Agent as HttpAgent } from "node:http"
import createClient from "openapi-fetch"
import { Agent, request } from "undici"
import type { z } from "zod"
import { CustomerService, type CustomerUpdate, TrustlyRetry } from "../src/index.ts"
import { customer, customerId, enrolledAt, path, wire } from "./payload.ts"
import * as Zod from "./zod.ts"

/** Makes `count` updates, `concurrency` of them at a time, and tells how long each took, in milliseconds. */
export type Contender = (count: number, concurrency: number) => Promise<ReadonlyArray<number>>

const credentials = { username: "id", password: "key" }
const authorization = `Basic ${Buffer.from("id:key").toString("base64")}`
const timeout = 30_000

const workers = <A>(count: number, concurrency: number, worker: (share: number) => A): ReadonlyArray<A> =>
  Array.from(
    { length: concurrency },
    (_, index) => worker(Math.floor(count / concurrency) + Number(index < count % concurrency))
  )

const ofPromise = (call: () => Promise<unknown>): Contender => async (count, concurrency) => {
  const latencies: Array<number> = []
  await Promise.all(workers(count, concurrency, async (share) => {
    for (let left = share; left > 0; left--) {
      const startedAt = performance.now()
      // the next update of a worker begins when the last one has ended
      await call()
      latencies.push(performance.now() - startedAt)
    }
  }))
  return latencies
}

const ofEffect = <R, E>(
  layer: Layer.Layer<R, ConfigError.ConfigError>,
  make: Effect.Effect<Effect.Effect<unknown, E>, never, R>
): Contender => {
  const runtime = ManagedRuntime.make(layer)
  return (count, concurrency) =>
    runtime.runPromise(Effect.gen(function*() {
      const call = yield* make
      const latencies: Array<number> = []
      const worker = (share: number) =>
        Effect.gen(function*() {
          for (let left = share; left > 0; left--) {
            const startedAt = performance.now()
            yield* call
            latencies.push(performance.now() - startedAt)
          }
        })
      yield* Effect.all(workers(count, concurrency, worker), { concurrency: "unbounded", discard: true })
      return latencies
    }))
}

const undici = (url: string): Contender => {
  const dispatcher = new Agent()
  const headers = { authorization, "content-type": "application/json" }
  return ofPromise(async () => {
    const { body } = await request(url + path, { dispatcher, method: "POST", headers, body: wire })
    return body.json()
  })
}

const plain = (url: string): Contender =>
  ofEffect(
    NodeHttpClient.layerUndici,
    Effect.map(HttpClient.HttpClient, (client) =>
      HttpClientRequest.post(url + path, { headers: { authorization } }).pipe(
        HttpClientRequest.bodyJson({ ...customer, enrollDate: enrolledAt }),
        Effect.flatMap(client.execute),
        Effect.flatMap((response) => response.json)
      ))
  )

const ours = (
  client: Layer.Layer<HttpClient.HttpClient>,
  customers: (url: string) => Layer.Layer<CustomerService, ConfigError.ConfigError, HttpClient.HttpClient>
) =>
(url: string): Contender => {
  const update: CustomerUpdate = { ...customer, enrollDate: DateTime.unsafeMake(enrolledAt) }
  return ofEffect(
    Layer.provide(customers(url), client),
    Effect.map(CustomerService, (service) => Effect.suspend(() => service.update(customerId, update)))
  )
}

const options = (baseUrl: string) => ({ accessId: "id", accessKey: Redacted.make("key"), baseUrl })

const guarded = (url: string) =>
  CustomerService.layer(options(url)).pipe(CustomerService.withRetry(TrustlyRetry.policy()))

const unguarded = (url: string) => CustomerService.layer({ ...options(url), timeout: Duration.infinity })

const withAxios = (url: string): Contender => {
  const client = createAxios({
    baseURL: url,
    timeout,
    auth: credentials,
    httpAgent: new HttpAgent({ keepAlive: true })
  })
  axiosRetry(client, { retries: 3, retryDelay: exponentialDelay })
  return ofPromise(async () => {
    const { data } = await client.post<unknown>(path, Zod.CustomerUpdate.parse(Zod.customer))
    return Zod.Answer.parse(data).customer
  })
}

interface Paths {
  readonly "/customers/{customerId}": {
    readonly post: {
      readonly parameters: { readonly path: { readonly customerId: string } }
      readonly requestBody: { readonly content: { readonly "application/json": z.output<typeof Zod.CustomerUpdate> } }
      readonly responses: { readonly 200: { readonly content: { readonly "application/json": unknown } } }
    }
  }
}

const withOpenapiFetch = (url: string): Contender => {
  const client = createClient<Paths>({ baseUrl: url, headers: { authorization } })
  return ofPromise(async () => {
    const { data } = await client.POST("/customers/{customerId}", {
      params: { path: { customerId } },
      body: Zod.CustomerUpdate.parse(Zod.customer),
      signal: AbortSignal.timeout(timeout)
    })
    return Zod.Answer.parse(data).customer
  })
}

const withGot = (url: string): Contender => {
  const client = got.extend({
    prefixUrl: url,
    ...credentials,
    agent: { http: new HttpAgent({ keepAlive: true }) },
    timeout: { request: timeout },
    retry: { limit: 3, methods: ["POST"] }
  })
  return ofPromise(async () => {
    const data = await client.post(path.slice(1), { json: Zod.CustomerUpdate.parse(Zod.customer) }).json()
    return Zod.Answer.parse(data).customer
  })
}

export const contenders: Readonly<Record<string, (url: string) => Contender>> = {
  undici,
  "HttpClient": plain,
  "ours": ours(NodeHttpClient.layerUndici, guarded),
  "ours, no deadline, no retry": ours(NodeHttpClient.layerUndici, unguarded),
  "axios + zod + axios-retry": withAxios,
  "openapi-fetch + zod": withOpenapiFetch,
  "got + zod": withGot,
  "ours on FetchHttpClient": ours(FetchHttpClient.layer, guarded),
  "ours on NodeHttpClient": ours(NodeHttpClient.layer, guarded)
}
