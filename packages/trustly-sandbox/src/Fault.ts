/**
 * What the sandbox does instead of answering as it should, and when. Both are plain JSON, so any language can ask for them over
 * HTTP: `POST /_sandbox/faults` takes a {@link FaultRule}.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const optional = <A, I>(schema: Schema.Schema<A, I>, description: string) =>
  Schema.optionalWith(schema, { exact: true }).annotations({ description })

/**
 * What happens to a request.
 *
 * - `Status`: an answer with this status, this body (Trustly's envelope unless given), and a `Retry-After` in seconds
 * - `Delay`: the right answer, so many milliseconds late
 * - `Silence`: no answer, and the connection stays open
 * - `Reset`: the connection breaks before the answer, or in its body
 * - `Malformed`: status 200 with this text, which is no customer unless it is given
 *
 * @since 0.1.0
 * @category models
 */
export type Fault = typeof Fault.Type

/**
 * Schema of {@link Fault}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Fault = Schema.Union(
  Schema.TaggedStruct("Status", {
    status: Schema.Int.pipe(Schema.between(200, 599)),
    body: optional(Schema.Unknown, "JSON to answer with. Default: Trustly's envelope"),
    retryAfter: optional(Schema.NonNegativeInt, "Seconds that the Retry-After header asks to wait")
  }),
  Schema.TaggedStruct("Delay", { millis: Schema.NonNegativeInt }),
  Schema.TaggedStruct("Silence", {}),
  Schema.TaggedStruct("Reset", {
    where: optional(Schema.Literal("before", "body"), "Before the answer, or in its body. Default: before")
  }),
  Schema.TaggedStruct("Malformed", {
    body: optional(Schema.String, "Text to answer with. Default: JSON that holds no customer")
  })
).annotations({ identifier: "Fault" })

/**
 * Which requests meet a fault: those of an operation, of a customer, or all; the next N of them (one unless told otherwise), each
 * Nth, or a share of them. Of several rules, the first that fires does.
 *
 * @since 0.1.0
 * @category models
 */
export interface FaultRule extends Schema.Schema.Type<typeof FaultRule> {}

/**
 * Schema of {@link FaultRule}.
 *
 * @since 0.1.0
 * @category schemas
 * @example
 * import { Effect, Schema } from "effect"
 * import { FaultRule } from "effect-trustly-sandbox"
 *
 * const json = { fault: { _tag: "Status", status: 503, retryAfter: 1 }, operation: "update", times: 2 }
 *
 * const rule = Effect.runSync(Schema.decodeUnknown(FaultRule)(json))
 * assert.strictEqual(rule.fault._tag, "Status")
 */
export const FaultRule = Schema.Struct({
  fault: Fault,
  operation: optional(Schema.Literal("update", "get", "find", "createOrUpdate"), "Requests of this operation only"),
  customerId: optional(Schema.String, "Requests that name this customer only"),
  times: optional(Schema.Positive.pipe(Schema.int()), "The next so many of these requests. Default: 1"),
  every: optional(Schema.Positive.pipe(Schema.int()), "Each so-manieth of these requests, without end"),
  share: optional(Schema.Number.pipe(Schema.between(0, 1)), "This share of these requests, by chance, without end"),
  applied: optional(Schema.Boolean, "Whether a write is done before the fault hides it. Default: false, it is not done")
}).annotations({ identifier: "FaultRule" }).pipe(
  Schema.filter(
    ({ every, share, times }) => [every, share, times].filter((limit) => limit !== undefined).length <= 1,
    { description: "one of times, every and share" }
  )
)
