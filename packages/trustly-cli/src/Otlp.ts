/** Sends the traces and metrics of a command to an OpenTelemetry collector. A collector that fails never fails the command. */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Otlp from "@effect/opentelemetry/Otlp"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
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
import * as Output from "./Output.ts"
import * as Program from "./Program.ts"
import type * as Report from "./Report.ts"

const collector = (text: string): Option.Option<URL> =>
  Option.filter(
    Option.liftThrowable(() => new URL(text))(),
    ({ hash, password, protocol, search, username }) =>
      /^https?:$/.test(protocol) && `${username}${password}${search}${hash}` === ""
  )

/** Where to send to, if anywhere. */
export const option: Options.Options<Option.Option<URL>> = Options.text("otlp").pipe(
  Options.withDescription(
    "Send traces and metrics to this OpenTelemetry collector, such as http://127.0.0.1:4318 (OTEL_EXPORTER_OTLP_ENDPOINT)."
  ),
  Options.withPseudoName("url"),
  Options.withFallbackConfig(Config.nonEmptyString("OTEL_EXPORTER_OTLP_ENDPOINT")),
  Options.filterMap(
    collector,
    "--otlp or OTEL_EXPORTER_OTLP_ENDPOINT: expected an http or https URL without user name, password, query and fragment"
  ),
  Options.optional
)

const deadline = "2 seconds"

/** A client that gives up on a collector that does not answer, and remembers what has gone wrong last. */
const watched = (problem: Ref.Ref<Option.Option<string>>) =>
  HttpClient.transform<HttpClientError.HttpClientError, never, HttpClientError.HttpClientError, never>(
    (send, request) =>
      send.pipe(
        Effect.timeoutFail({
          duration: deadline,
          onTimeout: () => new HttpClientError.RequestError({ request, reason: "Transport" })
        }),
        Effect.onExit((exit) => {
          if (Exit.isFailure(exit)) return Ref.set(problem, Option.some("no answer"))
          const { status } = exit.value
          return status < 300 ? Effect.void : Ref.set(problem, Option.some(`HTTP ${status}`))
        })
      )
  )

const layer = (url: URL): Layer.Layer<never> =>
  Layer.unwrapScoped(Effect.gen(function*() {
    const problem = yield* Ref.make(Option.none<string>())
    // before the exporter is made, so that it is told after the last traces were sent
    yield* Effect.addFinalizer(() =>
      Effect.flatMap(
        Ref.get(problem),
        Option.match({
          onNone: () => Effect.void,
          onSome: (what) => Output.tell(`--otlp: traces or metrics may be missing: ${what} from the collector`)
        })
      )
    )
    const client = Layer.effect(HttpClient.HttpClient, Effect.map(HttpClient.HttpClient, watched(problem)))
    return Otlp.layerJson({
      baseUrl: url.href,
      resource: { serviceName: Program.info.name, serviceVersion: Program.info.version },
      shutdownTimeout: deadline
    }).pipe(Layer.provide(client), Layer.provide(NodeHttpClient.layerUndici))
  }))

const kind = (cause: Cause.Cause<Report.Failure>): string => {
  if (Cause.isInterruptedOnly(cause)) return "Interrupted"
  const failure = Option.getOrUndefined(Cause.failureOption(cause))
  if (failure === undefined) return "Defect"
  return ConfigError.isConfigError(failure) ? "ConfigError" : failure._tag
}

/** One span for the whole run. Of a failure it gets the kind only: a defect may hold anything. */
const traced =
  (name: string) => <A, E extends Report.Failure, R>(run: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.useSpan(
      name,
      (span) =>
        Effect.onExit(Effect.withParentSpan(run, span), (exit) =>
          Effect.map(Clock.currentTimeNanos, (now) => {
            if (Exit.isSuccess(exit)) return
            const type = kind(exit.cause)
            span.attribute("error.type", type)
            span.end(now, Exit.fail(type))
          }))
    )

/** The command, with its traces and metrics sent to where its option says, until the scope is closed. */
export const exporting = <
  Name extends string,
  R,
  E extends Report.Failure,
  A extends { readonly otlp: Option.Option<URL> }
>(
  command: Command.Command<Name, R, E, A>
): Command.Command<Name, R | Scope.Scope, E, A> =>
  Command.transformHandler(command, (run, { otlp }) => {
    const span = [Program.info.name, ...Command.getNames(command)].join(" ")
    const exporter = Option.match(otlp, { onNone: () => Layer.empty, onSome: layer })
    return Effect.zipRight(Layer.build(exporter), traced(span)(run))
  })
