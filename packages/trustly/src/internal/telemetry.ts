import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import type { Operation } from "../TrustlyError.ts"
import { isTrustlyError } from "../TrustlyError.ts"

const requests = Metric.counter("trustly.client.requests", {
  description: "Calls of CustomerService, by operation and result",
  incremental: true
})

const durations = Metric.histogram(
  "trustly.client.duration",
  MetricBoundaries.fromIterable([5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000]),
  "How long calls of CustomerService take, in milliseconds, by operation"
)

const retries = Metric.counter("trustly.client.retries", {
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

// a tagged metric costs a look-up to make, so each is made once
const requestsBy = new Map<string, Metric.Metric.Counter<number>>()
const countRequest = (operation: Operation, result: string): Effect.Effect<void> => {
  const key = `${operation} ${result}`
  const metric = requestsBy.get(key) ??
    requests.pipe(Metric.tagged("operation", operation), Metric.tagged("result", result))
  requestsBy.set(key, metric)
  return Metric.increment(metric)
}

/** Counts a call and how long it took, and names the class of its error on the span. */
export const observed = (operation: Operation) => {
  const duration = Metric.tagged(durations, "operation", operation)
  return <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(Clock.currentTimeMillis, (startedAt) =>
      Effect.onExit(effect, (exit) => {
        const result = Exit.isSuccess(exit) ? "Success" : resultOf(exit.cause)
        const measure = Effect.flatMap(Clock.currentTimeMillis, (now) => Metric.update(duration, now - startedAt))
        const count = Effect.zipRight(measure, countRequest(operation, result))
        return Exit.isSuccess(exit) ? count : Effect.zipRight(count, Effect.annotateCurrentSpan("error.type", result))
      }))
}

/** Counts a retry, by the operation of the error that is retried. */
export const countRetry = (error: unknown): Effect.Effect<void> =>
  isTrustlyError(error) ? Metric.increment(Metric.tagged(retries, "operation", error.operation)) : Effect.void
