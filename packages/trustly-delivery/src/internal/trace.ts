/** Propagates trace context through the database, in the format of the `traceparent` HTTP header. */
import * as Headers from "@effect/platform/Headers"
import * as HttpTraceContext from "@effect/platform/HttpTraceContext"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"

/** The `traceparent` of the current span, or `null` if there is none. */
export const current: Effect.Effect<string | null> = Effect.match(Effect.currentSpan, {
  onFailure: () => null,
  onSuccess: (span) => HttpTraceContext.toHeaders(span)["traceparent"] ?? null
})

export const parse = (traceparent: string): Option.Option<Tracer.ExternalSpan> =>
  HttpTraceContext.w3c(Headers.fromInput({ traceparent }))
