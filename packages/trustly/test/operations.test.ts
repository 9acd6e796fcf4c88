import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, DateTime, Effect, Layer, Order, Redacted } from "effect"
import { type CustomerIdentifier, CustomerService, type TrustlyConfig, type TrustlyError } from "effect-trustly"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { listen } from "./faults/FaultServer.ts"
import { type ClientLayer, clientLayers } from "./faults/layers.ts"
import { answer, goodBody, onRequest, write } from "./faults/wire.ts"
import { json, least, reference, sample, scriptedService, serviceOf, use, withSandbox } from "./support.ts"

const john = sample.customerId
const joe = reference.customerId

const sorted = (names: ReadonlyArray<string>) => Arr.sort(names, Order.string)
const textOf = (value: unknown): string => JSON.stringify(value)

/** What the sandbox saw, in the order in which it came. */
const seen = Effect.flatMap(TrustlySandbox, ({ requests }) => requests).pipe(
  Effect.map((requests) =>
    requests.map(({ customerId, fields, operation, status }) => ({
      operation,
      customerId,
      fields: sorted(fields),
      status
    }))
  )
)

const stored = (customerId: string) =>
  Effect.flatMap(TrustlySandbox, ({ customers }) => customers).pipe(
    Effect.map((customers) => customers.find((customer) => customer.customerId === customerId))
  )

const liveWith =
  (client: ClientLayer) => <E>(name: string, test: Effect.Effect<void, E, CustomerService | TrustlySandbox>) =>
    it.live(name, () => test.pipe(Effect.provide(withSandbox(client)), Effect.orDie))

const idsFound = (by: CustomerIdentifier) =>
  use((customers) => customers.find(by)).pipe(Effect.map((found) => found.map(({ customerId }) => customerId)))

for (const client of clientLayers) {
  describe(`the operations (${client.name})`, () => {
    const live = liveWith(client)

    live(
      "update sends the document's own sample in one exchange",
      Effect.gen(function*() {
        const customer = yield* use((customers) => customers.update(john, sample))
        assert.strictEqual(customer.name, "John Smith")
        assert.strictEqual(customer.customerId, john)
        assert.deepStrictEqual(yield* seen, [
          { operation: "update", customerId: john, fields: sorted(Object.keys(sample)), status: 200 }
        ])
        assert.strictEqual((yield* stored(john))?.taxId, sample.taxId)
      })
    )

    live(
      "update sets, leaves and removes",
      Effect.gen(function*() {
        const enrollDate = DateTime.unsafeMake(1555696836548)
        const customer = yield* use((customers) =>
          customers.update(john, {
            ...least,
            address: { country: "US", address2: null },
            taxId: Redacted.make("987654321"),
            driverLicense: null,
            vip: 2,
            enrollDate,
            customData: { tier: ["a", null, { b: 1 }] }
          })
        )
        assert.strictEqual(customer.vip, "2")
        assert.deepStrictEqual(customer.enrollDate, enrollDate)
        assert.strictEqual(customer.taxId && Redacted.value(customer.taxId), "#####4321")
        const record = yield* stored(john)
        assert.strictEqual(record?.taxId, "987654321")
        assert.strictEqual(record?.enrollDate, 1555696836548)
        assert.strictEqual(record?.merchantId, "110005502")
        assert.notProperty(record, "driverLicense")
        assert.notProperty(record?.address, "address2")
        assert.strictEqual(record?.address?.address1, "105 Alternate2 Street")
        assert.deepStrictEqual(record?.customData, { tier: ["a", null, { b: 1 }] })
      })
    )

    live(
      "get reads a record in one exchange",
      Effect.gen(function*() {
        const record = yield* use((customers) => customers.get(joe))
        assert.strictEqual(record.name, "Joe User")
        assert.strictEqual(record.taxId && Redacted.value(record.taxId), "#####5678")
        assert.strictEqual(record.createdAt && DateTime.toEpochMillis(record.createdAt), 1555696836548)
        assert.deepStrictEqual(yield* seen, [{ operation: "get", customerId: joe, fields: [], status: 200 }])
      })
    )

    live(
      "modify reads and sends the required fields and the changed ones, in two exchanges",
      Effect.gen(function*() {
        const customer = yield* use((customers) =>
          customers.modify(john, () => ({ vip: 3, address: { city: "Reno" } }))
        )
        assert.strictEqual(customer.vip, "3")
        assert.strictEqual(customer.address.city, "Reno")
        const [read, sent, ...more] = yield* seen
        assert.strictEqual(read?.operation, "get")
        assert.strictEqual(sent?.operation, "update")
        assert.deepStrictEqual(sent?.fields, ["address", "email", "name", "phone", "vip"])
        assert.deepStrictEqual(more, [])
        assert.strictEqual((yield* stored(john))?.taxId, "123456790")
      })
    )

    live(
      "find looks by either identifier; no match is an empty array",
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* idsFound({ externalId: "4567890" }), [joe])
        assert.deepStrictEqual(yield* idsFound({ customerId: john }), [john])
        assert.deepStrictEqual(yield* idsFound({ externalId: "a&b=c #?%/ü" }), [])
        assert.deepStrictEqual((yield* seen).map(({ operation }) => operation), ["find", "find", "find"])
      })
    )

    live(
      "createOrUpdate creates, then updates the same record",
      Effect.gen(function*() {
        const send = use((customers) => customers.createOrUpdate({ ...least, externalId: "m-1" }))
        const created = yield* send
        const updated = yield* send
        assert.match(created.customerId ?? "", /^\d+$/)
        assert.strictEqual(updated.customerId, created.customerId)
        yield* use((customers) => customers.createOrUpdate({ ...least, customerId: joe }))
        assert.strictEqual((yield* stored(joe))?.name, least.name)
        assert.deepStrictEqual((yield* seen).map(({ operation }) => operation), [
          "createOrUpdate",
          "createOrUpdate",
          "createOrUpdate"
        ])
      })
    )

    live(
      "each refuses what it must, and nothing is sent",
      Effect.gen(function*() {
        for (
          const id of ["", ".", "..", "a/b", "a?b", "a#b", "a%b", "a\\b", "a b", "\u0000", "\ud800", "x".repeat(129)]
        ) {
          const calls: ReadonlyArray<Effect.Effect<unknown, TrustlyError, CustomerService>> = [
            use((customers) => customers.update(id, least)),
            use((customers) => customers.get(id)),
            use((customers) => customers.modify(id, () => ({}))),
            use((customers) => customers.find({ customerId: id })),
            use((customers) => customers.createOrUpdate({ ...least, customerId: id }))
          ]
          for (const call of calls) {
            const error = yield* Effect.flip(Effect.asVoid(call))
            assert.propertyVal(error, "_tag", "TrustlyValidationError")
            assert.propertyVal(error, "outcome", "NotSent")
          }
        }
        assert.deepStrictEqual(yield* seen, [])
      })
    )

    live(
      "what the server refuses is an error of its class",
      Effect.gen(function*() {
        const notFound = yield* Effect.flip(use((customers) => customers.get("1000000000")))
        assert.strictEqual(notFound._tag, "TrustlyNotFoundError")
        assert.propertyVal(notFound, "customerId", "1000000000")
        assert.propertyVal(notFound, "operation", "get")
      })
    )
  })

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
