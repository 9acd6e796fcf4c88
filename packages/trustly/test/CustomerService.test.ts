import { FetchHttpClient, HttpClient, HttpClientError, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Cause, ConfigProvider, Effect, Encoding, Exit, Fiber, Layer, Option, Redacted, Ref, TestClock } from "effect"
import {
  CustomerService,
  type TrustlyConfig,
  type TrustlyError,
  TrustlyRateLimitError,
  TrustlyRetry,
  TrustlyServerError
} from "effect-trustly"
import { CustomersMemory } from "effect-trustly/testing"
import { least, reference, use } from "./support.ts"

type Call = (customers: CustomerService.Service) => Effect.Effect<unknown, TrustlyError>

const calls: Readonly<Record<keyof CustomerService.Service, Call>> = {
  update: (customers) => customers.update("1", least),
  get: (customers) => customers.get("1"),
  modify: (customers) => customers.modify("1", () => ({})),
  find: (customers) => customers.find({ externalId: "1" }),
  createOrUpdate: (customers) => customers.createOrUpdate({ ...least, externalId: "1" })
}

const outage = Effect.fail(new TrustlyServerError({ operation: "update" }))

interface Asked {
  readonly url: string
  readonly init: RequestInit
}

/** The fetch client, on a fetch that answers with a customer and keeps what it was asked. */
const fetching = (asked: Array<Asked>) =>
  Layer.provide(
    FetchHttpClient.layer,
    Layer.succeed(FetchHttpClient.Fetch, (input: RequestInfo | URL, init: RequestInit = {}) => {
      asked.push({ url: input instanceof Request ? input.url : String(input), init })
      return Promise.resolve(Response.json({ customer: reference }))
    })
  )

const headersOf = ({ init }: Asked) => new Headers(init.headers)

const options: TrustlyConfig.Options = { accessId: "id", accessKey: Redacted.make("key") }

const getOne = use(calls.get)

describe("withRetry", () => {
  it.effect("keeps the other services of the layer", () =>
    Effect.gen(function*() {
      const customers = yield* CustomerService
      const { calls: seen, failNext } = yield* CustomersMemory
      yield* failNext(new TrustlyRateLimitError({ operation: "get" }))
      const fiber = yield* Effect.fork(customers.get("1"))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber)).name, least.name)
      assert.strictEqual((yield* seen).length, 2)
    }).pipe(
      Effect.provide(
        CustomersMemory.layer([{ ...least, customerId: "1" }]).pipe(CustomerService.withRetry(TrustlyRetry.policy()))
      )
    ))

  for (const [operation, call] of Object.entries(calls)) {
    it.effect(`is on ${operation}`, () =>
      Effect.gen(function*() {
        const attempts = yield* Ref.make(0)
        const fails = () => Effect.zipRight(Ref.update(attempts, (n) => n + 1), outage)
        const layer = CustomerService.layerTest({
          update: fails,
          get: fails,
          modify: fails,
          find: fails,
          createOrUpdate: fails
        }).pipe(CustomerService.withRetry(TrustlyRetry.policy()))
        const fiber = yield* Effect.fork(Effect.exit(Effect.provide(use(call), layer)))
        yield* TestClock.adjust("1 minute")
        assert.isTrue(Exit.isFailure(yield* Fiber.join(fiber)))
        assert.strictEqual(yield* Ref.get(attempts), 4)
      }))
  }

  it.effect("is not there unless asked for", () =>
    Effect.gen(function*() {
      const attempts = yield* Ref.make(0)
      const fails = () => Effect.zipRight(Ref.update(attempts, (n) => n + 1), outage)
      yield* Effect.exit(Effect.provide(use(calls.get), CustomerService.layerTest({ get: fails })))
      assert.strictEqual(yield* Ref.get(attempts), 1)
    }))
})

describe("layerTest", () => {
  for (const [operation, call] of Object.entries(calls)) {
    it.effect(`dies of ${operation} that is not given`, () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(Effect.provide(use(call), CustomerService.layerTest()))
        assert(Exit.isFailure(exit))
        assert.isTrue(Option.isSome(Cause.dieOption(exit.cause)), String(exit))
      }))
  }
})

