import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Logger, LogLevel, Metric, Option, Ref, TestClock, Tracer } from "effect"
import { type CustomerService, type TrustlyError, TrustlyRetry } from "effect-trustly"
import { listen, type Plays } from "./faults/FaultServer.ts"
import { makeService } from "./faults/harness.ts"
import { type ClientLayer, clientLayers } from "./faults/layers.ts"
import { goodBody, httpResponse, onRequest, reply, write } from "./faults/wire.ts"
import { clockThatGoesBack, json, minimalCustomer, reference, scriptedService } from "./support.ts"

interface RecordedSpan {
  readonly name: string
  readonly kind: Tracer.SpanKind
  readonly attributes: Readonly<Record<string, unknown>>
}

/** Collects the spans that start while the effect runs. */
const traced = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<ReadonlyArray<Tracer.Span>, E, R> =>
  Effect.gen(function*() {
    const spans: Array<Tracer.Span> = []
    const own = yield* Effect.tracer
    const tracer = Tracer.make({
      span: (...args) => {
        const span = own.span(...args)
        spans.push(span)
        return span
      },
      context: (f, fiber) => own.context(f, fiber)
    })
    yield* Effect.withTracer(effect, tracer)
    return spans
  })

const spansOf = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<ReadonlyArray<RecordedSpan>, E, R> =>
  Effect.map(
    traced(effect),
    (spans) => spans.map(({ attributes, kind, name }) => ({ name, kind, attributes: Object.fromEntries(attributes) }))
  )

const parentsOf = (spans: ReadonlyArray<Tracer.Span>): ReadonlyArray<string> =>
  spans.map(({ name, parent }) => `${name} of ${spans.find((span) => span === Option.getOrNull(parent))?.name}`)

/** The service on this HTTP client, connected to a server with these plays. */
const serviceOn = (client: ClientLayer, plays: Plays) =>
  Effect.flatMap(listen({ plays }), ({ port }) => makeService(client, `http://127.0.0.1:${port}`))

/** A response body that every operation accepts. */
const successBody = JSON.stringify({ customer: reference, customers: [reference] })

const required = ["name", "email", "phone", "address"]

describe("spans", () => {
  const calls: Readonly<
    Record<
      string,
      readonly [call: (customers: CustomerService.Service) => Effect.Effect<unknown, TrustlyError>, expected: object]
    >
  > = {
    update: [(customers) => customers.update("1001165729", minimalCustomer), {
      "url.template": "/customers/{customerId}",
      "trustly.fields": required
    }],
    get: [(customers) => customers.get("1001165729"), { "url.template": "/customers/{customerId}" }],
    modify: [(customers) => customers.modify("1001165729", () => ({ vip: 1 })), {
      "url.template": "/customers/{customerId}",
      "trustly.fields": ["vip", ...required]
    }],
    find: [(customers) => customers.find({ externalId: "1" }), { "url.template": "/customers" }],
    createOrUpdate: [(customers) => customers.createOrUpdate({ ...minimalCustomer, externalId: "1" }), {
      "url.template": "/customers",
      "trustly.fields": [...required, "externalId"]
    }]
  }
  for (const client of clientLayers) {
    for (const [operation, [call, expected]] of Object.entries(calls)) {
      it.scopedLive(`creates one span for ${operation} and no platform spans (${client.name})`, () =>
        Effect.gen(function*() {
          const customers = yield* serviceOn(client, onRequest(write(httpResponse(200, successBody))))
          const spans = yield* spansOf(Effect.exit(call(customers)))
          assert.deepStrictEqual(spans, [{
            name: `CustomerService.${operation}`,
            kind: "client",
            attributes: { ...expected, "http.response.status_code": 200 }
          }])
        }))
    }
  }

  it.effect("records the error class", () =>
    Effect.gen(function*() {
      const customers = yield* scriptedService(() => json({}, { status: 409 }))
      const [span] = yield* spansOf(Effect.exit(customers.get("1")))
      assert.deepInclude(span?.attributes, { "error.type": "TrustlyRejectedError", "http.response.status_code": 409 })
      const [invalid] = yield* spansOf(Effect.exit(customers.get("a/b")))
      assert.deepInclude(invalid?.attributes, {
        "url.template": "/customers/{customerId}",
        "error.type": "TrustlyValidationError"
      })
      assert.notProperty(invalid?.attributes, "http.response.status_code")
    }))

  it.effect("nests spans under the caller's span and above those of the client and the change", () =>
    Effect.gen(function*() {
      const customers = yield* scriptedService(() => Effect.withSpan(json({ customer: reference }), "client"))
      const modified = customers.modify("1", () => Effect.withSpan(Effect.succeed({ vip: 1 }), "change"))
      const spans = yield* traced(Effect.withSpan(Effect.zip(modified, Effect.withSpan(Effect.void, "next")), "caller"))
      assert.deepStrictEqual(parentsOf(spans), [
        "caller of undefined",
        "CustomerService.modify of caller",
        "client of CustomerService.modify",
        "change of CustomerService.modify",
        "client of CustomerService.modify",
        "next of caller"
      ])
    }))

  const ends: Readonly<
    Record<string, readonly [response: Effect.Effect<Response>, end: (exit: Exit.Exit<unknown, unknown>) => boolean]>
  > = {
    success: [json({ customer: reference }), Exit.isSuccess],
    failure: [json({}, { status: 409 }), (exit) => Exit.isFailure(exit) && !Exit.isInterrupted(exit)],
    interruption: [Effect.never, Exit.isInterrupted]
  }
  for (const [name, [response, isExpected]] of Object.entries(ends)) {
    it.effect(`ends the span with the ${name} of its call, at the same time`, () =>
      Effect.gen(function*() {
        const customers = yield* scriptedService(() => Effect.zipRight(Effect.sleep("2 seconds"), response))
        const call = Effect.timeout(customers.get("1"), "5 seconds")
        const run = yield* Effect.fork(traced(Effect.exit(call)))
        yield* TestClock.adjust("1 minute")
        const [span] = yield* run
        if (span?.status._tag !== "Ended") return assert.fail("the span has not ended")
        const { endTime, exit, startTime } = span.status
        assert.isTrue(isExpected(exit))
        assert.strictEqual(endTime - startTime, (name === "interruption" ? 5_000n : 2_000n) * 1_000_000n)
      }))
  }

  it.effect("records no times when tracer timing is disabled", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 minute")
      const customers = yield* scriptedService(() => json({ customer: reference }))
      const [span] = yield* traced(Effect.withTracerTiming(customers.get("1"), false))
      assert.deepInclude(span?.status, { startTime: 0n, endTime: 0n })
    }))
})

