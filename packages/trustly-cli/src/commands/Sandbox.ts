import * as Effect from "effect/Effect"
import * as CommandLine from "../CommandLine.ts"
import { Problem } from "../Problem.ts"
import { info } from "../Program.ts"

/** The sandbox brings its own command line, so that its options and its output are the same everywhere. */
export const sandbox = CommandLine.makeForwarded({
  name: "sandbox",
  summary: "Run a local sandbox to try the other commands.",
  forward: (args) =>
    Effect.gen(function*() {
      // loaded only here: the other commands start faster without it
      const cli = yield* Effect.promise(() => import("effect-trustly-sandbox/cli"))
      yield* cli.run(args, { command: `${info.name} sandbox` }).pipe(
        Effect.mapError(({ message, status }) => new Problem({ message, status }))
      )
    })
})
