import { HttpClient } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigError, ConfigProvider, Context, Duration, Effect, Layer, Redacted } from "effect"
import { CustomerService, TrustlyConfig } from "effect-trustly"

const client = Layer.succeed(HttpClient.HttpClient, HttpClient.make(() => Effect.never))

const environment = {
  TRUSTLY_ACCESS_ID: "id",
  TRUSTLY_ACCESS_KEY: "key"
}

const provided = (entries: Readonly<Record<string, string>>) =>
  Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(entries))))

const build = (layer: ReturnType<typeof CustomerService.layerConfig>) =>
  Effect.scoped(
    Effect.map(Layer.build(Layer.provide(layer, client)), (context) => Context.get(context, CustomerService))
  )

const printed = (error: unknown): string => `${String(error)} ${JSON.stringify(error)}`

describe("config", () => {
  it.effect("reads the four variables", () =>
    Effect.gen(function*() {
      const options = yield* TrustlyConfig.config
      assert.strictEqual(options.accessId, "id")
      assert.strictEqual(Redacted.value(options.accessKey), "key")
      assert.strictEqual(options.baseUrl, TrustlyConfig.productionUrl)
      assert.deepStrictEqual(options.timeout, Duration.seconds(10))
    }).pipe(provided({
      ...environment,
      TRUSTLY_BASE_URL: `${TrustlyConfig.productionUrl}/`,
      TRUSTLY_TIMEOUT: "10 seconds"
    })))

  it.effect("requires only the credentials", () =>
    Effect.map(
      TrustlyConfig.config,
      ({ baseUrl, timeout }) => assert.deepStrictEqual([baseUrl, timeout], [undefined, undefined])
    )
      .pipe(provided(environment)))

  const invalidVariables: ReadonlyArray<readonly [key: string, value: string | undefined]> = [
    ...["TRUSTLY_ACCESS_ID", "TRUSTLY_ACCESS_KEY"].flatMap((key) =>
      [undefined, "", " sentinel", "sentinel ", "senti\nnel", "senti\u0000nel"].map((value) => [key, value] as const)
    ),
    ["TRUSTLY_ACCESS_ID", "senti:nel"],
    ...[
      "",
      "sentinel",
      "http://sentinel.example",
      "http://localhost.sentinel.example",
      "ftp://sentinel.example",
      "https://user@sentinel.example",
      "https://:pass@sentinel.example",
      "https://sentinel.example?",
      "https://sentinel.example/?a=1",
      "https://sentinel.example/#a"
    ].map((value) => ["TRUSTLY_BASE_URL", value] as const),
    ...["", "sentinel", "0 millis", "-1 seconds"].map((value) => ["TRUSTLY_TIMEOUT", value] as const)
  ]
  for (const [key, value] of invalidVariables) {
    it.effect(`rejects ${key}${value === undefined ? " if missing" : `=${JSON.stringify(value)}`}`, () => {
      const { [key]: _, ...others }: Record<string, string> = environment
      return Effect.gen(function*() {
        const error = yield* Effect.flip(TrustlyConfig.config)
        assert.isTrue(ConfigError.isConfigError(error))
        assert.include(String(error), key)
        assert.notMatch(printed(error), /senti/)
        // the layer that reads the config fails with the same error
        assert.include(String(yield* Effect.flip(build(CustomerService.layerConfig()))), key)
      }).pipe(provided(value === undefined ? others : { ...others, [key]: value }))
    })
  }

  for (
    const url of [
      "http://localhost:4000/api/v1",
      "http://127.0.0.1",
      "http://[::1]:1/",
      "https://trustly.example:8443/x/"
    ]
  ) {
    it.effect(`accepts ${url}`, () =>
      Effect.map(TrustlyConfig.config, ({ baseUrl }) => assert.strictEqual(baseUrl, url.replace(/\/$/, ""))).pipe(
        provided({ ...environment, TRUSTLY_BASE_URL: url })
      ))
  }
})

describe("TRUSTLY_ALLOW_INSECURE_HTTP", () => {
  const insecure = { ...environment, TRUSTLY_BASE_URL: "http://sandbox:4000/api/v1" }

  for (const value of ["true", "1", "yes", "on", " True "]) {
    it.effect(`${value} allows plain http with any host`, () =>
      build(CustomerService.layerConfig()).pipe(provided({ ...insecure, TRUSTLY_ALLOW_INSECURE_HTTP: value })))
  }

  for (const value of [undefined, "false", "0", "no", "off"]) {
    it.effect(`${value} does not allow plain http`, () =>
      Effect.map(
        Effect.flip(build(CustomerService.layerConfig())),
        (error) => assert.include(String(error), "TRUSTLY_BASE_URL")
      ).pipe(
        provided(value === undefined ? insecure : { ...insecure, TRUSTLY_ALLOW_INSECURE_HTTP: value })
      ))
  }

  for (const value of ["", "sentinel", "2"]) {
    it.effect(`rejects ${JSON.stringify(value)} without printing it`, () =>
      Effect.map(Effect.flip(TrustlyConfig.config), (error) => {
        assert.include(String(error), "TRUSTLY_ALLOW_INSECURE_HTTP")
        assert.notMatch(printed(error), /senti/)
      }).pipe(provided({ ...insecure, TRUSTLY_ALLOW_INSECURE_HTTP: value })))
  }
})

describe("layers", () => {
  it.effect("layerConfig accepts a Config for each option", () =>
    build(CustomerService.layerConfig({
      accessId: Config.string("MERCHANT"),
      accessKey: Config.redacted("SECRET"),
      timeout: Config.succeed(Duration.infinity)
    })).pipe(provided({ MERCHANT: "id", SECRET: "key" })))

  const options: TrustlyConfig.Options = { accessId: "id", accessKey: Redacted.make("key") }
  const invalidOptions: Readonly<Record<string, Partial<TrustlyConfig.Options>>> = {
    accessId: { accessId: "" },
    accessKey: { accessKey: Redacted.make("sentinel\n") },
    baseUrl: { baseUrl: "http://sentinel.example" },
    timeout: { timeout: 0 },
    maxResponseBytes: { maxResponseBytes: 0.5 }
  }
  for (const [name, more] of Object.entries(invalidOptions)) {
    it.effect(`layer rejects an invalid ${name} and names it`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(build(CustomerService.layer({ ...options, ...more })))
        assert.include(String(error), name)
        assert.notInclude(String(error), "sentinel")
      }))
  }

  // the compiler rejects these options, but an untyped program can pass them
  const plain: TrustlyConfig.Options = JSON.parse(`{"accessId":"id","accessKey":"sentinel"}`)

  it.effect("layer rejects an accessKey that is a plain string", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(build(CustomerService.layer(plain)))
      assert.match(String(error), /accessKey.*must be a Redacted/)
      assert.notInclude(String(error), "sentinel")
    }))

  it.effect("accept a timeout that is longer than a platform timer can hold", () =>
    Effect.gen(function*() {
      yield* build(CustomerService.layer({ ...options, timeout: "60 days" }))
      const { timeout } = yield* provided({ ...environment, TRUSTLY_TIMEOUT: "60 days" })(TrustlyConfig.config)
      assert.deepStrictEqual(timeout, Duration.days(60))
    }))

  it.effect("plain http to any host requires allowInsecureHttp", () =>
    Effect.gen(function*() {
      const baseUrl = "http://trustly.example"
      yield* build(CustomerService.layer({ ...options, baseUrl, allowInsecureHttp: true }))
      yield* Effect.flip(build(CustomerService.layer({ ...options, baseUrl })))
    }))
})
