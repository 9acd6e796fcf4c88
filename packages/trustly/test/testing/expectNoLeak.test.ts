// @effect-diagnostics anyUnknownInErrorContext:off globalErrorInEffectFailure:off -- any failure type can leak
import { assert, describe, it } from "@effect/vitest"
import { Cause, Console, Data, Deferred, Effect, Exit, Fiber, Metric, Option, Redacted, Schema } from "effect"
import { expectNoLeak } from "effect-trustly/testing"

const secret = "sentinel-5150"
const check = expectNoLeak([secret, Redacted.make("sentinel-2112")])

/** The message of the check, or an empty string if it found nothing. */
const verdict = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<string> =>
  Effect.map(Effect.exit(check(effect)), messageOf)

const messageOf = (exit: Exit.Exit<unknown, unknown>): string =>
  Exit.isFailure(exit)
    ? Option.match(Cause.dieOption(exit.cause), { onNone: () => "", onSome: (defect) => String(defect) })
    : ""

class LeakyError extends Data.TaggedError("LeakyError")<{ readonly note: string }> {}

class Encoded extends Schema.TaggedError<Encoded>()("Encoded", { note: Schema.Redacted(Schema.String) }) {}

class Hidden extends Error {
  readonly #note: string
  constructor(note: string) {
    super("failed")
    this.#note = note
  }
  get note(): string {
    return this.#note
  }
}

class Private extends Error {
  readonly #note: string
  constructor(note: string) {
    super("failed")
    this.#note = note
  }
  length(): number {
    return this.#note.length
  }
}

const withHidden = (value: unknown): Error => Object.defineProperty(new Error("failed"), "note", { value })

const circular = (note: string): Error => {
  const error = new Error("failed")
  return Object.assign(error, { self: { error, note } })
}

const basic = Buffer.from(`id:${secret}`).toString("base64")

const leaks: Readonly<Record<string, readonly [effect: Effect.Effect<unknown, unknown>, sink: RegExp]>> = {
  "the message of an error": [Effect.fail(new Error(`no ${secret}`)), /the error, in toString\(\)/],
  "a field of an error": [Effect.fail(new LeakyError({ note: secret })), /the error, in .*note/],
  "a hidden property": [Effect.fail(withHidden(secret)), /the error, in note/],
  "a symbol property": [Effect.fail(Object.assign(new Error("failed"), { [Symbol("s")]: secret })), /the error, in/],
  "the name of a symbol": [Effect.fail(Object.assign(new Error("failed"), { [Symbol(secret)]: 1 })), /the error, in/],
  "a key": [Effect.fail({ [secret]: 1 }), /the error, in .*keys/],
  "a getter": [Effect.fail(new Hidden(secret)), /the error, in note/],
  "a cause": [Effect.fail(new Error("failed", { cause: { body: [secret] } })), /the error, in cause > body/],
  "a cycle": [Effect.fail(circular(secret)), /the error, in self > note/],
  "a map": [Effect.fail(new Map([["note", new Set([secret])]])), /the error, in entries/],
  "bytes": [Effect.fail({ body: new TextEncoder().encode(`{"a":"${secret}"}`) }), /the error, in body > bytes/],
  "base64": [Effect.fail({ authorization: `Basic ${basic}` }), /the error, in authorization/],
  "JSON": [Effect.fail({ toJSON: () => ({ note: secret }) }), /the error, in toJSON\(\)/],
  "the error's own schema": [Effect.fail(new Encoded({ note: Redacted.make(secret) })), /encoded by its own schema/],
  "a defect": [Effect.die(new LeakyError({ note: secret })), /the error, in .*note/],
  "a suppressed failure": [
    Effect.ensuring(Effect.fail("first"), Effect.die(new LeakyError({ note: secret }))),
    /the error, in .*note/
  ],
  "a redacted secret": [Effect.fail({ note: "sentinel-2112" }), /the error, in .*note/],
  "a log message": [Effect.logInfo(`a ${secret}`), /the string logger/],
  "a log line at the lowest level": [Effect.logTrace(secret), /the json logger/],
  "an argument of a log line": [Effect.logDebug("a", { note: [secret] }), /the structured logger/],
  "an annotation": [Effect.annotateLogs(Effect.logDebug("a"), { note: secret }), /the logfmt logger/],
  "a log span": [Effect.withLogSpan(Effect.logDebug("a"), secret), /the string logger/],
  "a logged cause": [Effect.logError("a", Cause.fail(new LeakyError({ note: secret }))), /the logger input/],
  "a fiber that was forked": [Effect.flatMap(Effect.fork(Effect.fail({ secret })), Fiber.await), /logger/],
  "the console": [Console.log("a", secret), /the console/],
  "the console without an effect": [Effect.map(Effect.console, ({ unsafe }) => unsafe.warn(secret)), /the console/],
  "the name of a span": [Effect.withSpan(Effect.void, secret), /the span <secret>/],
  "an attribute": [Effect.withSpan(Effect.void, "a", { attributes: { secret } }), /the span a, attributes/],
  "an attribute of an inner span": [
    Effect.annotateCurrentSpan("note", secret).pipe(Effect.withSpan("b"), Effect.withSpan("a")),
    /the span b, attributes/
  ],
  "an event": [Effect.withSpan(Effect.logInfo("a", secret), "a"), /the span a, events/],
  "the failure of a span that is caught": [
    Effect.ignore(Effect.withSpan(Effect.fail(new LeakyError({ note: secret })), "a")),
    /the span a, cause/
  ]
}

