/** Reports startup failures in one line without values, and sets the exit code. */
import type * as Runtime from "@effect/platform/Runtime"
import { StorageError } from "effect-trustly-delivery"
import * as Cause from "effect/Cause"
import * as ConfigError from "effect/ConfigError"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { closeSync, openSync } from "node:fs"
import * as Database from "./Database.ts"

/** A startup failure that has been described for the user. Exit code 2: the configuration has to change. */
class Problem extends Data.TaggedError("Problem")<{ readonly message: string; readonly exitCode: 1 | 2 }> {}

const formatProblem = (path: ReadonlyArray<string>, problem: string) => `${path.join(".")} ${problem}`
const joinProblems = (_: void, left: string, right: string) => `${left}; ${right}`
const formatInvalid = (_: void, path: ReadonlyArray<string>, problem: string) => formatProblem(path, problem)

const configReducer: ConfigError.ConfigErrorReducer<void, string> = {
  andCase: joinProblems,
  orCase: joinProblems,
  invalidDataCase: formatInvalid,
  missingDataCase: (_, path) => formatProblem(path, "is missing"),
  sourceUnavailableCase: formatInvalid,
  unsupportedCase: formatInvalid
}

const unknownError = "unknown error"

const codeOrUnknown = (error: unknown): string => StorageError.fromUnknown(error).code ?? unknownError

/** Why a file cannot be opened. The SQLite driver does not report it. */
const openingProblem = (file: string) =>
  Effect.match(Effect.try({ try: () => closeSync(openSync(file, "a")), catch: codeOrUnknown }), {
    onFailure: (code) => {
      if (code === "ENOENT") return "its folder does not exist"
      return code === "EISDIR" ? "it is a folder" : code
    },
    onSuccess: () => unknownError
  })

const describe = (error: unknown) =>
  Effect.gen(function*() {
    if (Predicate.isTagged(error, "ServeError")) return `Cannot listen on HOST and PORT: ${codeOrUnknown(error)}`
    if (Option.isSome(yield* Database.url)) return `Cannot use the database in DATABASE_URL: ${codeOrUnknown(error)}`
    const file = yield* Database.file
    if (StorageError.fromUnknown(error).reason === "InUse") {
      return `${file} is in use by another process. Stop it, or set DELIVERY_FILE to another file`
    }
    const code = codeOrUnknown(error)
    return `Cannot use the database file ${file}: ${code === unknownError ? yield* openingProblem(file) : code}`
  })

/** Whether HOST is no address of this machine. A port that is taken can be free at the next start. */
const isUnusableHost = (error: unknown): boolean =>
  Predicate.isTagged(error, "ServeError") && /^(ENOTFOUND|EAI_\w+|EADDRNOTAVAIL|EINVAL)$/.test(codeOrUnknown(error))

const fromCause = (cause: Cause.Cause<unknown>): Effect.Effect<Problem, ConfigError.ConfigError> => {
  const error = Cause.squash(cause)
  if (ConfigError.isConfigError(error)) {
    return Effect.succeed(
      new Problem({ message: ConfigError.reduceWithContext(error, undefined, configReducer), exitCode: 2 })
    )
  }
  return Predicate.isTagged(error, "KeyMissing") && error instanceof Error
    ? Effect.succeed(new Problem({ message: `DELIVERY_KEYS: ${error.message}`, exitCode: 2 }))
    : Effect.map(describe(error), (message) => new Problem({ message, exitCode: isUnusableHost(error) ? 2 : 1 }))
}

/** Prints one line to stderr when an effect fails. Interruption is a normal exit. */
export const report = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, Problem | ConfigError.ConfigError, R> =>
  Effect.catchAllCause(effect, (cause) =>
    Cause.isInterruptedOnly(cause)
      ? Effect.interrupt
      : Effect.flatMap(fromCause(cause), (problem) => Effect.zipRight(Console.error(problem.message), problem)))

export const teardown: Runtime.Teardown = (exit, onExit) =>
  onExit(Exit.match(exit, {
    onSuccess: () => 0,
    onFailure: (cause) => {
      if (Cause.isInterruptedOnly(cause)) return 0
      const error = Cause.squash(cause)
      return error instanceof Problem ? error.exitCode : 1
    }
  }))
