import * as Command from "@effect/cli/Command"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import * as Path from "@effect/platform/Path"
import { TrustlySandbox } from "effect-trustly-sandbox"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { faults } from "../FaultOption.ts"
import * as Output from "../Output.ts"
import { failed } from "../Problem.ts"
import { wholeNumber } from "./shared.ts"

const port = wholeNumber("port", 0, 65_535).pipe(
  Options.withDescription("Port to listen on, 0 for a free one."),
  Options.withDefault(4000)
)

const host = Options.text("host").pipe(
  Options.withDescription("Address to listen on. Other machines cannot reach the default."),
  Options.withDefault("127.0.0.1")
)

const seed = wholeNumber("seed", 0, 10_000).pipe(
  Options.withDescription("Invented customers to begin with, besides the two of Trustly's document."),
  Options.withDefault(0)
)

const userName = Options.text("access-id").pipe(
  Options.withDescription("User name that is let in."),
  Options.withDefault("sandbox"),
  Options.mapEffect((id) =>
    /^[\w.@-]+$/.test(id)
      ? Effect.succeed(id)
      : Effect.fail(ValidationError.invalidValue(HelpDoc.p("--access-id: expected letters, digits and . _ - @ only")))
  )
)

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is taken: give another with --port, or --port 0 for a free one",
  EACCES: "the port is not allowed to this user: give one from 1024 on with --port",
  EADDRNOTAVAIL: "--host is no address of this machine",
  ENOTFOUND: "--host is no address of this machine"
}

const reason = (cause: unknown): string => {
  const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : ""
  return reasons[code] ?? `it cannot listen there${code === "" ? "" : ` (${code})`}`
}

/** How this program was called. */
const invocation = Effect.gen(function*() {
  const path = yield* Path.Path
  const script = path.relative("", process.argv[1] ?? "")
  return script.endsWith(".ts") ? `npx tsx ${script}` : script
})

export const sandbox = Command.make(
  "sandbox",
  { accessId: userName, faults, host, port, seed },
  ({ faults: rules, ...options }) =>
    Effect.gen(function*() {
      const { accessId, accessKey, fail, url } = yield* TrustlySandbox
      yield* Effect.forEach(rules, fail, { discard: true })
      const { faint, strong } = yield* Output.style
      yield* Output.print(
        strong(`A local Trustly at ${url}`),
        `Look at what it holds and receives: ${new URL(url).origin}/`,
        "",
        faint("# in another terminal"),
        `export TRUSTLY_BASE_URL='${url}'`,
        `export TRUSTLY_ACCESS_ID='${accessId}'`,
        `export TRUSTLY_ACCESS_KEY='${Redacted.value(accessKey)}'`,
        `${yield* invocation} update 1001165729 --vip 2 --city Reno --state NV`,
        "",
        faint("Ctrl-C ends it")
      )
      return yield* Effect.never
    }).pipe(
      Effect.provide(TrustlySandbox.layer(options)),
      Effect.catchTag("ServeError", ({ cause }) => Effect.fail(failed(`The sandbox did not start: ${reason(cause)}`)))
    )
).pipe(
  Command.withDescription(
    "Runs a local Trustly until it is stopped, and prints how to use it. It needs no credentials."
  )
)
