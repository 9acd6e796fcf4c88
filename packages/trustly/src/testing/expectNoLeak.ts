/**
 * The sentinel check of this library's own tests, for the tests of the programs that use it.
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

const attempt = <A>(read: () => A): A | undefined => Option.getOrUndefined(Option.liftThrowable(read)())

// what is before a text in the same base64 moves it by up to two bytes
const inBase64 = (secret: string): ReadonlyArray<string> => {
  const length = new TextEncoder().encode(secret).byteLength
  return [0, 1, 2].map((shift) =>
    Encoding.encodeBase64("-".repeat(shift) + secret)
      .slice(Math.ceil(shift * 8 / 6), Math.floor((shift + length) * 8 / 6))
  )
}

/** A secret as it can turn up: as it is, in JSON, in a URL, in an Authorization header. */
const formsOf = (secret: string): ReadonlyArray<string> => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  Either.getOrElse(Encoding.encodeUriComponent(secret), () => secret),
  ...(secret.length < 8 ? [] : inBase64(secret))
]

const called = (value: object, method: PropertyKey): unknown =>
  attempt(() => {
    const print: unknown = Reflect.get(value, method)
    return Predicate.isFunction(print) ? Reflect.apply(print, value, []) : ""
  })

const getters = (value: object): ReadonlyArray<PropertyKey> => {
  const prototype = Reflect.getPrototypeOf(value)
  if (prototype === null || prototype === Object.prototype) return []
  const own = Reflect.ownKeys(prototype).filter((key) => Reflect.getOwnPropertyDescriptor(prototype, key)?.get)
  return [...own, ...getters(prototype)]
}

/** Everything in a value that a printer, an exporter or an encoder could show: hidden, inherited and symbol properties too. */
const partsOf = (value: object): ReadonlyArray<readonly [name: string, part: unknown]> => {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return [["bytes", new TextDecoder().decode(value)]]
  const keys = Reflect.ownKeys(value)
  return [
    ["toString()", called(value, "toString")],
    ["toJSON()", called(value, "toJSON")],
    ["inspect()", called(value, Symbol.for("nodejs.util.inspect.custom"))],
    ["keys", keys.map(String).join(" ")],
    ...(value instanceof Map || value instanceof Set ? [["entries", [...value]] as const] : []),
    ...[...keys, ...getters(value)].map((key) => [String(key), attempt(() => Reflect.get(value, key))] as const)
  ]
}

const maxParts = 500_000

/** Where in a value there is a text that holds a secret; also where it is too large to be searched to its end. */
const search = (root: unknown, holds: (text: string) => boolean): string | undefined => {
  const seen = new Set<object>()
  const queue: Array<readonly [path: string, value: unknown]> = [["", root]]
  for (const [path, value] of queue) {
    if (queue.length > maxParts) return `${path} and is too large to be searched`
    if (Predicate.isFunction(value)) continue
    if (!Predicate.isObject(value)) {
      if (holds(String(value))) return path
    } else if (!seen.has(value)) {
      seen.add(value)
      const parts = attempt(() => partsOf(value)) ?? []
      queue.push(...parts.map(([name, part]) => [path === "" ? name : `${path} > ${name}`, part] as const))
    }
  }
  return undefined
}

/** Looks for the secrets in something that gets out of the program, and keeps in mind where one was. */
interface Watch {
  readonly look: (sink: string, value: unknown) => void
  readonly found: () => ReadonlyArray<string>
}

const makeWatch = (secrets: ReadonlyArray<string>): Watch => {
  const forms = secrets.flatMap(formsOf)
  const found = new Set<string>()
  return {
    look: (sink, value) => {
      const path = search(value, (text) => forms.some((form) => text.includes(form)))
      if (path !== undefined) found.add(path === "" ? sink : `${sink}, in ${path}`)
    },
    // a name of a span or a property can be what gives the secret away
    found: () => [...found].map((sink) => forms.reduce((text, form) => text.replaceAll(form, "<secret>"), sink))
  }
}

const printers: ReadonlyArray<readonly [name: string, logger: Logger.Logger<unknown, unknown>]> = [
  ["string", Logger.stringLogger],
  ["logfmt", Logger.logfmtLogger],
  ["json", Logger.jsonLogger],
  ["structured", Logger.structuredLogger],
  // these two print on the console
  ["pretty", Logger.prettyLogger({ colors: false, mode: "tty" })],
  ["browser", Logger.prettyLogger({ colors: false, mode: "browser" })]
]

const loggerOf = ({ look }: Watch): Logger.Logger<unknown, void> =>
  Logger.make((options) => {
    const { annotations, cause, message, spans } = options
    look("what a logger is given", { message, annotations: [...annotations], cause, spans: [...spans] })
    for (const [name, logger] of printers) look(`the ${name} logger`, logger.log(options))
  })

