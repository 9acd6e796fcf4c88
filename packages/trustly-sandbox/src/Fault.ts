/**
 * Faults that the sandbox injects, and the rules that say which requests get one. Both are plain JSON: a program in any language
 * sends a {@link FaultRule} to `POST /_sandbox/faults`.
 *
 * @since 0.1.0
 */
import { Issue } from "effect-trustly"
import * as Schema from "effect/Schema"
import { describeIssue } from "./internal/issues.ts"

const optional = <A, I>(schema: Schema.Schema<A, I>, description: string) =>
  Schema.optionalWith(schema, { exact: true }).annotations({ description })

// a larger integer would reach the client in another notation
const Count = Schema.Int.pipe(Schema.between(0, Number.MAX_SAFE_INTEGER))
const PositiveCount = Schema.Int.pipe(Schema.between(1, Number.MAX_SAFE_INTEGER))

/**
 * A fault: what happens to a request instead of the normal response.
 *
 * - `Status`: responds with this status, this JSON body, and a `Retry-After` in seconds
 * - `Delay`: responds normally, this many milliseconds later, at most one day
 * - `Silence`: never responds and keeps the connection open
 * - `Reset`: breaks the connection before the response or in the middle of its body
 * - `Malformed`: responds with status 200 and this text (default: JSON without a customer)
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
    body: optional(
      Schema.Unknown,
      "JSON response body. Default: Trustly's error envelope for 5xx, else an object with a message"
    ),
    retryAfter: optional(Count, "Value of the Retry-After header, in seconds")
  }),
  Schema.TaggedStruct("Delay", { millis: Schema.Int.pipe(Schema.between(0, 86_400_000)) }),
  Schema.TaggedStruct("Silence", {}),
  Schema.TaggedStruct("Reset", {
    where: optional(Schema.Literal("before", "body"), "Before the response, or in its body. Default: before")
  }),
  Schema.TaggedStruct("Malformed", {
    body: optional(Schema.String, "Text of the response body. Default: JSON without a customer")
  })
).annotations({ identifier: "Fault" })

/**
 * A fault and the requests that get it: those of one operation, of one customer, or all of them; the next `times` of them (default
 * 1), every Nth, or a random `share`. If several rules match a request, the first one that fires applies.
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
  operation: optional(Schema.Literal("update", "get", "find", "createOrUpdate"), "Match requests of this operation"),
  customerId: optional(Schema.String, "Match requests that name this customer"),
  times: optional(PositiveCount, "Fail the next N matching requests. Default: 1"),
  every: optional(PositiveCount, "Fail every Nth matching request, indefinitely"),
  share: optional(
    Schema.Number.pipe(Schema.between(0, 1)),
    "Fail this share of the matching requests at random, indefinitely"
  ),
  applied: optional(Schema.Boolean, "Apply a write before failing. Default: false")
}).annotations({ identifier: "FaultRule" }).pipe(
  Schema.filter(
    ({ every, share, times }) => [every, share, times].filter((limit) => limit !== undefined).length <= 1,
    { description: "only one of times, every, and share" }
  )
)

/**
 * The sandbox refused a fault rule: it is not valid, JSON cannot represent it, or too many rules are active. `issues` lists the
 * paths and what is expected there, without the values that were given.
 *
 * @since 0.1.0
 * @category errors
 */
export class FaultRuleError extends Schema.TaggedError<FaultRuleError>()("FaultRuleError", {
  issues: Schema.Array(Issue)
}) {
  /** @since 0.1.0 */
  override get message(): string {
    return `Fault rule refused: ${this.issues.map(describeIssue("rule")).join("; ")}`
  }
}