class SafeError extends Data.TaggedError("SafeError")<{ readonly length: number }> {}

const safe: Readonly<Record<string, Effect.Effect<unknown, unknown>>> = {
  "the value of a success": Effect.succeed({ note: secret }),
  "a failure without a secret": Effect.fail(new SafeError({ length: secret.length })),
  "a private member": Effect.fail(new Private(secret)),
  "a redacted value": Effect.fail({ note: Redacted.make(secret) }),
  "part of a secret": Effect.fail(secret.slice(1)),
  "logs and spans without a secret": Effect.withSpan(Effect.logInfo("a", { note: "b" }), "a", { attributes: { c: 1 } })
}

describe("expectNoLeak", () => {
  // metrics last as long as the process, so no other test may use this secret
  it.effect("finds a secret in a metric", () =>
    Effect.map(
      Effect.exit(expectNoLeak(["sentinel-1984"])(Metric.update(Metric.frequency("leaky"), "sentinel-1984"))),
      (exit) => assert.match(messageOf(exit), /the metric leaky/)
    ))

  for (const [what, [effect, sink]] of Object.entries(leaks)) {
    it.effect(`finds a secret in ${what}`, () =>
      Effect.map(verdict(effect), (text) => {
        assert.match(text, /found a secret in:/)
        assert.match(text, sink)
        assert.notInclude(text, secret)
        assert.notInclude(text, "sentinel-2112")
      }))
  }

  it.effect("finds a secret in a URL", () =>
    Effect.map(
      Effect.exit(expectNoLeak(["a b"])(Effect.fail({ url: "https://example.test/?q=a%20b" }))),
      (exit) => assert.match(messageOf(exit), /the error, in url/)
    ))

  it.effect("finds a secret in a form", () =>
    Effect.map(
      Effect.exit(expectNoLeak(["a b"])(Effect.fail({ body: "note=a+b" }))),
      (exit) => assert.match(messageOf(exit), /the error, in body/)
    ))

  for (const [what, effect] of Object.entries(safe)) {
    it.effect(`finds nothing in ${what}`, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* Effect.exit(check(effect)), yield* Effect.exit(effect))
      }))
  }

  it.effect("can be interrupted", () =>
    Effect.gen(function*() {
      const started = yield* Deferred.make<void>()
      const fiber = yield* Effect.fork(check(Effect.zipRight(Deferred.succeed(started, undefined), Effect.never)))
      yield* Deferred.await(started)
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
    }))

  for (const secrets of [[], [""], [secret, Redacted.make("")]]) {
    it.effect(`rejects ${secrets.length === 0 ? "an empty list of secrets" : "an empty secret"} (${secrets.length})`, () =>
      Effect.map(
        Effect.exit(expectNoLeak(secrets)(Effect.void)),
        (exit) => assert.match(messageOf(exit), /pass at least one secret and no empty strings/)
      ))
  }
})
