/**
 * The command line of the sandbox, for its own command and for programs that offer it as a subcommand.
 *
 * @since 0.1.0
 */
import type * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Arr from "effect/Array"
import * as ConfigError from "effect/ConfigError"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberRef from "effect/FiberRef"
import { pipe } from "effect/Function"
import * as HashSet from "effect/HashSet"
import * as Logger from "effect/Logger"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { parseArgs } from "node:util"
import type { FaultRule } from "./Fault.ts"
import * as CustomersFile from "./internal/customersFile.ts"
import * as FaultOption from "./internal/faultOption.ts"
import { TrustlySandbox } from "./TrustlySandbox.ts"

/**
 * The command ended without running a sandbox. `message` says what happened and what to do; `status` is the exit status: 1 if the
 * sandbox cannot start, 2 if an option or a file has to change.
 *
 * @since 0.1.0
 * @category errors
 */
export class SandboxCliError extends Schema.TaggedError<SandboxCliError>()("SandboxCliError", {
  message: Schema.String,
  status: Schema.Literal(1, 2)
}) {}

const definitions = {
  "port": { type: "string", value: "number", text: "Port to listen on, 0 for any free port. Default: 4000" },
  "host": {
    type: "string",
    value: "address",
    text: "Address to listen on. Default: 127.0.0.1, which\nother machines cannot reach"
  },
  "allow-host": {
    type: "string",
    multiple: true,
    value: "name",
    text: "Another host name for the page and the control path,\nsuch as sandbox or localhost:8080. Repeatable"
  },
  "access-id": { type: "string", value: "text", text: "User name that clients must send. Default: sandbox" },
  "customers": {
    type: "string",
    value: "file",
    text: "Customers to start with: an NDJSON file with one\ncustomer per line, as Trustly returns it"
  },
  "seed": { type: "string", value: "number", text: "Number of generated customers to add, up to 10000.\nDefault: 0" },
  "fault": { type: "string", multiple: true, value: "rule", text: "Fail requests as this rule says. Repeatable" },
  "help": { type: "boolean", text: "Print this help" }
} as const

type Name = keyof typeof definitions

const isName = (name: string): name is Name => Object.hasOwn(definitions, name)

const helpOf = (command: string): string => {
  const rows = Object.entries(definitions).map(([name, definition]) => ({
    flag: `--${name}${"value" in definition ? ` <${definition.value}>` : ""}`,
    text: definition.text
  }))
  const width = Math.max(...rows.map(({ flag }) => flag.length)) + 4
  const options = rows.flatMap(({ flag, text }) =>
    text.split("\n").map((line, index) => (index === 0 ? `  ${flag}` : "").padEnd(width) + line)
  )
  return [
    `Usage: ${command} [options]`,
    "",
    "Runs a local mock of Trustly until it is stopped. It prints its URL, the",
    "address of its page, and the environment variables for a client.",
    "",
    "Options:",
    ...options,
    "",
    "Fault rules are words separated by commas:",
    "  what      status=503, retry-after=1 (seconds), delay=200 (milliseconds),",
    "            silence, reset, reset=body, malformed",
    "  requests  operation=update (get, find, createOrUpdate), customer=1001165729",
    "  how many  next=2 (default 1), every=3, share=0.2",
    "  applied   apply a write before failing",
    "",
    "Example:",
    `  ${command} --seed 50 --fault status=503,every=5`
  ].join("\n")
}

interface Parsed {
  readonly isHelp: boolean
  readonly options: TrustlySandbox.Options
  readonly customersFile: string | undefined
  readonly faults: ReadonlyArray<FaultRule>
}

const usage = (message: string): SandboxCliError =>
  new SandboxCliError({ message: `${message}. See --help`, status: 2 })

const integer = (
  name: Name,
  text: string | undefined,
  max: number,
  fallback: number
): Either.Either<number, SandboxCliError> => {
  if (text === undefined) return Either.right(fallback)
  return /^\d{1,9}$/.test(text) && Number(text) <= max
    ? Either.right(Number(text))
    : Either.left(usage(`--${name} must be an integer from 0 to ${max}`))
}

const valuesOf = (
  args: ReadonlyArray<string>
): Either.Either<ReadonlyMap<Name, ReadonlyArray<string>>, SandboxCliError> => {
  // the errors of strict parsing are not made for users
  const { tokens } = parseArgs({
    args: [...args],
    options: definitions,
    strict: false,
    allowPositionals: true,
    tokens: true
  })
  const values = new Map<Name, ReadonlyArray<string>>()
  for (const token of tokens) {
    if (token.kind === "positional") return Either.left(usage(`Unexpected argument "${token.value}"`))
    if (token.kind === "option-terminator") continue
    const { inlineValue, name, rawName, value } = token
    if (!isName(name) || !rawName.startsWith("--")) return Either.left(usage(`Unknown option "${rawName}"`))
    const definition = definitions[name]
    if (definition.type === "boolean" && value !== undefined) return Either.left(usage(`--${name} takes no value`))
    if (definition.type === "string" && (value === undefined || (inlineValue === false && value.startsWith("-")))) {
      return Either.left(usage(`--${name} needs a value`))
    }
    if (!("multiple" in definition) && values.has(name)) return Either.left(usage(`--${name} is given twice`))
    values.set(name, [...(values.get(name) ?? []), value ?? ""])
  }
  return Either.right(values)
}