/** A console that shows nothing and hands over what it is to show. */
const consoleOf = ({ look }: Watch, console: Console.Console): Console.Console => {
  const hear = (...args: ReadonlyArray<unknown>) => look("the console", args)
  const unsafe = new Proxy(console.unsafe, { get: () => hear })
  return new Proxy(console, {
    get: (target, key) => {
      if (key === "unsafe") return unsafe
      const member: unknown = Reflect.get(target, key)
      return Predicate.isFunction(member)
        ? (...args: ReadonlyArray<unknown>) => Effect.sync(() => hear(...args))
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

// Effect's own tracer keeps the events of a span beside the attributes
const lookIntoSpan = ({ look }: Watch, span: Tracer.Span): void => {
  const name = `the span ${span.name}`
  look(name, span.name)
  look(`${name}, attributes`, span.attributes)
  look(`${name}, events`, Predicate.hasProperty(span, "events") ? span.events : [])
  look(`${name}, links`, span.links.map(({ attributes }) => attributes))
  if (span.status._tag === "Ended" && Exit.isFailure(span.status.exit)) look(`${name}, cause`, span.status.exit.cause)
}

const encoded = (error: unknown): unknown =>
  Predicate.isObject(error) && Schema.isSchema(error.constructor)
    ? Either.getOrUndefined(ParseResult.encodeUnknownEither(Schema.make(error.constructor.ast))(error))
    : undefined

const lookIntoError = ({ look }: Watch, error: unknown): Effect.Effect<void> =>
  Effect.zipRight(
    Effect.sync(() => {
      look("the error", error)
      look("the error, encoded by its own schema", encoded(error))
    }),
    Effect.all([
      Effect.logError(error),
      Effect.logError("failed", error),
      Effect.annotateLogs(Effect.logError("failed"), { error })
    ], { discard: true })
  )

const lookIntoExit = (watch: Watch, exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> => {
  // the value of a success is the program's own
  if (Exit.isSuccess(exit)) return Effect.void
  const { cause } = exit
  watch.look("the cause", [cause, Cause.pretty(cause), Cause.pretty(cause, { renderErrorCause: true })])
  watch.look("the exit", exit)
  return Effect.zipRight(
    Effect.logError("failed", cause),
    Effect.forEach([...Cause.failures(cause), ...Cause.defects(cause)], (error) => lookIntoError(watch, error), {
      discard: true
    })
  )
}

/**
 * Runs an effect and dies when one of the secrets can be seen from outside of it: in an error or a defect (its message, String,
 * JSON, inspect, hidden properties, cause, own schema), in what is logged at any level by any of Effect's loggers, on the
 * `Console` service, in the name, attributes, events or cause of a span, or in a metric. Else it ends as the effect ends.
 *
 * The message says where the secret was, never what it is. Also found is a secret within base64 (as in an Authorization header),
 * in a URL, or in bytes. While the effect runs, nothing is printed. Use texts that occur nowhere else: metrics are those of the
 * whole process.
 *
 * @since 0.1.0
 * @category testing
 * @example
 * import { Effect, Exit } from "effect"
 * import { expectNoLeak } from "effect-trustly/testing"
 *
 * const taxId = "sentinel-tax-id"
 * const silent = Effect.logInfo("updating").pipe(Effect.withSpan("job", { attributes: { fields: ["taxId"] } }))
 * const telling = Effect.logDebug("updating", { taxId })
 *
 * const check = expectNoLeak([taxId])
 * assert.strictEqual(Exit.isSuccess(await Effect.runPromiseExit(check(silent))), true)
 * assert.strictEqual(Exit.isSuccess(await Effect.runPromiseExit(check(telling))), false)
 */
export const expectNoLeak = (
  secrets: Iterable<string | Redacted.Redacted>
): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> => {
  const texts = [...secrets].map((secret) => Redacted.isRedacted(secret) ? Redacted.value(secret) : secret)
  return <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        if (texts.length === 0 || texts.includes("")) return yield* Effect.dieMessage("expectNoLeak: a secret is empty")
        const watch = makeWatch(texts)
        const spans: Array<Tracer.Span> = []
        const tracer = spansOf(yield* Effect.tracer, spans)
        const console = consoleOf(watch, yield* Effect.console)
        const exit = yield* Effect.exit(restore(effect)).pipe(
          Effect.tap((ended) => lookIntoExit(watch, ended)),
          Effect.locally(FiberRef.currentLoggers, HashSet.make(loggerOf(watch), Logger.tracerLogger)),
          Logger.withMinimumLogLevel(LogLevel.All),
          Effect.withConsole(console),
          Effect.withTracer(tracer)
        )
        for (const span of spans) lookIntoSpan(watch, span)
        for (const { metricKey, metricState } of yield* Metric.snapshot) {
          watch.look(`the metric ${metricKey.name}`, [metricKey, metricState])
        }
        const found = watch.found()
        return found.length === 0
          ? yield* exit
          : yield* Effect.dieMessage(
            `expectNoLeak: a secret can be seen in\n${found.map((it) => `- ${it}`).join("\n")}`
          )
      })
    )
}
