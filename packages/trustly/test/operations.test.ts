import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Layer, Redacted } from "effect"
import { CustomerService, type TrustlyConfig } from "effect-trustly"
import { listen } from "./faults/FaultServer.ts"
import { type ClientLayer, clientLayers } from "./faults/layers.ts"
import { answer, goodBody, onRequest, write } from "./faults/wire.ts"
import { json, least, reference, sample, scriptedService, serviceOf } from "./support.ts"

const john = sample.customerId
const joe = reference.customerId

const textOf = (value: unknown): string => JSON.stringify(value)

for (const client of clientLayers) {
  const wire = (name: string, options: Partial<TrustlyConfig.Options>, customerId: string, path: string) =>
    it.scopedLive(`${name} (${client.name})`, () =>
      Effect.gen(function*() {
        const server = yield* listen({ plays: onRequest(write(answer(200, goodBody))) })
        const customers = yield* serviceOf(layerOf(client, server.port, options))
        yield* Effect.withSpan(customers.update(customerId, { ...least, name: "Zoë €" }), "caller")
        const [request, ...more] = server.requests()
        assert(request !== undefined)
        assert.deepStrictEqual(more, [])
        assert.strictEqual(`${request.method} ${request.path}`, `POST ${path}`)
        const { authorization = "", ...headers } = request.headers
        const { accessId = "id", accessKey = Redacted.make("key") } = options
        assert.strictEqual(
          Buffer.from(authorization.replace(/^Basic /, ""), "base64").toString("utf8"),
          `${accessId}:${Redacted.value(accessKey)}`
        )
        assert.strictEqual(headers["content-type"], "application/json")
        assert.strictEqual(headers["accept"], "application/json")
        assert.strictEqual(headers["accept-encoding"], "identity")
        assert.notProperty(headers, "traceparent")
        assert.notProperty(headers, "b3")
        assert.strictEqual(request.body.toString("utf8"), textOf({ ...least, name: "Zoë €" }))
      }).pipe(Effect.orDie))

  describe("on the wire", () => {
    wire("credentials, headers and body as they have to be", {}, john, `/api/v1/customers/${john}`)
    wire("a key that is not Latin-1", { accessKey: Redacted.make("pä€:: x") }, john, `/api/v1/customers/${john}`)
    wire(
      "an id that has to be encoded",
      {},
      "ä€+@:;,'&=$",
      "/api/v1/customers/%C3%A4%E2%82%AC%2B%40%3A%3B%2C'%26%3D%24"
    )
    wire("a base URL that ends with a slash", { baseUrl: "/api/v1/" }, john, `/api/v1/customers/${john}`)
    wire("a base URL without a path", { baseUrl: "" }, john, `/customers/${john}`)
    wire("an id of 128 characters", {}, "x".repeat(128), `/api/v1/customers/${"x".repeat(128)}`)
  })
}

const layerOf = (client: ClientLayer, port: number, options: Partial<TrustlyConfig.Options>) =>
  CustomerService.layer({
    accessId: "id",
    accessKey: Redacted.make("key"),
    ...options,
    baseUrl: `http://127.0.0.1:${port}${options.baseUrl ?? "/api/v1"}`
  }).pipe(Layer.provide(client.layer))

it.effect("update never sends timestamps", () =>
  Effect.gen(function*() {
    const bodies: Array<string> = []
    const customers = yield* scriptedService(({ body }) => {
      bodies.push(body)
      return json({ customer: reference })
    })
    const now = DateTime.unsafeMake(1)
    yield* customers.update(joe, { ...least, createdAt: now, updatedAt: null })
    yield* customers.createOrUpdate({ ...least, externalId: "1", createdAt: null, updatedAt: now })
    assert.deepStrictEqual(bodies, [textOf(least), textOf({ ...least, externalId: "1" })])
  }))
