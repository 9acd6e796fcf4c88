/** Sends the traces and metrics of a command to an OpenTelemetry collector. A failing collector never fails the command. */
import * as Otlp from "@effect/opentelemetry/Otlp"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import * as CommandLine from "./CommandLine.ts"
import * as Http from "./Http.ts"
import * as Output from "./Output.ts"
import type { Problem } from "./Problem.ts"
import { usage } from "./Problem.ts"
import * as Program from "./Program.ts"
import type * as Report from "./Report.ts"

const parseCollector = (text: string): Option.Option<URL> =>
  Option.filter(
    Option.liftThrowable(() => new URL(text))(),
    ({ hash, password, protocol, search, username }) =>
      /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === ""
  )

const expected = "an http or https URL without user name, password, query, and fragment"

/** The collector to send to, if any. */
export const option = CommandLine.value("otlp", {
  placeholder: "url",
  help: "Send traces and metrics to this OpenTelemetry collector. Default: OTEL_EXPORTER_OTLP_ENDPOINT, else none.",
  parse: parseCollector,
  expected
})

const fromEnvironment: Effect.Effect<Option.Option<URL>, Problem> = Effect.gen(function*() {
  const url = yield* Effect.orElseSucceed(Config.string("OTEL_EXPORTER_OTLP_ENDPOINT"), () => "")
  if (url === "") return Option.none()
  return Option.some(
    yield* Effect.mapError(parseCollector(url), () => usage(`OTEL_EXPORTER_OTLP_ENDPOINT: expected ${expected}`))
  )
})

const deadline = "2 seconds"

/** A client that gives up on a collector that does not respond, and remembers the last failure. */
const observed = (problem: Ref.Ref<Option.Option<string>>) =>
  HttpClient.transform<HttpClientError.HttpClientError, never, HttpClientError.HttpClientError, never>(
    (send, request) =>
      send.pipe(
        Effect.timeoutFail({
          duration: deadline,
          onTimeout: () => new HttpClientError.RequestError({ request, reason: "Transport" })
        }),
        Effect.onExit((exit) => {
          if (Exit.isFailure(exit)) return Ref.set(problem, Option.some("no response"))
          const { status } = exit.value
          return status < 300 ? Effect.void : Ref.set(problem, Option.some(`HTTP ${status}`))
        })
      )
  )

const layer = (url: URL): Layer.Layer<never, Problem> =>
  Layer.unwrapScoped(Effect.gen(function*() {
    const problem = yield* Ref.make(Option.none<string>())
    // registered before the exporter, so that it runs after the last traces were sent
    yield* Effect.addFinalizer(() =>
      Effect.flatMap(
        Ref.get(problem),
        Option.match({
          onNone: () => Effect.void,
          onSome: (failure) =>
            Output.printError(`--otlp: traces or metrics may be missing: ${failure} from the collector`)
        })
      )
    )
    const client = Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, observed(problem)))
    return Otlp.layerJson({
      baseUrl: url.href,
      resource: { serviceName: Program.info.name, serviceVersion: Program.info.version },
      shutdownTimeout: deadline
    }).pipe(Layer.provide(client), Layer.provide(Http.layer))
  }))

const errorType = (cause: Cause.Cause<Report.Failure>): string => {
  if (Cause.isInterruptedOnly(cause)) return "Interrupted"
  const failure = Option.getOrUndefined(Cause.failureOption(cause))
  if (failure === undefined) return "Defect"
  return ConfigError.isConfigError(failure) ? "ConfigError" : failure._tag
}

/** One span for the whole run. It records only the type of a failure: a defect may hold anything. */
const traced =
  (name: string) => <A, E extends Report.Failure, R>(run: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.useSpan(
      name,
      (span) =>
        Effect.onExit(Effect.withParentSpan(run, span), (exit) =>
          Effect.map(Clock.currentTimeNanos, (now) => {
            if (Exit.isSuccess(exit)) return
            const type = errorType(exit.cause)
            span.attribute("error.type", type)
            span.end(now, Exit.fail(type))
          }))
    )

/** The command, with its traces and metrics sent to the collector of its option, until the scope closes. */
export const exporting = <E extends Report.Failure, R>(
  command: CommandLine.Command<E, R>
): CommandLine.Command<E | Problem, R | Scope.Scope> => ({
  ...command,
  run: (given) =>
    Effect.gen(function*() {
      const asked = yield* given.get(option)
      const url = Option.isSome(asked) ? asked : yield* fromEnvironment
      yield* Layer.build(Option.match(url, { onNone: () => Layer.empty, onSome: layer }))
      yield* traced(`${Program.info.name} ${command.name}`)(command.run(given))
    })
})
