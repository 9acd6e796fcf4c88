import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import type { TrustlyConfig } from "effect-trustly"
import { CustomerService } from "effect-trustly"
import type { FaultRule } from "effect-trustly-sandbox"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { refused } from "./commands.ts"
import { assertNoSecret, assertRefused, customer, customerId, run, runWith, seen, toJson } from "./program.ts"

const echo = {
  errors: [{ code: 200, location: "address.zip", message: "sentinel", domain: "sentinel" }],
  note: "sentinel"
}

const failures: ReadonlyArray<{
  readonly of: string
  readonly rule?: FaultRule
  readonly options?: Partial<TrustlyConfig.Options>
  readonly id?: string
  readonly expectedStatus?: number
  readonly line: RegExp
}> = [
  {
    of: "for input that Trustly refuses",
    rule: { fault: { _tag: "Status", status: 400, body: echo } },
    line:
      /input refused \(HTTP 400, code 200 at address\.zip\)\. (?:Nothing was changed|No update was sent)\. Fix the fields/
  },
  {
    of: "for refused credentials",
    options: { accessKey: Redacted.make("sentinel-key") },
    expectedStatus: 2,
    line:
      /credentials refused \(HTTP 401.*\)\. (?:Nothing was changed|No update was sent)\. Check TRUSTLY_ACCESS_ID and TRUSTLY_ACCESS_KEY/
  },
  {
    of: "for an unknown customer",
    id: "42",
    line: /customer 42 not found \(HTTP 404.*\)\. (?:Nothing was changed|No update was sent)\. Check the customerId/
  },
  {
    of: "for a redirect",
    rule: { fault: { _tag: "Status", status: 307, body: echo } },
    line:
      /redirected, not followed \(HTTP 307.*\)\. (?:Nothing was changed|No update was sent)\. Check TRUSTLY_BASE_URL/
  },
  {
    of: "for a rate limit",
    rule: { fault: { _tag: "Status", status: 429, retryAfter: 90 } },
    line: /too many requests.*\(HTTP 429.*\)\. (?:Nothing was changed|No update was sent)\. Run it again in 90 s/
  },
  {
    of: "where no server listens",
    options: { baseUrl: "http://127.0.0.1:1" },
    line:
      /no complete response: Connect, ECONNREFUSED\. No update was sent\. Check TRUSTLY_BASE_URL, HTTPS_PROXY, and the network/
  },
  {
    of: "for a response that is not a customer",
    rule: { fault: { _tag: "Malformed", body: "{\"customer\":\"sentinel\"}" }, applied: true },
    line: /response not understood: Shape.*\. The update was applied\. Don't send it again\. Check with `get`/
  }
]

/** The service that has the sandbox of the test as its Trustly. */
const throughSandbox = (options: Partial<TrustlyConfig.Options>) =>
  Effect.map(
    TrustlySandbox,
    ({ accessId, accessKey, url }) =>
      CustomerService.layer({ accessId, accessKey, baseUrl: url, ...options }).pipe(
        Layer.orDie,
        Layer.provide(NodeHttpClient.layerUndici)
      )
  )

describe("a failure is reported in one line that says what to do next", () => {
  for (const { expectedStatus = 1, id = customerId, line, of, options = {}, rule } of failures) {
    it.live(of, () =>
      Effect.gen(function*() {
        const { fail } = yield* TrustlySandbox
        if (rule !== undefined) yield* fail({ ...rule, operation: "update" })
        const { message, status } = yield* refused(["update", id, "--vip", "2"], yield* throughSandbox(options))
        assert.match(message, line)
        assert.notMatch(message, /\n|sentinel/)
        assert.strictEqual(status, expectedStatus)
      }).pipe(Effect.provide(TrustlySandbox.layer())))
  }
})

describe("a failure shows no value", () => {
  it.live("of a response that is not a customer", () =>
    Effect.gen(function*() {
      const { fail } = yield* TrustlySandbox
      yield* fail({ fault: { _tag: "Malformed", body: toJson({ customer: { ...echo, name: ["sentinel"] } }) } })
      const ended = yield* runWith(["update", customerId, "--from", "-"], { stdin: toJson(customer) })
      assertRefused(ended, 1, /response not understood: Shape.*\. The update was applied\. Don't send it again/)
      assertNoSecret(ended)
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.live("of an error response that quotes the request", () =>
    Effect.gen(function*() {
      const { fail } = yield* TrustlySandbox
      yield* fail({ fault: { _tag: "Status", status: 400, body: echo } })
      const ended = yield* runWith(["update", customerId, "--from", "-"], { stdin: toJson(customer) })
      assertRefused(ended, 1, /input refused \(HTTP 400, code 200 at address\.zip\)/)
      assertNoSecret(ended)
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.live("of a wrong access key", () =>
    Effect.gen(function*() {
      const ended = yield* runWith(["get", customerId], { env: { TRUSTLY_ACCESS_KEY: "sentinel-key" } })
      assertRefused(ended, 2, /credentials refused \(HTTP 401.*\)/)
      assertNoSecret(ended)
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.live("of missing credentials, and says what to set and that the sandbox needs none", () =>
    Effect.gen(function*() {
      const ended = yield* run(["get", customerId])
      assertRefused(ended, 2, /^Set TRUSTLY_ACCESS_ID and TRUSTLY_ACCESS_KEY\. .*`trustly-customers sandbox`/)
    }))

  it.live("of an invalid setting, which it names", () =>
    Effect.gen(function*() {
      const env = { TRUSTLY_BASE_URL: "ftp://sentinel", TRUSTLY_TIMEOUT: "sentinel", TRUSTLY_RETRY_TIMES: "sentinel" }
      const ended = yield* runWith(["get", customerId], { env })
      assertRefused(ended, 2, /^TRUSTLY_[A-Z_]+ must be /)
      assertNoSecret(ended)
      assert.deepStrictEqual(yield* seen, [])
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.live("of a file that is not a customer, and nothing is sent", () =>
    Effect.gen(function*() {
      const stdin = toJson({ ...customer, phone: 5, "sentinel key": 1, address: { country: "sentinel" } })
      const ended = yield* runWith(["update", customerId, "--from", "-"], { stdin })
      assertRefused(
        ended,
        2,
        /\(a key\) is unknown; phone is invalid.*; address\.country is invalid.*\. No/
      )
      assertNoSecret(ended)
      assert.deepStrictEqual(yield* seen, [])
    }).pipe(Effect.provide(TrustlySandbox.layer())))
})
