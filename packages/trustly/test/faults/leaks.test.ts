import { HttpClient, HttpClientRequest } from "@effect/platform"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Cause, Context, type Duration, Effect, Exit, Layer, Logger, LogLevel, Option, Redacted, Schema } from "effect"
import type { CustomerUpdate } from "effect-trustly"
import { CustomerService, TrustlyError, TrustlyRetry } from "effect-trustly"
import { expectNoLeak } from "effect-trustly/testing"
import { inspect } from "node:util"
import { certificates } from "./certificates.ts"
import type { ListenOptions, Plays } from "./FaultServer.ts"
import { listen } from "./FaultServer.ts"
import { type ClientLayer, clientLayers } from "./layers.ts"
import * as Sentinels from "./sentinels.ts"
import { makeTally } from "./tally.ts"
import { close, cut, head, httpResponse, onRequest, reset, utf8, write } from "./wire.ts"

type Call = (customers: CustomerService.Service) => Effect.Effect<unknown, TrustlyError>

interface Leak {
  readonly plays?: Plays
  readonly tls?: ListenOptions["tls"]
  readonly url?: string
  readonly call?: Call
  /** The timeout. The default is too long to expire even on a busy machine. */
  readonly timeout?: Duration.DurationInput
  /** The tag of the expected error. Absent if the call succeeds. */
  readonly tag?: TrustlyError["_tag"]
}

const { customer, customerId, echoed, echoes, echoHeaders, wire } = Sentinels

const update: Call = (customers) => customers.update(customerId, customer)

const respond = (status: number | string, body: string): Plays =>
  onRequest(write(httpResponse(status, utf8(body), echoHeaders)))

const good = (body: object = { customer: wire }): Plays => respond(200, JSON.stringify({ ...body, [echoes.key]: wire }))

// in real programs, JSON.parse is how invalid data gets past the compiler
const unsafeCast = <A>(value: unknown): A => JSON.parse(JSON.stringify(value))
const invalid = (fields: object): CustomerUpdate => unsafeCast({ ...wire, ...fields })

const hostile = Object.defineProperty({ ...customer }, "email", {
  enumerable: true,
  get: () => {
    throw new Error(customer.email)
  }
})

