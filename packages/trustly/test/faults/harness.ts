import { assert } from "@effect/vitest"
import { Cause, Context, Duration, Effect, Exit, Layer, Option, Redacted, type Schedule, type Scope } from "effect"
import { CustomerService, type CustomerUpdate, type TrustlyError } from "effect-trustly"
import { inspect } from "node:util"
import type { Certificates } from "./certificates.ts"
import { type Expected, type Failure, forRead, type LayerName } from "./expectations.ts"
import { type FaultServer, listen } from "./FaultServer.ts"
import type { ClientLayer } from "./layers.ts"
import type { Ports, Scenario } from "./Scenario.ts"
import { answer, customerId, goodBody, onRequest, write } from "./wire.ts"

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

/** Long enough for a busy machine: what is not about a deadline must not meet one. */
const patience = "20 seconds"

export interface ServiceOptions {
  readonly timeout?: Duration.DurationInput | undefined
  readonly maxResponseBytes?: number | undefined
  /** Trusts the test's own certificate authority. */
  readonly authority?: string | undefined
}

const serviceLayer = (client: ClientLayer, url: string, options: ServiceOptions = {}) =>
  CustomerService.layer({
    accessId,
    accessKey: Redacted.make(accessKey),
    baseUrl: `${url}/api/v1`,
    timeout: options.timeout ?? patience,
    maxResponseBytes: options.maxResponseBytes,
    allowInsecureHttp: true
  }).pipe(
    Layer.provide(options.authority === undefined ? client.layer : client.trusting(options.authority))
  )

/** The service on one of the three layers, which lives as long as the scope. */
export const makeService = (
  client: ClientLayer,
  url: string,
  options?: ServiceOptions
): Effect.Effect<CustomerService.Service, never, Scope.Scope> =>
  Effect.orDie(Effect.map(
    Layer.build(serviceLayer(client, url, options)),
    (context) => Context.get(context, CustomerService)
  ))

/** The same with a policy on every operation. */
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

/** Every field that is expected, and no more, has to be so. */
const failsAs = (actual: Failure, expected: Failure): boolean => {
  const [lowest, highest] = expected.retryAfter ?? [0, 0]
  const waits = expected.retryAfter === undefined ||
    (expected.retryAfter === null
      ? actual.retryAfter === null
      : (actual.retryAfter ?? [-1]).every((millis) => millis >= lowest && millis <= highest))
  return waits && actual.tag === expected.tag && actual.isRetryable === expected.isRetryable &&
    actual.outcome === expected.outcome && actual.reason === expected.reason && actual.status === expected.status &&
    (expected.codes === undefined || String(actual.codes) === String(expected.codes))
}

const readsAs = (value: object, fields: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(fields).every(([name, field]) => name in value && Reflect.get(value, name) === field)

const holdsNoSecret = (error: TrustlyError): void => {
  const prints = [
    String(error),
    error.message,
    JSON.stringify(error),
    inspect(error, { depth: 20, showHidden: true }),
    inspect(error, { depth: 20, getters: true })
  ]
  for (const secret of secrets) {
    assert(!prints.some((print) => print.includes(secret)), `the error shows ${secret}: ${prints.join("\n")}`)
  }
}

const show = (expected: ReadonlyArray<Expected>): string => expected.map((it) => JSON.stringify(it)).join("\n or ")

/** One of the expected results, never a defect, and no secret in an error. */
export const assertExpected = (
  exit: Exit.Exit<object, TrustlyError>,
  expected: ReadonlyArray<Expected>,
  operation = "update"
): void => {
  if (Exit.isSuccess(exit)) {
    const accepted = expected.some((it) => it._tag === "Success" && readsAs(exit.value, it.fields))
    return assert(accepted, `succeeded with ${inspect(exit.value)}\nexpected ${show(expected)}`)
  }
  const error = Cause.failureOption(exit.cause)
  if (Option.isNone(error)) {
    const how = Cause.isDie(exit.cause) ? "died with a defect" : "was interrupted"
    return assert.fail(`${how}: ${Cause.pretty(exit.cause).slice(0, 2000)}\nexpected ${show(expected)}`)
  }
  const actual = failureOf(error.value)
  const accepted = expected.some((it) => it._tag === "Failure" && failsAs(actual, it))
  assert(
    accepted,
    `failed with ${JSON.stringify(actual)}: ${error.value.message.slice(0, 500)}\nexpected ${show(expected)}`
  )
  assert.strictEqual(error.value.operation, operation)
  holdsNoSecret(error.value)
}

/** A socket is closed this soon after the call that used it has ended, in milliseconds: most of it is for a machine that is busy. */
export const soon = 1000

export const assertClosed = (server: FaultServer, since: number): Effect.Effect<void> =>
  server.closedAfter(since).pipe(
    Effect.timeoutOption("3 seconds"),
    Effect.map((millis) =>
      assert(
        Option.exists(millis, (late) => late <= soon),
        `the socket was closed ${Option.match(millis, { onNone: () => "never", onSome: (late) => `${late} ms late` })}`
      )
    )
  )

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

const good = onRequest(write(answer(200, goodBody)))

/** The first call on a layer loads and compiles what the later ones use, which no deadline should pay for. */
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

/** Plays one row of the table against one layer, and looks at both ends. */
export const checkScenario = (
  scenario: Scenario,
  client: ClientLayer,
  certificates: Certificates,
  operation: Operation
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { plays = onRequest() } = scenario
    const other = typeof plays === "function" ? yield* listen({ plays: good }) : undefined
    const server = yield* listen({
      plays: typeof plays === "function" ? (self) => plays({ self, other: other?.port ?? 0 }) : plays,
      ...(scenario.tls === undefined ? {} : { tls: scenario.tls }),
      ...(scenario.deaf === undefined ? {} : { deaf: scenario.deaf })
    })
    const ports: Ports = { self: server.port, other: other?.port ?? 0 }
    const scheme = scenario.tls === undefined ? "http" : "https"
    const service = yield* makeService(client, scenario.url?.(ports) ?? `${scheme}://127.0.0.1:${server.port}`, {
      timeout: scenario.deadline,
      maxResponseBytes: scenario.maxResponseBytes,
      authority: scenario.trusts === true ? certificates.authority.cert : undefined
    })
    const { customData } = scenario
    const call: Effect.Effect<object, TrustlyError> = operation === "get"
      ? service.get(customerId)
      : service.update(customerId, customData === undefined ? update : { ...update, customData })

    const startedAt = performance.now()
    const exit = yield* Effect.exit(call)
    const endedAt = performance.now()

    assertExpected(exit, expectedOf(scenario, client.name, operation), operation)
    scenario.afterwards?.()
    assertRequests(scenario, client.name, operation === "get" ? "GET" : "POST", server)
    assert.strictEqual(other?.connections.length ?? 0, 0, "the other server was reached")
    if (scenario.deadline !== undefined) {
      const allowed = Duration.toMillis(scenario.deadline) + 2000
      assert.isAtMost(endedAt - startedAt, allowed, "the call ended long after its deadline")
    }
    const { closes = false } = scenario
    if (typeof closes === "boolean" ? closes : closes.includes(client.name)) yield* assertClosed(server, endedAt)
  })
