/** The command line as the parser of `@effect/cli` takes it without losing anything. */
import * as Effect from "effect/Effect"
import type { Problem } from "./Problem.ts"
import { usage } from "./Problem.ts"

/** Options that can be repeated. */
export const repeatable = { clear: "clear", fault: "fault" } as const

const option = /^(--[A-Za-z][\w-]*)=(.*)$/s

/**
 * Splits `--option=value`: the parser does so for most options only, and trims the value. A repeatable option without a value
 * would be left out in silence.
 */
export const prepare = (argv: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>, Problem> =>
  Effect.suspend(() => {
    const end = argv.indexOf("--")
    const [given, forced] = end === -1 ? [argv, []] : [argv.slice(0, end), argv.slice(end)]
    const args = given.flatMap((arg, at) => {
      const split = at < 2 ? null : option.exec(arg)
      return split === null ? [arg] : split.slice(1)
    })
    const bare = Object.values(repeatable).find((name) =>
      args.some((arg, at) => arg === `--${name}` && (args[at + 1] ?? "") === "")
    )
    // the parser takes what follows on the standard input for more of its kind
    const isInput = (arg: string) => arg === "-" && args[2] === "import"
    return bare === undefined
      ? Effect.succeed([...args.filter((arg) => !isInput(arg)), ...args.filter(isInput), ...forced])
      : Effect.fail(usage(`Expected a value following option: '--${bare}'. See --help`))
  })