describe("a layer", () => {
  it.effect("layerConfig() takes all from the environment", () =>
    Effect.gen(function*() {
      const asked: Array<Asked> = []
      const environment = ConfigProvider.fromMap(
        new Map([
          ["TRUSTLY_ACCESS_ID", "merchant"],
          ["TRUSTLY_ACCESS_KEY", "sesame"],
          ["TRUSTLY_BASE_URL", "https://trustly.example/api/v9/"]
        ])
      )
      yield* getOne.pipe(
        Effect.provide(Layer.provide(CustomerService.layerConfig(), fetching(asked))),
        Effect.withConfigProvider(environment)
      )
      assert.deepStrictEqual(asked.map(({ url }) => url), ["https://trustly.example/api/v9/customers/1"])
      const [authorization] = asked.map((one) => headersOf(one).get("authorization"))
      assert.strictEqual(authorization, `Basic ${Encoding.encodeBase64("merchant:sesame")}`)
    }))

  it.effect("talks to Trustly's sandbox unless told otherwise, and never follows a redirect", () =>
    Effect.gen(function*() {
      const asked: Array<Asked> = []
      yield* getOne.pipe(
        Effect.provide(Layer.provide(CustomerService.layer(options), fetching(asked)))
      )
      assert.deepStrictEqual(asked.map(({ init, url }) => [url, init.redirect]), [
        ["https://sandbox.trustly.one/api/v1/customers/1", "manual"]
      ])
    }))

  it.effect("keeps the RequestInit that it finds, but for redirects", () =>
    Effect.gen(function*() {
      const asked: Array<Asked> = []
      const init = Layer.succeed(FetchHttpClient.RequestInit, { keepalive: true, redirect: "follow" })
      yield* getOne.pipe(
        Effect.provide(Layer.provide(CustomerService.layer(options), [fetching(asked), init]))
      )
      assert.deepStrictEqual(asked.map(({ init: { keepalive, redirect } }) => [keepalive, redirect]), [[
        true,
        "manual"
      ]])
    }))

  it.effect("keeps a RequestInit and a fetch that only the client's own layer was built with", () =>
    Effect.gen(function*() {
      const asked: Array<Asked> = []
      const init = Layer.succeed(FetchHttpClient.RequestInit, {
        keepalive: true,
        redirect: "follow",
        headers: { via: "1.1 proxy" }
      })
      yield* Effect.zipRight(getOne, getOne).pipe(
        Effect.provide(Layer.provide(CustomerService.layer(options), Layer.provide(fetching(asked), init)))
      )
      const seen = asked.map((one) => [one.init.keepalive, one.init.redirect, headersOf(one).get("via")])
      assert.deepStrictEqual(seen, [[true, "manual", "1.1 proxy"], [true, "manual", "1.1 proxy"]])
    }))

  it.effect("follows no redirect after a first call that failed before fetch, and runs transformClient once for each call", () =>
    Effect.gen(function*() {
      const asked: Array<Asked> = []
      let runs = 0
      const transformClient = (client: HttpClient.HttpClient): HttpClient.HttpClient =>
        HttpClient.transform(
          client,
          (effect, request) =>
            Effect.suspend(() =>
              runs++ === 0 ? Effect.fail(new HttpClientError.RequestError({ request, reason: "Encode" })) : effect
            )
        )
      yield* Effect.all([Effect.exit(getOne), getOne, getOne]).pipe(
        Effect.provide(Layer.provide(CustomerService.layer({ ...options, transformClient }), fetching(asked)))
      )
      assert.deepStrictEqual(asked.map(({ init }) => init.redirect), ["manual", "manual"])
      assert.strictEqual(runs, 3)
    }))

  it.effect("changes its client as told, once, when it is built", () =>
    Effect.gen(function*() {
      const asked: Array<Asked> = []
      let built = 0
      const transformClient = (client: HttpClient.HttpClient) => {
        built += 1
        return HttpClient.mapRequest(client, HttpClientRequest.setHeader("via", "1.1 proxy"))
      }
      yield* Effect.zipRight(getOne, getOne).pipe(
        Effect.provide(Layer.provide(CustomerService.layer({ ...options, transformClient }), fetching(asked)))
      )
      assert.deepStrictEqual(asked.map((one) => headersOf(one).get("via")), ["1.1 proxy", "1.1 proxy"])
      assert.strictEqual(built, 1)
    }))

  it.effect("make gives each merchant a service of its own", () =>
    Effect.gen(function*() {
      const asked: Array<Asked> = []
      const [north, south] = yield* Effect.all([
        CustomerService.make({ ...options, accessId: "north" }),
        CustomerService.make({ ...options, accessId: "south" })
      ]).pipe(Effect.provide(fetching(asked)))
      yield* Effect.zipRight(north.get("1"), south.get("1"))
      assert.deepStrictEqual(asked.map((one) => headersOf(one).get("authorization")), [
        `Basic ${Encoding.encodeBase64("north:key")}`,
        `Basic ${Encoding.encodeBase64("south:key")}`
      ])
    }))
})
