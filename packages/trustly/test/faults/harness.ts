import { HttpClient } from "@effect/platform"
import { assert } from "@effect/vitest"
import {
  Cause,
  Chunk,
  Context,
  Deferred,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Option,
  Redacted,
  type Schedule,
  type Scope,
  TestClock
} from "effect"
import { CustomerService, type CustomerUpdate, type TrustlyConfig, type TrustlyError } from "effect-trustly"
import { inspect } from "node:util"
import { eventLoopTurns, soon, waitFor } from "../waiting.ts"
import type { Certificates } from "./certificates.ts"
import { type Expected, type Failure, forRead, type LayerName } from "./expectations.ts"
import { type FaultServer, listen, type Plays } from "./FaultServer.ts"
import type { ClientLayer } from "./layers.ts"
import { deadline, type Ports, type Scenario } from "./Scenario.ts"
import { customerId, goodBody, httpResponse, onRequest, write } from "./wire.ts"

const accessId = "access-id"
const accessKey = "sentinel-key"
const taxId = "sentinel-tax-id"
const secrets = [accessKey, taxId, Buffer.from(`${accessId}:${accessKey}`).toString("base64")]

export const update: CustomerUpdate = {
  name: "Joe User",
  email: "joe.user@mail.com",
  phone: "+16505551212",
  address: { country: "US", address1: "2000 Broadway St", city: "Redwood City", state: "CA", zip: "94063" },
  taxId
}

/** The timeout of calls that are not about timeouts: too long to expire even on a busy machine. */
const longTimeout = "1 hour"

export interface ServiceOptions {
  readonly timeout?: Duration.DurationInput | undefined
  readonly maxResponseBytes?: number | undefined
  readonly transformClient?: TrustlyConfig.Options["transformClient"]
  /** The certificate authority that the client trusts, in PEM format. */
  readonly authority?: string | undefined
}

const serviceLayer = (client: ClientLayer, url: string, options: ServiceOptions = {}) =>
  CustomerService.layer({
    accessId,
    accessKey: Redacted.make(accessKey),
    baseUrl: `${url}/api/v1`,
    timeout: options.timeout ?? longTimeout,
    maxResponseBytes: options.maxResponseBytes,
    transformClient: options.transformClient,
    allowInsecureHttp: true
  }).pipe(
    Layer.provide(options.authority === undefined ? client.layer : client.trusting(options.authority))
  )

/** Builds the service on one of the three layers, in the current scope. */
export const makeService = (
  client: ClientLayer,
  url: string,
  options?: ServiceOptions
): Effect.Effect<CustomerService.Service, never, Scope.Scope> =>
  Effect.orDie(Effect.map(
    Layer.build(serviceLayer(client, url, options)),
    (context) => Context.get(context, CustomerService)
  ))

/** Builds the service with a retry policy on every operation. */
export const retryingService = (
  client: ClientLayer,
  url: string,
  policy: Schedule.Schedule<unknown, unknown>
): Effect.Effect<CustomerService.Service, never, Scope.Scope> =>
  Effect.orDie(Effect.map(
    Layer.build(CustomerService.withRetry(policy)(serviceLayer(client, url))),
    (context) => Context.get(context, CustomerService)
  ))

const failureOf = (error: TrustlyError): Failure => ({
  _tag: "Failure",
  tag: error._tag,
  isRetryable: error.isRetryable,
  outcome: error.outcome,
  ...("reason" in error ? { reason: error.reason } : {}),
  ...("status" in error && error.status !== undefined ? { status: error.status } : {}),
  ...("errors" in error ? { codes: error.errors.map(({ code }) => code) } : {}),
  retryAfter: "retryAfter" in error && error.retryAfter !== undefined
    ? [Duration.toMillis(error.retryAfter), Duration.toMillis(error.retryAfter)]
    : null
})

/** Whether the failure has every expected field and no `reason`, `status`, or (for `null`) `retryAfter` that is not expected. */
const matchesFailure = (actual: Failure, expected: Failure): boolean => {
  const [lowest, highest] = expected.retryAfter ?? [0, 0]
  const hasRetryAfter = expected.retryAfter === undefined ||
    (expected.retryAfter === null
      ? actual.retryAfter === null
      : (actual.retryAfter ?? [-1]).every((millis) => millis >= lowest && millis <= highest))
  return hasRetryAfter && actual.tag === expected.tag && actual.isRetryable === expected.isRetryable &&
    actual.outcome === expected.outcome && actual.reason === expected.reason && actual.status === expected.status &&
    (expected.codes === undefined || String(actual.codes) === String(expected.codes))
}

