import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricLabel from "effect/MetricLabel"
import type * as Tracer from "effect/Tracer"
import { isTrustlyError } from "../TrustlyError.ts"
import * as Monotonic from "./monotonic.ts"
import type { Operation } from "./operations.ts"

const requests = Metric.counter("trustly.client.requests", {
  description: "Calls of CustomerService, by operation and result",
  incremental: true
})

const duration = Metric.histogram(
  "trustly.client.duration",
  MetricBoundaries.fromIterable([5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000]),
  "Duration of calls of CustomerService in milliseconds, by operation"
)

const retries = Metric.counter("trustly.client.retries", {
  description: "Retries by TrustlyRetry.policy, by operation",
  incremental: true
})

const resultOf = (exit: Exit.Exit<unknown, unknown>): string => {
  if (Exit.isSuccess(exit)) return "Success"
  if (Cause.isInterrupted(exit.cause)) return "Interrupted"
  const failure = Cause.failureOption(exit.cause)
  if (failure._tag === "None") return "Defect"
  // an error of the caller's own change may hold anything
  return isTrustlyError(failure.value) ? failure.value._tag : "ChangeFailed"
}

// a metric is tagged once for each operation and result: tagging costs more than updating
const durations = new Map<string, typeof duration>()
const durationOf = (operation: string): typeof duration => {
  const metric = durations.get(operation) ?? Metric.tagged(duration, "operation", operation)
  durations.set(operation, metric)
  return metric
}

const counters = new Map<string, typeof requests>()
const requestsOf = (operation: string, result: string): typeof requests => {
  const key = `${operation} ${result}`
  const metric = counters.get(key) ?? Metric.taggedWithLabels(requests, [
    MetricLabel.make("operation", operation),
    MetricLabel.make("result", result)
  ])
  counters.set(key, metric)
  return metric
}

const record = (
  span: Tracer.Span,
  operation: string,
  startedAt: number,
  exit: Exit.Exit<unknown, unknown>
): Effect.Effect<void> => {
  const result = resultOf(exit)
  if (Exit.isFailure(exit)) span.attribute("error.type", result)
  return Effect.flatMap(Monotonic.nowMillis, (endedAt) =>
    Effect.zipRight(
      Metric.update(durationOf(operation), endedAt - startedAt),
      Metric.increment(requestsOf(operation, result))
    ))
}

/**
 * Gives a call one span, and counts and times it. The call gets the span as a value and makes it current only around the HTTP
 * client and the caller's change: making it current for the whole call takes a tenth more CPU time (`npm run bench`).
 */
export const observe =
  ({ name, path }: Operation<unknown>) =>
  <A, E, R>(call: (span: Tracer.Span) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.useSpan(
      `CustomerService.${name}`,
      {
        kind: "client",
        attributes: { "url.template": path },
        // under a retry policy the stack leads no further than to this library, and it costs a tenth of a call
        captureStackTrace: false
      },
      (span) =>
        Effect.flatMap(
          Monotonic.nowMillis,
          (startedAt) => Effect.onExit(call(span), (exit) => record(span, name, startedAt, exit))
        )
    )

/** Counts a retry, by the operation of the error. */
export const countRetry = (error: unknown): Effect.Effect<void> =>
  isTrustlyError(error) ? Metric.increment(Metric.tagged(retries, "operation", error.operation)) : Effect.void
