import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricKey from "effect/MetricKey"
import type * as Tracer from "effect/Tracer"
import type { Operation } from "../TrustlyError.ts"
import { isTrustlyError } from "../TrustlyError.ts"

const requests = MetricKey.counter("trustly.client.requests", {
  description: "Calls of CustomerService, by operation and result",
  incremental: true
})

const durations = MetricKey.histogram(
  "trustly.client.duration",
  MetricBoundaries.fromIterable([5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000]),
  "How long calls of CustomerService take, in milliseconds, by operation"
)

const retries = MetricKey.counter("trustly.client.retries", {
  description: "Retries that TrustlyRetry.policy made, by operation",
  incremental: true
})

const resultOf = (cause: Cause.Cause<unknown>): string => {
  if (Cause.isInterrupted(cause)) return "Interrupted"
  const failure = Cause.failureOption(cause)
  if (failure._tag === "None") return "Defect"
  // an error of the caller's own change may hold anything: it is counted, not named
  return isTrustlyError(failure.value) ? failure.value._tag : "ChangeFailed"
}

// The tags are part of the keys: a metric that is tagged afterwards is looked up again with each update.
const requestsBy = new Map<string, Metric.Metric.Counter<number>>()
const requestsOf = (operation: Operation, result: string): Metric.Metric.Counter<number> => {
  const id = `${operation} ${result}`
  const metric = requestsBy.get(id) ??
    Metric.fromMetricKey(requests.pipe(MetricKey.tagged("operation", operation), MetricKey.tagged("result", result)))
  requestsBy.set(id, metric)
  return metric
}

export const clockOf = (fiber: Fiber.RuntimeFiber<unknown, unknown>): Clock.Clock =>
  Context.get(fiber.currentDefaultServices, Clock.Clock)

/**
 * Gives a call a span, counts it and how long it took, and names the class of its error on the span. The call gets the span and
 * makes it current where code of others runs, in an attempt and in a change: for the whole call it would cost as much again.
 */
export const observed = (operation: Operation, template: string) => {
  const duration = Metric.fromMetricKey(MetricKey.tagged(durations, "operation", operation))
  const makeSpan = Effect.makeSpan(`CustomerService.${operation}`, {
    kind: "client",
    attributes: { "url.template": template },
    // it would be taken with each call, for those that fail, and under a retry policy it leads no further than to this library
    captureStackTrace: false
  })
  // not Effect.useSpan: one finalizer does for the span and for the metrics
  return <A, E, R>(call: (span: Tracer.Span) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(makeSpan, (span) =>
      Effect.withFiberRuntime<A, E, R>((fiber) => {
        const clock = clockOf(fiber)
        const startedAt = clock.unsafeCurrentTimeMillis()
        return Effect.onExit(Effect.suspend(() => call(span)), (exit) =>
          Effect.sync(() => {
            const result = Exit.isSuccess(exit) ? "Success" : resultOf(exit.cause)
            const labels = fiber.getFiberRef(FiberRef.currentMetricLabels)
            duration.unsafeUpdate(clock.unsafeCurrentTimeMillis() - startedAt, labels)
            requestsOf(operation, result).unsafeUpdate(1, labels)
            if (Exit.isFailure(exit)) span.attribute("error.type", result)
            const isTimed = fiber.getFiberRef(FiberRef.currentTracerTimingEnabled)
            span.end(isTimed ? clock.unsafeCurrentTimeNanos() : 0n, exit)
          }))
      }))
}

/** Counts a retry, by the operation of the error that is retried. */
export const countRetry = (error: unknown): Effect.Effect<void> =>
  isTrustlyError(error)
    ? Metric.increment(Metric.fromMetricKey(MetricKey.tagged(retries, "operation", error.operation)))
    : Effect.void