const leaks: Readonly<Record<string, Leak>> = {
  "a value of the wrong type": {
    call: (customers) => customers.update(customerId, invalid({ name: 7, taxId: [wire.taxId], vip: { a: wire.name } })),
    tag: "TrustlyValidationError"
  },
  "invalid values": {
    call: (customers) =>
      customers.update(
        customerId,
        invalid({
          email: "",
          address: { ...wire.address, zip: "QX", country: wire.name },
          driverLicense: wire.name
        })
      ),
    tag: "TrustlyValidationError"
  },
  "an unknown key": {
    call: (customers) => customers.update(customerId, invalid({ [wire.name]: 1, "sentinel-key": 2 })),
    tag: "TrustlyValidationError"
  },
  "a customer that is a string": {
    call: (customers) => customers.update(customerId, unsafeCast(wire.name)),
    tag: "TrustlyValidationError"
  },
  "another customer's ID": {
    call: (customers) => customers.update("1", { ...customer, customerId }),
    tag: "TrustlyValidationError"
  },
  "an invalid customerId": {
    call: (customers) => customers.update(`${customerId}/..`, customer),
    tag: "TrustlyValidationError"
  },
  "a getter that throws": {
    call: (customers) => customers.update(customerId, hostile),
    tag: "TrustlyValidationError"
  },
  "an invalid customerId in find": {
    call: (customers) => customers.find({ customerId: `${wire.name}?` }),
    tag: "TrustlyValidationError"
  },
  "a new customer without an identifier": {
    call: (customers) =>
      customers.createOrUpdate(unsafeCast({ ...wire, customerId: undefined, externalId: undefined })),
    tag: "TrustlyValidationError"
  },
  "an invalid change": {
    plays: good(),
    call: (customers) => customers.modify(customerId, () => invalid({ name: 7 })),
    tag: "TrustlyValidationError"
  },
  "400": { plays: respond(400, echoed(200)), tag: "TrustlyValidationError" },
  "422 with invalid JSON": { plays: respond(422, JSON.stringify(wire).slice(1)), tag: "TrustlyValidationError" },
  "401": { plays: respond(401, echoed(375)), tag: "TrustlyAuthError" },
  "409": { plays: respond(409, echoed(210)), tag: "TrustlyRejectedError" },
  "307": { plays: respond(307, echoed(1)), tag: "TrustlyRejectedError" },
  "418 with a reason phrase": {
    plays: onRequest(write(`HTTP/1.1 418 ${echoes.reason}\r\nx: ${echoes.header}\r\ncontent-length: 0\r\n\r\n`)),
    tag: "TrustlyRejectedError"
  },
  "429": { plays: respond(429, echoed(1)), tag: "TrustlyRateLimitError" },
  "503": { plays: respond(503, echoed(100)), tag: "TrustlyServerError" },
  "a 2xx with errors": { plays: respond(200, echoed(378)), tag: "TrustlyServerError" },
  "a reset": { plays: onRequest(reset), tag: "TrustlyNetworkError" },
  "a reset in the body": {
    plays: onRequest(write(head(200, { ...echoHeaders, "content-length": 9999 }) + JSON.stringify(wire)), ...cut),
    tag: "TrustlyNetworkError"
  },
  "a response that is not HTTP": {
    plays: onRequest(write(`${echoes.message}\r\n${JSON.stringify(wire)}\r\n\r\n`), ...close),
    tag: "TrustlyNetworkError"
  },
  "an invalid chunk": {
    plays: onRequest(
      write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${echoes.message}\r\n${JSON.stringify(wire)}`),
      ...close
    ),
    tag: "TrustlyNetworkError"
  },
  "connection refused": { url: "http://127.0.0.1:2/api/v1", tag: "TrustlyNetworkError" },
  "silence": { plays: onRequest(), timeout: "50 millis", tag: "TrustlyNetworkError" },
  "a self-signed certificate": { tls: certificates.selfSigned, tag: "TrustlyNetworkError" },
  "a response with invalid JSON": {
    plays: respond(200, JSON.stringify({ customer: wire }).slice(0, -9)),
    tag: "TrustlyDecodeError"
  },
  "a response with wrong types": {
    plays: good({ customer: { ...wire, name: [wire.name], taxId: { a: wire.taxId }, enrollDate: wire.name } }),
    tag: "TrustlyDecodeError"
  },
  "a response whose date is too large": {
    plays: good({ customer: { ...wire, enrollDate: Number(wire.enrollDate) * 1e9 } }),
    tag: "TrustlyDecodeError"
  },
  "a response that is not UTF-8": {
    plays: onRequest(write(httpResponse(200, `${JSON.stringify({ customer: wire })}\xff`, echoHeaders))),
    tag: "TrustlyDecodeError"
  },
  "a response that is too large": {
    plays: onRequest(write(head(200, { "content-length": 2 ** 40 }) + JSON.stringify(wire))),
    tag: "TrustlyDecodeError"
  },
  "update": { plays: good() },
  "get": { plays: good(), call: (customers) => customers.get(customerId) },
  "modify": { plays: good(), call: (customers) => customers.modify(customerId, () => customer) },
  "find": {
    plays: good({ customers: [wire] }),
    call: (customers) => customers.find({ externalId: String(wire.externalId) })
  },
  "createOrUpdate": { plays: good(), call: (customers) => customers.createOrUpdate({ ...customer, customerId }) }
}

const servicesOf = (client: ClientLayer, baseUrl: string, timeout: Duration.DurationInput = "1 hour") => {
  const layer = CustomerService.layer({
    accessId: Sentinels.accessId,
    accessKey: Redacted.make(Sentinels.accessKey),
    baseUrl,
    timeout
  }).pipe(Layer.provide(client.layer))
  const policy = TrustlyRetry.policy({ times: 1, baseDelay: "1 millis" })
  return Effect.map(
    Effect.all([Layer.build(layer), Layer.build(CustomerService.withRetry(policy)(layer))]),
    (contexts) => contexts.map((context) => Context.get(context, CustomerService))
  )
}

const encode = Schema.encode(TrustlyError)

const printed = (value: unknown): ReadonlyArray<string> => [
  String(value),
  JSON.stringify(value) ?? "",
  inspect(value, { depth: 30, showHidden: true }),
  inspect(value, { depth: 30, getters: true })
]

// repeats part of expectNoLeak with the means that programs use
const prints = (exit: Exit.Exit<unknown, TrustlyError>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function*() {
    if (Exit.isSuccess(exit)) return []
    const error = Option.getOrThrow(Cause.failureOption(exit.cause))
    const encoded = yield* Effect.orDie(encode(error))
    const values = [error, exit, exit.cause, encoded, error.stack, Object.assign(new Error("outer"), { cause: error })]
    return [...values.flatMap(printed), Cause.pretty(exit.cause, { renderErrorCause: true })]
  })

const assertNoSecret = (texts: ReadonlyArray<string>, secrets: ReadonlyArray<string>): void => {
  for (const secret of secrets) {
    assert.isFalse(texts.some((text) => text.includes(secret)), `a print contains ${secret}`)
  }
}

const check = ({ call = update, plays = onRequest(), tag, timeout, tls, url }: Leak, client: ClientLayer) =>
  Effect.gen(function*() {
    const server = yield* listen({ plays, ...(tls === undefined ? {} : { tls }) })
    const serverUrl = `${tls === undefined ? "http" : "https"}://127.0.0.1:${server.port}/api/v1`
    const secrets = [...Sentinels.secrets, customerId]
    for (const customers of yield* servicesOf(client, url ?? serverUrl, timeout)) {
      const exit = yield* Effect.exit(Effect.withSpan(call(customers), "caller")).pipe(
        Effect.tap((ended) => Exit.isSuccess(ended) ? Effect.void : Effect.logDebug("failed", ended.cause)),
        expectNoLeak(secrets)
      )
      assert.strictEqual(tagOf(exit), tag)
      yield* Effect.exit(expectNoLeak(secrets)(exit))
      assertNoSecret(yield* prints(exit), secrets)
    }
  })

const tagOf = (exit: Exit.Exit<unknown, TrustlyError>): string | undefined =>
  Exit.isSuccess(exit) ? undefined : Option.getOrThrow(Cause.failureOption(exit.cause))._tag

const tally = makeTally("leaks")
afterAll(tally.print)

for (const client of clientLayers) {
  describe(`no secret leaks (${client.name})`, () => {
    for (const [what, leak] of Object.entries(leaks)) {
      it.scopedLive(`in ${what}`, () => tally.count(client.name, Effect.orDie(check(leak, client))))
    }

    it.scopedLive("in a 404, except the customerId in the error itself", () =>
      tally.count(
        client.name,
        Effect.gen(function*() {
          const server = yield* listen({ plays: respond(404, echoed(200)) })
          const [customers] = yield* Effect.orDie(servicesOf(client, `http://127.0.0.1:${server.port}/api/v1`))
          assert(customers !== undefined)
          const exit = yield* expectNoLeak(Sentinels.secrets)(Effect.exit(update(customers)))
          assert.strictEqual(tagOf(exit), "TrustlyNotFoundError")
          assertNoSecret(yield* prints(exit), Sentinels.secrets)
        })
      ))

    it.scopedLive("when the call is interrupted", () =>
      tally.count(
        client.name,
        Effect.gen(function*() {
          const server = yield* listen({ plays: onRequest() })
          const [customers] = yield* Effect.orDie(servicesOf(client, `http://127.0.0.1:${server.port}/api/v1`))
          assert(customers !== undefined)
          const call = Effect.raceFirst(update(customers), server.received(1))
          yield* Effect.orDie(expectNoLeak([...Sentinels.secrets, customerId])(call))
        })
      ))
  })
}

for (const client of clientLayers) {
  for (
    const [name, value] of [["x-token", "sentinel\nheader"], ["x-token", "sentinel €"], [
      "x token",
      "sentinel"
    ]] as const
  ) {
    it.scopedLive(`a header that HTTP does not allow sends nothing and leaks nothing (${client.name}: ${JSON.stringify(name + value)})`, () =>
      Effect.gen(function*() {
        const server = yield* listen({ plays: onRequest() })
        const customers = yield* Effect.orDie(
          CustomerService.make({
            accessId: "id",
            accessKey: Redacted.make("key"),
            baseUrl: `http://127.0.0.1:${server.port}/api/v1`,
            transformClient: HttpClient.mapRequest(HttpClientRequest.setHeader(name, value))
          })
        )
        const exit = yield* expectNoLeak(["sentinel"])(Effect.exit(update(customers)))
        const error = Option.getOrThrow(Exit.isFailure(exit) ? Cause.failureOption(exit.cause) : Option.none())
        assert.deepInclude(error, { _tag: "TrustlyNetworkError", reason: "Connect", outcome: "NotSent" })
        assert.deepStrictEqual(server.requests(), [])
      }).pipe(Effect.provide(client.layer)))
  }
}

describe("no secret leaks when a layer is built", () => {
  const options = { accessId: "id", accessKey: Redacted.make("key") }
  const invalidOptions = {
    accessId: { ...options, accessId: `${Sentinels.accessId}:` },
    accessKey: { ...options, accessKey: Redacted.make(`${Sentinels.accessKey}\n`) },
    baseUrl: { ...options, baseUrl: `https://${Sentinels.accessId}:${Sentinels.accessKey}@example.test` },
    timeout: { ...options, timeout: unsafeCast<Duration.DurationInput>(Sentinels.accessKey) }
  }
  for (const [name, badOptions] of Object.entries(invalidOptions)) {
    for (const client of clientLayers) {
      it.effect(`from an invalid ${name} (${client.name})`, () =>
        Effect.gen(function*() {
          const exit = yield* CustomerService.make(badOptions).pipe(
            Effect.provide(client.layer),
            Effect.exit,
            Effect.tap((ended) => Exit.isSuccess(ended) ? Effect.void : Effect.logFatal(ended.cause)),
            expectNoLeak(Sentinels.secrets)
          )
          assert(Exit.isFailure(exit))
          assert.include(String(exit.cause), name)
          assertNoSecret(printed(exit), Sentinels.secrets)
        }).pipe(Logger.withMinimumLogLevel(LogLevel.None)))
    }
  }
})