const hasFields = (value: object, fields: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(fields).every(([name, field]) => name in value && Reflect.get(value, name) === field)

const assertNoSecret = (error: TrustlyError): void => {
  const prints = [
    String(error),
    error.message,
    JSON.stringify(error),
    inspect(error, { depth: 20, showHidden: true }),
    inspect(error, { depth: 20, getters: true })
  ]
  for (const secret of secrets) {
    assert(!prints.some((print) => print.includes(secret)), `the error contains ${secret}: ${prints.join("\n")}`)
  }
}

const show = (expected: ReadonlyArray<Expected>): string => expected.map((it) => JSON.stringify(it)).join("\n or ")

/** Asserts that the exit is one of the expected results, not a defect, and that its error contains no secret. */
export const assertExpected = (
  exit: Exit.Exit<object, TrustlyError>,
  expected: ReadonlyArray<Expected>,
  operation = "update"
): void => {
  if (Exit.isSuccess(exit)) {
    const accepted = expected.some((it) => it._tag === "Success" && hasFields(exit.value, it.fields))
    return assert(accepted, `succeeded with ${inspect(exit.value)}\nexpected ${show(expected)}`)
  }
  const error = Cause.failureOption(exit.cause)
  if (Option.isNone(error)) {
    const how = Cause.isDie(exit.cause) ? "died with a defect" : "was interrupted"
    return assert.fail(`${how}: ${Cause.pretty(exit.cause).slice(0, 2000)}\nexpected ${show(expected)}`)
  }
  const actual = failureOf(error.value)
  const accepted = expected.some((it) => it._tag === "Failure" && matchesFailure(actual, it))
  assert(
    accepted,
    `failed with ${JSON.stringify(actual)}: ${error.value.message.slice(0, 500)}\nexpected ${show(expected)}`
  )
  assert.strictEqual(error.value.operation, operation)
  assertNoSecret(error.value)
}

/** Waits until the client has closed its sockets. The server keeps them open, so only the client can close them. */
export const assertClosed = (server: FaultServer): Effect.Effect<void> =>
  soon("the client to close its sockets")(server.closed)

/** Waits for the call to end promptly, because its cause, `what`, has already happened. */
export const endsSoon = <A, E>(what: string, fiber: Fiber.Fiber<A, E>): Effect.Effect<Exit.Exit<A, E>> =>
  soon(`the end of the call: ${what}`)(Fiber.await(fiber))

const assertRequests = (scenario: Scenario, name: LayerName, method: string, server: FaultServer): void => {
  const requests = server.requests()
  const allowed = scenario.requests?.[name] ?? 1
  assert.isAtMost(requests.length, allowed, `requests: ${requests.map((it) => `${it.method} ${it.path}`).join(", ")}`)
  const used = server.connections.filter((connection) => connection.received().length > 0)
  assert.isAtMost(used.length, allowed, "connections")
  for (const request of requests) {
    assert.strictEqual(`${request.method} ${request.path}`, `${method} /api/v1/customers/${customerId}`)
  }
  if (scenario.silent !== true) return
  const received = server.connections.map((it) => it.received().toString("latin1")).join("")
  assert.notMatch(received, /customers|authorization|Joe User/i, "bytes of the request were sent")
}

const good = onRequest(write(httpResponse(200, goodBody)))

/** Makes the first calls on a layer, which load and compile code, so that this time does not count against a deadline. */
export const warmUp = (client: ClientLayer): Effect.Effect<void> =>
  Effect.gen(function*() {
    const server = yield* listen({ plays: good })
    const service = yield* makeService(client, `http://127.0.0.1:${server.port}`)
    yield* Effect.repeatN(service.update(customerId, update), 20)
  }).pipe(Effect.scoped, Effect.orDie)

export type Operation = "update" | "get"

const expectedOf = (scenario: Scenario, name: LayerName, operation: Operation): ReadonlyArray<Expected> => {
  const expected = scenario.on?.[name] ?? scenario.expected
  return operation === "get" ? scenario.read ?? expected.map(forRead) : expected
}

/** Waits until a fiber sleeps until this time on the test clock, in milliseconds. */
export const waitsUntil = (millis: number): Effect.Effect<void> =>
  soon(`a sleep until ${millis} ms`)(Effect.repeat(
    Effect.zipLeft(TestClock.sleeps(), eventLoopTurns(1)),
    { until: (sleeps) => Chunk.contains(sleeps, millis) }
  ))

const isTimeout = (expected: Expected): boolean => expected._tag === "Failure" && expected.reason === "Timeout"

const hasStatus = (expected: Expected): boolean => expected._tag === "Failure" && expected.status !== undefined

const timedOut = (exit: Option.Option<Exit.Exit<object, TrustlyError>>): boolean =>
  Option.exists(exit, (it) =>
    Exit.isFailure(it) &&
    Option.exists(Cause.failureOption(it.cause), (error) => "reason" in error && error.reason === "Timeout"))

/** Moves the clock to the deadline in steps. Between steps the server writes and the client reads. */
export const moveToDeadline = (call: Fiber.Fiber<object, TrustlyError>, steps = 1): Effect.Effect<void> =>
  Effect.gen(function*() {
    yield* eventLoopTurns(2)
    for (let step = 1; step < steps; step++) {
      yield* TestClock.adjust(deadline / steps)
      yield* eventLoopTurns(1)
    }
    yield* TestClock.adjust(deadline / steps - 1)
    yield* eventLoopTurns(1)
    assert(!timedOut(yield* Fiber.poll(call)), "the deadline ended the call too early")
    yield* TestClock.adjust(1)
  })

/** The number of clock steps to the deadline: several if the server writes repeatedly or waits, otherwise one. */
const stepsOf = (plays: Plays): number =>
  plays.some(({ steps }) => steps.some(({ _tag }) => _tag === "Repeat" || _tag === "Wait")) ? 10 : 1

interface Opened {
  readonly call: Fiber.Fiber<object, TrustlyError>
  readonly server: FaultServer
  /** The number of clock steps to the deadline. */
  readonly steps: number
  /** Completes when the client has read the head of a response. */
  readonly answered: Effect.Effect<void>
}

/** Moves the clock to the deadline and returns the exit of the call. The client may end the call before the deadline. */
const expire = (
  { answered, call, server, steps }: Opened,
  scenario: Scenario,
  expected: ReadonlyArray<Expected>
): Effect.Effect<Exit.Exit<object, TrustlyError>> =>
  Effect.gen(function*() {
    const hasStatusResult = expected.some(hasStatus)
    // the client fails before the deadline on bytes that it cannot parse
    if (!hasStatusResult && !expected.some(isTimeout)) return yield* waitFor("the end of the call")(Fiber.await(call))
    const silent = scenario.neverReads === true ? server.connected(1) : server.silent(1)
    yield* Effect.raceFirst(
      Effect.asVoid(Fiber.await(call)),
      hasStatusResult ? Effect.zipRight(silent, waitFor("the head of the response")(answered)) : silent
    )
    yield* moveToDeadline(call, steps)
    return yield* endsSoon("the deadline has passed", call)
  })

/** Runs one scenario on one layer, and checks both the result of the call and what the server received. */
export const checkScenario = (
  scenario: Scenario,
  client: ClientLayer,
  certificates: Certificates,
  operation: Operation
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { plays = onRequest() } = scenario
    const other = typeof plays === "function" ? yield* listen({ plays: good }) : undefined
    const played = (self: number) => typeof plays === "function" ? plays({ self, other: other?.port ?? 0 }) : plays
    const server = yield* listen({
      plays: played,
      ...(scenario.tls === undefined ? {} : { tls: scenario.tls }),
      ...(scenario.neverReads === undefined ? {} : { neverReads: scenario.neverReads })
    })
    const ports: Ports = { self: server.port, other: other?.port ?? 0 }
    const scheme = scenario.tls === undefined ? "http" : "https"
    const answered = yield* Deferred.make<void>()
    const service = yield* makeService(client, scenario.url?.(ports) ?? `${scheme}://127.0.0.1:${server.port}`, {
      timeout: scenario.expires === true ? deadline : undefined,
      maxResponseBytes: scenario.maxResponseBytes,
      transformClient: scenario.expires === true
        ? HttpClient.tap(() => Deferred.succeed(answered, undefined))
        : undefined,
      authority: scenario.trusts === true ? certificates.authority.cert : undefined
    })
    const { customData } = scenario
    const expected = expectedOf(scenario, client.name, operation)
    const call: Fiber.Fiber<object, TrustlyError> = yield* Effect.fork<object, TrustlyError, never>(
      operation === "get"
        ? service.get(customerId)
        : service.update(customerId, customData === undefined ? update : { ...update, customData })
    )
    const exit = yield* scenario.expires === true
      ? expire(
        { call, server, steps: stepsOf(played(server.port)), answered: Deferred.await(answered) },
        scenario,
        expected
      )
      : waitFor("the end of the call")(Fiber.await(call))

    assertExpected(exit, expected, operation)
    scenario.afterwards?.()
    assertRequests(scenario, client.name, operation === "get" ? "GET" : "POST", server)
    assert.strictEqual(other?.connections.length ?? 0, 0, "the other server was reached")
    const { closes = false } = scenario
    if (typeof closes === "boolean" ? closes : closes.includes(client.name)) yield* assertClosed(server)
  })
