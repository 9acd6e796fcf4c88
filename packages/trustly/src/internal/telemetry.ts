import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as MetricLabel from "effect/MetricLabel"
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

/** Gives a call one span, and counts and times it. */
export const observe = ({ name, path }: Operation<unknown>) =>
<A, E, R>(
  call: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.flatMap(Monotonic.nowMillis, (startedAt) =>
    Effect.onExit(call, (exit) => {
      const result = resultOf(exit)
      return Effect.flatMap(Monotonic.nowMillis, (endedAt) =>
        Effect.all([
          Metric.update(
            Metric.tagged(duration, "operation", name),
            endedAt - startedAt
          ),
          Metric.increment(Metric.taggedWithLabels(requests, [
            MetricLabel.make("operation", name),
            MetricLabel.make("result", result)
          ])),
          Exit.isSuccess(exit) ? Effect.void : Effect.annotateCurrentSpan("error.type", result)
        ], { discard: true }))
    })).pipe(
      Effect.withSpan(`CustomerService.${name}`, {
        kind: "client",
        attributes: { "url.template": path },
        // under a retry policy the stack leads no further than to this library, and it costs a tenth of a call
        captureStackTrace: false
      })
    )

/** Counts a retry, by the operation of the error. */
export const countRetry = (error: unknown): Effect.Effect<void> =>
  isTrustlyError(error) ? Metric.increment(Metric.tagged(retries, "operation", error.operation)) : Effect.void
