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
import { answer, close, cut, head, onRequest, reset, utf8, write } from "./wire.ts"

type Call = (customers: CustomerService.Service) => Effect.Effect<unknown, TrustlyError>

interface Leak {
  readonly plays?: Plays
  readonly tls?: ListenOptions["tls"]
  readonly url?: string
  readonly call?: Call
  /** The deadline; never met by default, however busy the machine is. */
  readonly timeout?: Duration.DurationInput
  /** The tag of the error; absent where the call succeeds. */
  readonly tag?: TrustlyError["_tag"]
}

const { customer, customerId, echoed, echoes, echoHeaders, wire } = Sentinels

const update: Call = (customers) => customers.update(customerId, customer)

const says = (status: number | string, body: string): Plays => onRequest(write(answer(status, utf8(body), echoHeaders)))

const good = (body: object = { customer: wire }): Plays => says(200, JSON.stringify({ ...body, [echoes.key]: wire }))

// how wrong data gets past the compiler in a real program
const forged = <A>(value: unknown): A => JSON.parse(JSON.stringify(value))
const wrong = (fields: object): CustomerUpdate => forged({ ...wire, ...fields })

const hostile = Object.defineProperty({ ...customer }, "email", {
  enumerable: true,
  get: () => {
    throw new Error(customer.email)
  }
})

