/**
 * Schemas for values that identify a person: `Redacted` when read, a plain or redacted string when written.
 *
 * @since 0.1.0
 */
import * as Equivalence from "effect/Equivalence"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Expect from "./internal/expect.ts"

const anyString = Expect.value("a string")

// not Schema.RedactedFromSelf, which copies each secret that it accepts, at twice the cost of any other field
const redactedString = Schema.declare(
  (input: unknown): input is Redacted.Redacted =>
    Redacted.isRedacted(input) && Predicate.isString(Redacted.value(input)),
  {
    ...anyString,
    arbitrary: () => (fc) => fc.string().map((text) => Redacted.make(text)),
    equivalence: () => Redacted.getEquivalence(Equivalence.string),
    pretty: () => String
  }
)

/**
 * A secret as read: a string on the wire, a `Redacted<string>` in the program. Printing it shows `<redacted>`.
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
export const SensitiveString: Schema.Schema<Redacted.Redacted, string> = Schema.transform(
  Schema.String.annotations(anyString),
  redactedString,
  { strict: true, decode: (text) => Redacted.make(text), encode: Redacted.value }
).annotations(anyString)

const printedSecret = /^\s*<redacted(:[^>]*)?>\s*$/i

const writable = Expect.value("a string other than <redacted>, which is how a secret prints")

/**
 * A secret as written: a plain or redacted string in the program, a string on the wire. It refuses the text `<redacted>`:
 * somebody printed a secret and sent the result.
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
  Schema.String.pipe(Schema.filter((text) => !printedSecret.test(text))),
  Schema.Union(redactedString, Schema.String).annotations(writable),
  {
    strict: true,
    decode: (text) => Redacted.make(text),
    encode: (secret) => Redacted.isRedacted(secret) ? Redacted.value(secret) : secret
  }
).annotations(writable)