const parse = (args: ReadonlyArray<string>): Either.Either<Parsed, SandboxCliError> =>
  Either.gen(function*() {
    const values = yield* valuesOf(args)
    const port = yield* integer("port", values.get("port")?.[0], 65_535, 4000)
    const seed = yield* integer("seed", values.get("seed")?.[0], 10_000, 0)
    const faults = yield* Either.all((values.get("fault") ?? []).map((text) =>
      Either.mapLeft(FaultOption.parse(text), (problem) => usage(`--fault: ${problem}`))
    ))
    return {
      isHelp: values.has("help"),
      customersFile: values.get("customers")?.[0],
      faults,
      options: {
        port,
        seed,
        host: values.get("host")?.[0],
        accessId: values.get("access-id")?.[0],
        allowHosts: values.get("allow-host")
      }
    }
  })

const fileProblems: Readonly<Record<string, string>> = {
  NotFound: "the file does not exist",
  PermissionDenied: "permission denied",
  BadResource: "not a regular file"
}

const fileProblem = (error: PlatformError.PlatformError): string =>
  fileProblems[error._tag === "SystemError" ? error.reason : ""] ?? "the file cannot be read"

const shownProblems = 20

const readCustomers = (path: string) =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    const file = yield* Effect.mapError(
      fileSystem.readFile(path),
      (error) => new SandboxCliError({ message: `Cannot read "${path}": ${fileProblem(error)}`, status: 2 })
    )
    return yield* Either.mapLeft(CustomersFile.parse(file), (problems) => {
      const shown = problems.slice(0, shownProblems).map((problem) => `${path}: ${problem}`)
      const rest = problems.length - shown.length
      return new SandboxCliError({
        message: [...shown, ...(rest > 0 ? [`${path}: ${rest} more bad lines`] : [])].join("\n"),
        status: 2
      })
    })
  })

const serveProblem = (cause: unknown, host: string, port: number): string => {
  switch (Predicate.hasProperty(cause, "code") ? cause.code : undefined) {
    case "EADDRINUSE":
      return `Port ${port} is already in use. Choose another one with --port, or any free one with --port 0`
    case "EACCES":
      return `Port ${port} needs administrator rights. Choose one from 1024 with --port`
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `"${host}" is not an address of this machine. Change --host`
    default:
      return `The sandbox cannot listen on ${host}:${port}`
  }
}

const flags: Readonly<Record<string, string>> = {
  accessId: "--access-id",
  allowHosts: "--allow-host",
  host: "--host"
}

const describeConfigError = (error: ConfigError.ConfigError): string =>
  ConfigError.isInvalidData(error) ? `${flags[error.path.join()] ?? error.path.join()} ${error.message}` : String(error)

// the log of the sandbox is the output of the command: information on stdout, warnings on stderr
const outputLogger = Logger.withLeveledConsole(Logger.make(({ logLevel, message }) => {
  const text = Arr.ensure(message).join(" ")
  return logLevel._tag === "Warning" ? `Warning: ${text}` : text
}))

/**
 * Runs the command with these arguments until it is interrupted. `command` is how the help calls it. Prints the startup lines of
 * the sandbox on stdout; with `--help`, prints the help and ends.
 *
 * @since 0.1.0
 * @category commands
 * @example
 * import { NodeFileSystem } from "@effect/platform-node"
 * import { Effect } from "effect"
 * import { run } from "effect-trustly-sandbox/cli"
 *
 * const command = run(["--port", "many"], { command: "my-program sandbox" })
 *
 * const error = Effect.runSync(Effect.flip(Effect.provide(command, NodeFileSystem.layer)))
 * assert.strictEqual(error.message, "--port must be an integer from 0 to 65535. See --help")
 * assert.strictEqual(error.status, 2)
 */
export const run = (
  args: ReadonlyArray<string>,
  { command = "effect-trustly-sandbox" }: { readonly command?: string } = {}
): Effect.Effect<void, SandboxCliError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const { customersFile, faults, isHelp, options } = yield* parse(args)
    if (isHelp) return yield* Console.log(helpOf(command))
    const customers = customersFile === undefined ? undefined : yield* readCustomers(customersFile)
    const { host = "127.0.0.1", port = 0 } = options

    return yield* pipe(
      Effect.flatMap(TrustlySandbox, ({ fail }) => Effect.forEach(faults, fail, { discard: true })),
      Effect.zipRight(Console.log("Press Ctrl-C to stop")),
      Effect.zipRight(Effect.never),
      Effect.provide(TrustlySandbox.layer({ ...options, customers })),
      Effect.locally(FiberRef.currentLoggers, HashSet.make(outputLogger)),
      Effect.catchTags({
        ServeError: ({ cause }) =>
          Effect.fail(new SandboxCliError({ message: serveProblem(cause, host, port), status: 1 })),
        FaultRuleError: ({ message }) => Effect.fail(usage(`--fault: ${message}`)),
        ConfigError: (error) => Effect.fail(usage(describeConfigError(error)))
      })
    )
  })