const leaks: Readonly<Record<string, Leak>> = {
  "a value of the wrong type": {
    call: (customers) => customers.update(customerId, wrong({ name: 7, taxId: [wire.taxId], vip: { a: wire.name } })),
    tag: "TrustlyValidationError"
  },
  "values that break the rules": {
    call: (customers) =>
      customers.update(
        customerId,
        wrong({
          email: "",
          address: { ...wire.address, zip: "QX", country: wire.name },
          driverLicense: wire.name
        })
      ),
    tag: "TrustlyValidationError"
  },
  "a key that is not known": {
    call: (customers) => customers.update(customerId, wrong({ [wire.name]: 1, "sentinel-key": 2 })),
    tag: "TrustlyValidationError"
  },
  "a customer that is a text": {
    call: (customers) => customers.update(customerId, forged(wire.name)),
    tag: "TrustlyValidationError"
  },
  "another customer's id": {
    call: (customers) => customers.update("1", { ...customer, customerId }),
    tag: "TrustlyValidationError"
  },
  "an id that cannot be sent": {
    call: (customers) => customers.update(`${customerId}/..`, customer),
    tag: "TrustlyValidationError"
  },
  "a getter that throws": {
    call: (customers) => customers.update(customerId, hostile),
    tag: "TrustlyValidationError"
  },
  "an id to find that cannot be sent": {
    call: (customers) => customers.find({ customerId: `${wire.name}?` }),
    tag: "TrustlyValidationError"
  },
  "a new customer without an id": {
    call: (customers) => customers.createOrUpdate(forged({ ...wire, customerId: undefined, externalId: undefined })),
    tag: "TrustlyValidationError"
  },
  "a change that cannot be sent": {
    plays: good(),
    call: (customers) => customers.modify(customerId, () => wrong({ name: 7 })),
    tag: "TrustlyValidationError"
  },
  "400": { plays: says(400, echoed(200)), tag: "TrustlyValidationError" },
  "422 with text": { plays: says(422, JSON.stringify(wire).slice(1)), tag: "TrustlyValidationError" },
  "401": { plays: says(401, echoed(375)), tag: "TrustlyAuthError" },
  "409": { plays: says(409, echoed(210)), tag: "TrustlyRejectedError" },
  "307": { plays: says(307, echoed(1)), tag: "TrustlyRejectedError" },
  "418 with a reason": {
    plays: onRequest(write(`HTTP/1.1 418 ${echoes.reason}\r\nx: ${echoes.header}\r\ncontent-length: 0\r\n\r\n`)),
    tag: "TrustlyRejectedError"
  },
  "429": { plays: says(429, echoed(1)), tag: "TrustlyRateLimitError" },
  "503": { plays: says(503, echoed(100)), tag: "TrustlyServerError" },
  "a 2xx with errors": { plays: says(200, echoed(378)), tag: "TrustlyServerError" },
  "a reset": { plays: onRequest(reset), tag: "TrustlyNetworkError" },
  "a reset in the body": {
    plays: onRequest(write(head(200, { ...echoHeaders, "content-length": 9999 }) + JSON.stringify(wire)), ...cut),
    tag: "TrustlyNetworkError"
  },
  "what is not HTTP": {
    plays: onRequest(write(`${echoes.message}\r\n${JSON.stringify(wire)}\r\n\r\n`), ...close),
    tag: "TrustlyNetworkError"
  },
  "a broken chunk": {
    plays: onRequest(
      write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${echoes.message}\r\n${JSON.stringify(wire)}`),
      ...close
    ),
    tag: "TrustlyNetworkError"
  },
  "connection refused": { url: "http://127.0.0.1:2/api/v1", tag: "TrustlyNetworkError" },
  "silence": { plays: onRequest(), timeout: "50 millis", tag: "TrustlyNetworkError" },
  "a certificate that nobody signed": { tls: certificates.selfSigned, tag: "TrustlyNetworkError" },
  "an answer that is no JSON": {
    plays: says(200, JSON.stringify({ customer: wire }).slice(0, -9)),
    tag: "TrustlyDecodeError"
  },
  "an answer with wrong types": {
    plays: good({ customer: { ...wire, name: [wire.name], taxId: { a: wire.taxId }, enrollDate: wire.name } }),
    tag: "TrustlyDecodeError"
  },
  "an answer whose date is too large": {
    plays: good({ customer: { ...wire, enrollDate: Number(wire.enrollDate) * 1e9 } }),
    tag: "TrustlyDecodeError"
  },
  "an answer that is not UTF-8": {
    plays: onRequest(write(answer(200, `${JSON.stringify({ customer: wire })}\xff`, echoHeaders))),
    tag: "TrustlyDecodeError"
  },
  "an answer that is too large": {
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

// what expectNoLeak looks at too, here by the means that a program has
const prints = (exit: Exit.Exit<unknown, TrustlyError>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function*() {
    if (Exit.isSuccess(exit)) return []
    const error = Option.getOrThrow(Cause.failureOption(exit.cause))
    const encoded = yield* Effect.orDie(encode(error))
    const values = [error, exit, exit.cause, encoded, error.stack, Object.assign(new Error("outer"), { cause: error })]
    return [...values.flatMap(printed), Cause.pretty(exit.cause, { renderErrorCause: true })]
  })

const assertSilent = (texts: ReadonlyArray<string>, secrets: ReadonlyArray<string>): void => {
  for (const secret of secrets) {
    assert.isFalse(texts.some((text) => text.includes(secret)), `a print shows ${secret}`)
  }
}

const check = ({ call = update, plays = onRequest(), tag, timeout, tls, url }: Leak, client: ClientLayer) =>
  Effect.gen(function*() {
    const server = yield* listen({ plays, ...(tls === undefined ? {} : { tls }) })
    const own = `${tls === undefined ? "http" : "https"}://127.0.0.1:${server.port}/api/v1`
    const secrets = [...Sentinels.secrets, customerId]
    for (const customers of yield* servicesOf(client, url ?? own, timeout)) {
      const exit = yield* Effect.exit(Effect.withSpan(call(customers), "caller")).pipe(
        Effect.tap((ended) => Exit.isSuccess(ended) ? Effect.void : Effect.logDebug("failed", ended.cause)),
        expectNoLeak(secrets)
      )
      assert.strictEqual(tagOf(exit), tag)
      yield* Effect.exit(expectNoLeak(secrets)(exit))
      assertSilent(yield* prints(exit), secrets)
    }
  })

const tagOf = (exit: Exit.Exit<unknown, TrustlyError>): string | undefined =>
  Exit.isSuccess(exit) ? undefined : Option.getOrThrow(Cause.failureOption(exit.cause))._tag

const tally = makeTally("leaks")
afterAll(tally.print)

for (const client of clientLayers) {
  describe(`nothing leaks (${client.name})`, () => {
    for (const [what, leak] of Object.entries(leaks)) {
      it.scopedLive(`in ${what}`, () => tally.count(client.name, Effect.orDie(check(leak, client))))
    }

    it.scopedLive("in 404 but the id of the customer, and that in the error only", () =>
      tally.count(
        client.name,
        Effect.gen(function*() {
          const server = yield* listen({ plays: says(404, echoed(200)) })
          const [customers] = yield* Effect.orDie(servicesOf(client, `http://127.0.0.1:${server.port}/api/v1`))
          assert(customers !== undefined)
          const exit = yield* expectNoLeak(Sentinels.secrets)(Effect.exit(update(customers)))
          assert.strictEqual(tagOf(exit), "TrustlyNotFoundError")
          assertSilent(yield* prints(exit), Sentinels.secrets)
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

describe("nothing leaks when a layer is built", () => {
  const options = { accessId: "id", accessKey: Redacted.make("key") }
  const refused = {
    accessId: { ...options, accessId: `${Sentinels.accessId}:` },
    accessKey: { ...options, accessKey: Redacted.make(`${Sentinels.accessKey}\n`) },
    baseUrl: { ...options, baseUrl: `https://${Sentinels.accessId}:${Sentinels.accessKey}@example.test` },
    timeout: { ...options, timeout: forged<Duration.DurationInput>(Sentinels.accessKey) }
  }
  for (const [name, wrongOptions] of Object.entries(refused)) {
    for (const client of clientLayers) {
      it.effect(`from a bad ${name} (${client.name})`, () =>
        Effect.gen(function*() {
          const exit = yield* CustomerService.make(wrongOptions).pipe(
            Effect.provide(client.layer),
            Effect.exit,
            Effect.tap((ended) => Exit.isSuccess(ended) ? Effect.void : Effect.logFatal(ended.cause)),
            expectNoLeak(Sentinels.secrets)
          )
          assert(Exit.isFailure(exit))
          assert.include(String(exit.cause), name)
          assertSilent(printed(exit), Sentinels.secrets)
        }).pipe(Logger.withMinimumLogLevel(LogLevel.None)))
    }
  }
})
