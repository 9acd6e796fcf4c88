/** Propagates trace context through the database, in the format of the `traceparent` HTTP header. */
import * as Headers from "@effect/platform/Headers"
import * as HttpTraceContext from "@effect/platform/HttpTraceContext"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"

export const parse = (traceparent: string): Option.Option<Tracer.ExternalSpan> =>
  HttpTraceContext.w3c(Headers.fromInput({ traceparent }))

/**
 * The `traceparent` of the current span, or `null` if there is none. Also `null` if the ids are not those of the format: a
 * `b3` header of a client can put any text in them, which must not be stored.
 */
export const current: Effect.Effect<string | null> = Effect.match(Effect.currentSpan, {
  onFailure: () => null,
  onSuccess: (span) =>
    Option.fromNullable(HttpTraceContext.toHeaders(span)["traceparent"]).pipe(
      Option.filter((traceparent) => Option.isSome(parse(traceparent))),
      Option.getOrNull
    )
})
