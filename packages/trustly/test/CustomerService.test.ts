import { FetchHttpClient, HttpClient, HttpClientError, HttpClientRequest, HttpClientResponse } from "@effect/platform"
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
import { minimalCustomer, reference, use } from "./support.ts"

type Call = (customers: CustomerService.Service) => Effect.Effect<unknown, TrustlyError>

const calls: Readonly<Record<keyof CustomerService.Service, Call>> = {
  update: (customers) => customers.update("1", minimalCustomer),
  get: (customers) => customers.get("1"),
  modify: (customers) => customers.modify("1", () => ({})),
  find: (customers) => customers.find({ externalId: "1" }),
  createOrUpdate: (customers) => customers.createOrUpdate({ ...minimalCustomer, externalId: "1" })
}

const outage = Effect.fail(new TrustlyServerError({ operation: "update" }))

interface RecordedRequest {
  readonly url: string
  readonly init: RequestInit
}

/** The fetch client with a fetch that responds with a customer and records its requests. */
const recordingFetch = (requests: Array<RecordedRequest>) =>
  Layer.provide(
    FetchHttpClient.layer,
    Layer.succeed(FetchHttpClient.Fetch, (input: RequestInfo | URL, init: RequestInit = {}) => {
      requests.push({ url: input instanceof Request ? input.url : String(input), init })
      return Promise.resolve(Response.json({ customer: reference }))
    })
  )

// the types of HttpClient exclude such errors, which an untyped wrapper can still fail with
const foreignErrors: ReadonlyArray<HttpClientError.RequestError> = JSON.parse(
  `[{ "_tag": "TimeoutException" }, "boom", null]`
)

const headersOf = ({ init }: RecordedRequest) => new Headers(init.headers)

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
      assert.strictEqual((yield* Fiber.join(fiber)).name, minimalCustomer.name)
      assert.strictEqual((yield* seen).length, 2)
    }).pipe(
      Effect.provide(
        CustomersMemory.layer([{ ...minimalCustomer, customerId: "1" }]).pipe(
          CustomerService.withRetry(TrustlyRetry.policy())
        )
      )
    ))

  for (const [operation, call] of Object.entries(calls)) {
    it.effect(`retries ${operation}`, () =>
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

  it.effect("does not retry without withRetry", () =>
    Effect.gen(function*() {
      const attempts = yield* Ref.make(0)
      const fails = () => Effect.zipRight(Ref.update(attempts, (n) => n + 1), outage)
      yield* Effect.exit(Effect.provide(use(calls.get), CustomerService.layerTest({ get: fails })))
      assert.strictEqual(yield* Ref.get(attempts), 1)
    }))
})

describe("layerTest", () => {
  for (const [operation, call] of Object.entries(calls)) {
    it.effect(`dies on ${operation} if it is not implemented`, () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(Effect.provide(use(call), CustomerService.layerTest()))
        assert(Exit.isFailure(exit))
        assert.isTrue(Option.isSome(Cause.dieOption(exit.cause)), String(exit))
      }))
  }
})

