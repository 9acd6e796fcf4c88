/**
 * A test helper that fails when an effect leaks a secret, for example in an error, a log line, or a span.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import type * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import * as HashSet from "effect/HashSet"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Tracer from "effect/Tracer"

const tryOrUndefined = <A>(read: () => A): A | undefined => Option.getOrUndefined(Option.liftThrowable(read)())

// the bytes before the secret shift its base64 encoding by 0, 1, or 2 bytes
const inBase64 = (secret: string): ReadonlyArray<string> => {
  const length = new TextEncoder().encode(secret).byteLength
  return [0, 1, 2].map((shift) =>
    Encoding.encodeBase64("-".repeat(shift) + secret)
      .slice(Math.ceil(shift * 8 / 6), Math.floor((shift + length) * 8 / 6))
  )
}

/** The encodings in which a secret can leak: plain, JSON string, URL, form, and base64 (Authorization header). */
const encodingsOf = (secret: string): ReadonlyArray<string> => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  Either.getOrElse(Encoding.encodeUriComponent(secret), () => secret),
  new URLSearchParams([["", secret]]).toString().slice(1),
  ...(secret.length < 8 ? [] : inBase64(secret))
]

const callMethod = (value: object, method: PropertyKey): unknown =>
  tryOrUndefined(() => {
    const member: unknown = Reflect.get(value, method)
    return Predicate.isFunction(member) ? Reflect.apply(member, value, []) : ""
  })

const getters = (value: object): ReadonlyArray<PropertyKey> => {
  const prototype = Reflect.getPrototypeOf(value)
  if (prototype === null || prototype === Object.prototype) return []
  const own = Reflect.ownKeys(prototype).filter((key) => Reflect.getOwnPropertyDescriptor(prototype, key)?.get)
  return [...own, ...getters(prototype)]
}

/**
 * Everything in a value that a logger, an exporter, or an encoder could print, including hidden, inherited, and symbol
 * properties.
 */
const partsOf = (value: object): ReadonlyArray<readonly [name: string, part: unknown]> => {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return [["bytes", new TextDecoder().decode(value)]]
  const keys = Reflect.ownKeys(value)
  return [
    ["toString()", callMethod(value, "toString")],
    ["toJSON()", callMethod(value, "toJSON")],
    ["inspect()", callMethod(value, Symbol.for("nodejs.util.inspect.custom"))],
    ["keys", keys.map(String).join(" ")],
    ...(value instanceof Map || value instanceof Set ? [["entries", [...value]] as const] : []),
    ...[...keys, ...getters(value)].map((key) => [String(key), tryOrUndefined(() => Reflect.get(value, key))] as const)
  ]
}

const maxParts = 500_000

/** The path of the first string that contains a secret, or the path at which the search gave up because the value is too large. */
const search = (root: unknown, hasSecret: (text: string) => boolean): string | undefined => {
  const seen = new Set<object>()
  const queue: Array<readonly [path: string, value: unknown]> = [["", root]]
  for (const [path, value] of queue) {
    if (queue.length > maxParts) return `${path} (too large to search completely)`
    if (Predicate.isFunction(value)) continue
    if (!Predicate.isObject(value)) {
      if (hasSecret(String(value))) return path
    } else if (!seen.has(value)) {
      seen.add(value)
      const parts = tryOrUndefined(() => partsOf(value)) ?? []
      queue.push(...parts.map(([name, part]) => [path === "" ? name : `${path} > ${name}`, part] as const))
    }
  }
  return undefined
}

/** Searches output of the program for the secrets, and records where it found one. */
interface Watch {
  readonly inspect: (sink: string, value: unknown) => void
  readonly found: () => ReadonlyArray<string>
}

const makeWatch = (secrets: ReadonlyArray<string>): Watch => {
  const encodings = secrets.flatMap(encodingsOf)
  const found = new Set<string>()
  return {
    inspect: (sink, value) => {
      const path = search(value, (text) => encodings.some((encoding) => text.includes(encoding)))
      if (path !== undefined) found.add(path === "" ? sink : `${sink}, in ${path}`)
    },
    // a span name or a property name can itself contain the secret
    found: () =>
      [...found].map((sink) => encodings.reduce((text, encoding) => text.replaceAll(encoding, "<secret>"), sink))
  }
}

const printers: ReadonlyArray<readonly [name: string, logger: Logger.Logger<unknown, unknown>]> = [
  ["string", Logger.stringLogger],
  ["logfmt", Logger.logfmtLogger],
  ["json", Logger.jsonLogger],
  ["structured", Logger.structuredLogger],
  // these two print to the console
  ["pretty", Logger.prettyLogger({ colors: false, mode: "tty" })],
  ["browser", Logger.prettyLogger({ colors: false, mode: "browser" })]
]

const loggerOf = ({ inspect }: Watch): Logger.Logger<unknown, void> =>
  Logger.make((options) => {
    const { annotations, cause, message, spans } = options
    inspect("the logger input", { message, annotations: [...annotations], cause, spans: [...spans] })
    for (const [name, logger] of printers) inspect(`the ${name} logger`, logger.log(options))
  })

