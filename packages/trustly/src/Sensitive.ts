/**
 * Schemas for the values that identify a person: `Redacted` when read, a plain or a redacted string when written.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"

// a failing schema prints the value it was given, unless it has a message of its own
const quiet = { message: () => "expected a string" }

/**
 * A secret as read: a string on the wire, a `Redacted<string>` in the program, silent in every print.
 *
 * @since 0.1.0
 * @category schemas
 * @example
 * import { Effect, Redacted, Schema } from "effect"
 * import { Sensitive } from "effect-trustly"
 *
 * const secret = Effect.runSync(Schema.decodeUnknown(Sensitive.SensitiveString)("123456790"))
 * assert.deepStrictEqual([String(secret), Redacted.value(secret)], ["<redacted>", "123456790"])
 */
export const SensitiveString: Schema.Schema<Redacted.Redacted, string> = Schema.Redacted(
  Schema.String.annotations(quiet)
)

/**
 * A secret as written: the program may hold it plain or as `Redacted<string>`; on the wire it is a string.
 *
 * @since 0.1.0
 * @category schemas
 * @example
 * import { Effect, Redacted, Schema } from "effect"
 * import { Sensitive } from "effect-trustly"
 *
 * const encode = Schema.encode(Sensitive.SensitiveStringInput)
 * assert.strictEqual(Effect.runSync(encode("123456790")), "123456790")
 * assert.strictEqual(Effect.runSync(encode(Redacted.make("123456790"))), "123456790")
 */
export const SensitiveStringInput: Schema.Schema<string | Redacted.Redacted, string> = Schema.transform(
  Schema.String.annotations(quiet),
  Schema.Union(Schema.RedactedFromSelf(Schema.String).annotations({ description: "a text" }), Schema.String)
    .annotations(quiet),
  {
    strict: true,
    decode: (value) => Redacted.make(value),
    encode: (value) => Redacted.isRedacted(value) ? Redacted.value(value) : value
  }
).annotations(quiet)