describe("a layer", () => {
  it.effect("layerConfig() reads all options from the environment", () =>
    Effect.gen(function*() {
      const requests: Array<RecordedRequest> = []
      const environment = ConfigProvider.fromMap(
        new Map([
          ["TRUSTLY_ACCESS_ID", "merchant"],
          ["TRUSTLY_ACCESS_KEY", "sesame"],
          ["TRUSTLY_BASE_URL", "https://trustly.example/api/v9/"]
        ])
      )
      yield* getOne.pipe(
        Effect.provide(Layer.provide(CustomerService.layerConfig(), recordingFetch(requests))),
        Effect.withConfigProvider(environment)
      )
      assert.deepStrictEqual(requests.map(({ url }) => url), ["https://trustly.example/api/v9/customers/1"])
      const [authorization] = requests.map((one) => headersOf(one).get("authorization"))
      assert.strictEqual(authorization, `Basic ${Encoding.encodeBase64("merchant:sesame")}`)
    }))

  it.effect("uses Trustly's sandbox by default and never follows a redirect", () =>
    Effect.gen(function*() {
      const requests: Array<RecordedRequest> = []
      yield* getOne.pipe(
        Effect.provide(Layer.provide(CustomerService.layer(options), recordingFetch(requests)))
      )
      assert.deepStrictEqual(requests.map(({ init, url }) => [url, init.redirect]), [
        ["https://sandbox.trustly.one/api/v1/customers/1", "manual"]
      ])
    }))

  it.effect("keeps the RequestInit in the context, except for redirects", () =>
    Effect.gen(function*() {
      const requests: Array<RecordedRequest> = []
      const init = Layer.succeed(FetchHttpClient.RequestInit, { keepalive: true, redirect: "follow" })
      yield* getOne.pipe(
        Effect.provide(Layer.provide(CustomerService.layer(options), [recordingFetch(requests), init]))
      )
      assert.deepStrictEqual(requests.map(({ init: { keepalive, redirect } }) => [keepalive, redirect]), [[
        true,
        "manual"
      ]])
    }))

  it.effect("keeps a RequestInit and a fetch that were provided only to the client layer", () =>
    Effect.gen(function*() {
      const requests: Array<RecordedRequest> = []
      const init = Layer.succeed(FetchHttpClient.RequestInit, {
        keepalive: true,
        redirect: "follow",
        headers: { via: "1.1 proxy" }
      })
      yield* Effect.zipRight(getOne, getOne).pipe(
        Effect.provide(Layer.provide(CustomerService.layer(options), Layer.provide(recordingFetch(requests), init)))
      )
      const seen = requests.map((one) => [one.init.keepalive, one.init.redirect, headersOf(one).get("via")])
      assert.deepStrictEqual(seen, [[true, "manual", "1.1 proxy"], [true, "manual", "1.1 proxy"]])
    }))

  it.effect("follows no redirect after a first call that failed before fetch, and runs the transformed client once per call", () =>
    Effect.gen(function*() {
      const requests: Array<RecordedRequest> = []
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
        Effect.provide(Layer.provide(CustomerService.layer({ ...options, transformClient }), recordingFetch(requests)))
      )
      assert.deepStrictEqual(requests.map(({ init }) => init.redirect), ["manual", "manual"])
      assert.strictEqual(runs, 3)
    }))

  it.effect("does not claim that nothing was sent when a wrapper fails with an error of its own", () =>
    Effect.gen(function*() {
      const requests: Array<RecordedRequest> = []
      for (const error of foreignErrors) {
        const transformClient = (client: HttpClient.HttpClient): HttpClient.HttpClient =>
          HttpClient.transform(client, (effect) => Effect.zipRight(effect, Effect.fail(error)))
        const update = Effect.flatMap(CustomerService, (customers) => customers.update("1", minimalCustomer))
        const layer = CustomerService.layer({ ...options, transformClient })
        const failed = yield* Effect.flip(
          Effect.provide(update, Layer.orDie(Layer.provide(layer, recordingFetch(requests))))
        )
        assert.strictEqual(failed.outcome, "Unknown")
      }
      assert.strictEqual(requests.length, 3)
    }))

  it.effect("follows no redirect when something before fetch has answered the first call", () =>
    Effect.gen(function*() {
      const requests: Array<RecordedRequest> = []
      let sent = 0
      const cached = (client: HttpClient.HttpClient): HttpClient.HttpClient =>
        HttpClient.make((request) =>
          sent++ === 0
            ? Effect.succeed(HttpClientResponse.fromWeb(request, Response.json({ customer: {} })))
            : client.execute(request)
        )
      const client = Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, cached))
      yield* Effect.zipRight(Effect.exit(getOne), getOne).pipe(
        Effect.provide(
          Layer.provide(CustomerService.layer(options), Layer.provide(client, recordingFetch(requests)))
        )
      )
      assert.deepStrictEqual(requests.map(({ init }) => init.redirect), ["manual"])
    }))

  for (const isProvided of [false, true]) {
    it.effect(`follows no redirect when a wrapper provides its own RequestInit (another one in the context: ${isProvided})`, () =>
      Effect.gen(function*() {
        const seen: Array<RequestInit> = []
        const fetch = (_input: RequestInfo | URL, init: RequestInit = {}) => {
          seen.push(init)
          return Promise.resolve(Response.json({ customer: reference }))
        }
        const wrapped = HttpClient.transformResponse(
          Effect.provideService(FetchHttpClient.RequestInit, { cache: "no-store" })
        )
        const client = Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, wrapped))
        const inContext = isProvided ? Layer.succeed(FetchHttpClient.RequestInit, { keepalive: true }) : Layer.empty
        yield* Effect.zipRight(getOne, getOne).pipe(
          Effect.provide(
            Layer.provide(CustomerService.layer(options), [Layer.provide(client, FetchHttpClient.layer), inContext])
          ),
          Effect.provideService(FetchHttpClient.Fetch, fetch)
        )
        assert.deepStrictEqual(seen.map(({ cache, redirect }) => [cache, redirect]), [
          ["no-store", "manual"],
          ["no-store", "manual"]
        ])
      }))
  }

  it.effect("keeps the headers of a wrapper to the requests that it sets them for", () =>
    Effect.gen(function*() {
      const requests: Array<RecordedRequest> = []
      const init = Layer.succeed(FetchHttpClient.RequestInit, { headers: { via: "1.1 proxy" } })
      const keyed = HttpClient.mapRequest((request) =>
        request.method === "POST" ? HttpClientRequest.setHeader(request, "idempotency-key", "k1") : request
      )
      const client = Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, keyed))
      const update = Effect.flatMap(CustomerService, (customers) => customers.update("1", minimalCustomer))
      yield* Effect.zipRight(update, getOne).pipe(
        Effect.provide(
          Layer.provide(
            CustomerService.layer(options),
            Layer.provide(client, Layer.provide(recordingFetch(requests), init))
          )
        )
      )
      const seen = requests.map((one) => ["idempotency-key", "via"].map((name) => headersOf(one).get(name)))
      assert.deepStrictEqual(seen, [["k1", "1.1 proxy"], [null, "1.1 proxy"]])
    }))

  it.effect("applies transformClient once, when the layer is built", () =>
    Effect.gen(function*() {
      const requests: Array<RecordedRequest> = []
      let built = 0
      const transformClient = (client: HttpClient.HttpClient) => {
        built += 1
        return HttpClient.mapRequest(client, HttpClientRequest.setHeader("via", "1.1 proxy"))
      }
      yield* Effect.zipRight(getOne, getOne).pipe(
        Effect.provide(Layer.provide(CustomerService.layer({ ...options, transformClient }), recordingFetch(requests)))
      )
      assert.deepStrictEqual(requests.map((one) => headersOf(one).get("via")), ["1.1 proxy", "1.1 proxy"])
      assert.strictEqual(built, 1)
    }))

  it.effect("make builds a separate service for each merchant", () =>
    Effect.gen(function*() {
      const requests: Array<RecordedRequest> = []
      const [north, south] = yield* Effect.all([
        CustomerService.make({ ...options, accessId: "north" }),
        CustomerService.make({ ...options, accessId: "south" })
      ]).pipe(Effect.provide(recordingFetch(requests)))
      yield* Effect.zipRight(north.get("1"), south.get("1"))
      assert.deepStrictEqual(requests.map((one) => headersOf(one).get("authorization")), [
        `Basic ${Encoding.encodeBase64("north:key")}`,
        `Basic ${Encoding.encodeBase64("south:key")}`
      ])
    }))
})
