/** Runs the sandbox until it is stopped. */
import type { Terminal } from "@effect/platform/Terminal"
import { TrustlySandbox } from "effect-trustly-sandbox"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as FaultText from "./FaultText.ts"
import * as Output from "./Output.ts"
import type { Problem } from "./Problem.ts"
import { failed, usage } from "./Problem.ts"
import { info } from "./Program.ts"

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use. Choose another with --port, or --port 0 for a free one",
  EACCES: "the port is not allowed for this user. Choose one from 1024 with --port",
  EADDRNOTAVAIL: "--host is not an address of this machine",
  ENOTFOUND: "--host is not an address of this machine"
}

const reason = (cause: unknown): string => {
  const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : ""
  return reasons[code] ?? `it cannot listen there${code === "" ? "" : ` (${code})`}`
}

const serve = Effect.gen(function*() {
  const sandbox = yield* TrustlySandbox
  const { faint, strong } = yield* Output.style
  yield* Output.print(
    strong(`A local Trustly at ${sandbox.url}`),
    `Look at what it holds and receives: ${new URL(sandbox.url).origin}/`,
    "",
    faint("# in another terminal"),
    `export TRUSTLY_BASE_URL='${sandbox.url}'`,
    `export TRUSTLY_ACCESS_ID='${sandbox.accessId}'`,
    `export TRUSTLY_ACCESS_KEY='${Redacted.value(sandbox.accessKey)}'`,
    `${info.name} update 1001165729 --vip 2 --city Reno --state NV`,
    "",
    "Press Ctrl-C to stop it"
  )
  return yield* Effect.never
})

interface Options extends TrustlySandbox.Options {
  /** Fault rules in their short form. */
  readonly faults: ReadonlyArray<string>
}

export const run = (
  { faults, ...options }: Options
): Effect.Effect<never, Problem | ConfigError.ConfigError, Terminal> =>
  Effect.gen(function*() {
    const rules = yield* Either.mapLeft(
      Either.all(faults.map(FaultText.parse)),
      (expected) => usage(`--fault: expected ${expected}. See ${info.name} sandbox --help`)
    )
    const addRules = Effect.flatMap(TrustlySandbox, ({ fail }) => Effect.forEach(rules, fail, { discard: true })).pipe(
      Effect.catchTag("FaultRuleError", ({ message }) => usage(`--fault: ${message}`))
    )
    return yield* Effect.zipRight(addRules, serve).pipe(
      Effect.provide(TrustlySandbox.layer(options)),
      Effect.catchTag("ServeError", ({ cause }) => Effect.fail(failed(`The sandbox did not start: ${reason(cause)}`)))
    )
  })