/** A console that prints nothing and inspects its arguments instead. */
const consoleOf = ({ inspect }: Watch, console: Console.Console): Console.Console => {
  const capture = (...args: ReadonlyArray<unknown>) => inspect("the console", args)
  const unsafe = new Proxy(console.unsafe, { get: () => capture })
  return new Proxy(console, {
    get: (target, key) => {
      if (key === "unsafe") return unsafe
      const member: unknown = Reflect.get(target, key)
      return Predicate.isFunction(member)
        ? (...args: ReadonlyArray<unknown>) => Effect.sync(() => capture(...args))
        : member
    }
  })
}

const spansOf = (tracer: Tracer.Tracer, spans: Array<Tracer.Span>): Tracer.Tracer =>
  Tracer.make({
    span: (...args) => {
      const span = tracer.span(...args)
      spans.push(span)
      return span
    },
    context: (f, fiber) => tracer.context(f, fiber)
  })

// Tracer.Span declares no events: Effect's own spans store them in an extra property
const inspectSpan = ({ inspect }: Watch, span: Tracer.Span): void => {
  const name = `the span ${span.name}`
  inspect(name, span.name)
  inspect(`${name}, attributes`, span.attributes)
  inspect(`${name}, events`, Predicate.hasProperty(span, "events") ? span.events : [])
  inspect(`${name}, links`, span.links.map(({ attributes }) => attributes))
  if (span.status._tag === "Ended" && Exit.isFailure(span.status.exit)) {
    inspect(`${name}, cause`, span.status.exit.cause)
  }
}

const encoded = (error: unknown): unknown =>
  Predicate.isObject(error) && Schema.isSchema(error.constructor)
    ? Either.getOrUndefined(ParseResult.encodeUnknownEither(Schema.make(error.constructor.ast))(error))
    : undefined

const inspectError = ({ inspect }: Watch, error: unknown): Effect.Effect<void> =>
  Effect.zipRight(
    Effect.sync(() => {
      inspect("the error", error)
      inspect("the error, encoded by its own schema", encoded(error))
    }),
    Effect.all([
      Effect.logError(error),
      Effect.logError("failed", error),
      Effect.annotateLogs(Effect.logError("failed"), { error })
    ], { discard: true })
  )

const inspectExit = (watch: Watch, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> => {
  // a program may return a secret to its caller
  if (Exit.isSuccess(exit)) return Effect.void
  const { cause } = exit
  watch.inspect("the cause", [cause, Cause.pretty(cause), Cause.pretty(cause, { renderErrorCause: true })])
  watch.inspect("the exit", exit)
  return Effect.zipRight(
    Effect.logError("failed", cause),
    Effect.forEach([...Cause.failures(cause), ...Cause.defects(cause)], (error) => inspectError(watch, error), {
      discard: true
    })
  )
}

/**
 * Runs an effect and dies if a secret leaks from it: in an error or a defect (its message, `String`, JSON, `inspect`, hidden
 * properties, cause, or own schema), in a log line at any level from any of Effect's loggers, on the `Console` service, in the
 * name, attributes, events, or cause of a span, or in a metric. Otherwise it returns the effect's own result.
 *
 * The message names the place, never the secret. The search covers base64 (such as an Authorization header), URLs, forms, and bytes.
 * Nothing is printed while the effect runs. Use secrets that occur nowhere else, because metrics are shared by the whole process.
 *
 * @since 0.1.0
 * @category testing
 * @example
 * import { Effect, Exit } from "effect"
 * import { expectNoLeak } from "effect-trustly/testing"
 *
 * const taxId = "sentinel-tax-id"
 * const safe = Effect.logInfo("updating").pipe(Effect.withSpan("job", { attributes: { fields: ["taxId"] } }))
 * const leaky = Effect.logDebug("updating", { taxId })
 *
 * const check = expectNoLeak([taxId])
 * assert.strictEqual(Exit.isSuccess(await Effect.runPromiseExit(check(safe))), true)
 * assert.strictEqual(Exit.isSuccess(await Effect.runPromiseExit(check(leaky))), false)
 */
export const expectNoLeak = (
  secrets: Iterable<string | Redacted.Redacted>
): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> => {
  const texts = [...secrets].map((secret) => Redacted.isRedacted(secret) ? Redacted.value(secret) : secret)
  return <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        if (texts.length === 0 || texts.includes("")) {
          return yield* Effect.dieMessage("expectNoLeak: pass at least one secret and no empty strings")
        }
        const watch = makeWatch(texts)
        const spans: Array<Tracer.Span> = []
        const tracer = spansOf(yield* Effect.tracer, spans)
        const console = consoleOf(watch, yield* Effect.console)
        const exit = yield* Effect.exit(restore(effect)).pipe(
          Effect.tap((ended) => inspectExit(watch, ended)),
          Effect.locally(FiberRef.currentLoggers, HashSet.make(loggerOf(watch), Logger.tracerLogger)),
          Logger.withMinimumLogLevel(LogLevel.All),
          Effect.withConsole(console),
          Effect.withTracer(tracer)
        )
        for (const span of spans) inspectSpan(watch, span)
        for (const { metricKey, metricState } of yield* Metric.snapshot) {
          watch.inspect(`the metric ${metricKey.name}`, [metricKey, metricState])
        }
        const found = watch.found()
        return found.length === 0
          ? yield* exit
          : yield* Effect.dieMessage(
            `expectNoLeak: found a secret in:\n${found.map((it) => `- ${it}`).join("\n")}`
          )
      })
    )
}