const counted = (name: string, tags: Readonly<Record<string, string>>) =>
  Effect.map(Metric.snapshot, (pairs) => {
    const pair = pairs.find(({ metricKey }) =>
      metricKey.name === name &&
      metricKey.tags.every(({ key, value }) => tags[key] === value) &&
      metricKey.tags.length === Object.keys(tags).length
    )
    return pair === undefined ? 0 : Object.values(pair.metricState).find((value) => typeof value === "number") ?? 0
  })

describe("metrics", () => {
  it.effect("count calls by operation and result, durations, and retries", () =>
    Effect.gen(function*() {
      const failing = yield* Ref.make(true)
      const customers = yield* scriptedService(() =>
        Effect.flatMap(
          Ref.getAndSet(failing, false),
          (fails) => fails ? json({}, { status: 503 }) : json({ customer: reference })
        )
      )
      const values = Effect.all([
        counted("trustly.client.requests", { operation: "get", result: "Success" }),
        counted("trustly.client.requests", { operation: "get", result: "TrustlyServerError" }),
        counted("trustly.client.duration", { operation: "get" }),
        counted("trustly.client.retries", { operation: "get" })
      ])
      const before = yield* values
      const fiber = yield* Effect.fork(Effect.retry(customers.get("1"), TrustlyRetry.policy()))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(fiber)
      const after = yield* values
      assert.deepStrictEqual(after.map((value, index) => value - (before[index] ?? 0)), [1, 1, 2, 1])
    }))
})

/** The sum of the recorded durations of an operation, in milliseconds. */
const totalDuration = (operation: string) =>
  Effect.map(
    Metric.snapshot,
    (pairs) =>
      pairs.flatMap(({ metricKey, metricState }) =>
        metricKey.name === "trustly.client.duration" && metricKey.tags.some(({ value }) => value === operation) &&
          "sum" in metricState
          ? [Number(metricState.sum)]
          : []
      )[0] ?? 0
  )

it.effect("a system clock change does not change the duration of a call", () =>
  Effect.gen(function*() {
    const test = yield* Effect.clock
    const clock = clockThatGoesBack(test)
    const customers = yield* scriptedService(() =>
      Effect.zipRight(Effect.sleep("2 seconds"), json({ customer: reference }))
    )
    const before = yield* totalDuration("get")
    const fiber = yield* Effect.fork(Effect.withClock(customers.get("1"), clock))
    yield* TestClock.adjust("2 seconds")
    yield* Fiber.join(fiber)
    assert.strictEqual((yield* totalDuration("get")) - before, 2000)
  }))

describe("logs", () => {
  for (const client of clientLayers) {
    it.scopedLive(`are at most at level Debug (${client.name})`, () =>
      Effect.gen(function*() {
        const customers = yield* serviceOn(client, [
          reply(write(httpResponse(200, goodBody))),
          reply(write(httpResponse(404)))
        ])
        const lines: Array<string> = []
        const logger = Logger.make(({ logLevel, message }) => {
          if (LogLevel.greaterThan(logLevel, LogLevel.Debug)) lines.push(String(message))
        })
        yield* customers.update("1001165729", minimalCustomer).pipe(
          Effect.zipRight(Effect.exit(customers.get("0"))),
          Effect.zipRight(Effect.exit(customers.get("a/b"))),
          Effect.provide(Logger.replace(Logger.defaultLogger, logger)),
          Logger.withMinimumLogLevel(LogLevel.All)
        )
        assert.deepStrictEqual(lines, [])
      }))
  }
})
