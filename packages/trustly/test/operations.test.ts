import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Layer, Redacted } from "effect"
import { CustomerService, type TrustlyConfig } from "effect-trustly"
import { listen } from "./faults/FaultServer.ts"
import { type ClientLayer, clientLayers } from "./faults/layers.ts"
import { goodBody, httpResponse, onRequest, write } from "./faults/wire.ts"
import { json, minimalCustomer, reference, sample, scriptedService, serviceOf } from "./support.ts"

const john = sample.customerId
const joe = reference.customerId

const stringify = (value: unknown): string => JSON.stringify(value)

for (const client of clientLayers) {
  const testRequest = (name: string, options: Partial<TrustlyConfig.Options>, customerId: string, path: string) =>
    it.scopedLive(`${name} (${client.name})`, () =>
      Effect.gen(function*() {
        const server = yield* listen({ plays: onRequest(write(httpResponse(200, goodBody))) })
        const customers = yield* serviceOf(layerOf(client, server.port, options))
        yield* Effect.withSpan(customers.update(customerId, { ...minimalCustomer, name: "Zoë €" }), "caller")
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
        assert.strictEqual(request.body.toString("utf8"), stringify({ ...minimalCustomer, name: "Zoë €" }))
      }).pipe(Effect.orDie))

  describe("the HTTP request", () => {
    testRequest("has the correct credentials, headers, and body", {}, john, `/api/v1/customers/${john}`)
    testRequest(
      "encodes an accessKey that is not Latin-1",
      { accessKey: Redacted.make("pä€:: x") },
      john,
      `/api/v1/customers/${john}`
    )
    testRequest(
      "percent-encodes the customerId",
      {},
      "ä€+@:;,'&=$",
      "/api/v1/customers/%C3%A4%E2%82%AC%2B%40%3A%3B%2C'%26%3D%24"
    )
    testRequest("accepts a baseUrl that ends with a slash", { baseUrl: "/api/v1/" }, john, `/api/v1/customers/${john}`)
    testRequest("accepts a baseUrl without a path", { baseUrl: "" }, john, `/customers/${john}`)
    testRequest("accepts a customerId of 128 characters", {}, "x".repeat(128), `/api/v1/customers/${"x".repeat(128)}`)
  })
}

const layerOf = (client: ClientLayer, port: number, options: Partial<TrustlyConfig.Options>) =>
  CustomerService.layer({
    accessId: "id",
    accessKey: Redacted.make("key"),
    ...options,
    baseUrl: `http://127.0.0.1:${port}${options.baseUrl ?? "/api/v1"}`
  }).pipe(Layer.provide(client.layer))

it.effect("update and createOrUpdate never send timestamps", () =>
  Effect.gen(function*() {
    const bodies: Array<string> = []
    const customers = yield* scriptedService(({ body }) => {
      bodies.push(body)
      return json({ customer: reference })
    })
    const now = DateTime.unsafeMake(1)
    yield* customers.update(joe, { ...minimalCustomer, createdAt: now, updatedAt: null })
    yield* customers.createOrUpdate({ ...minimalCustomer, externalId: "1", createdAt: null, updatedAt: now })
    assert.deepStrictEqual(bodies, [stringify(minimalCustomer), stringify({ ...minimalCustomer, externalId: "1" })])
  }))
