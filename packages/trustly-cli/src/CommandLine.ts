/** Parses command lines and prints help. A value that was typed never appears in a message: it may be a secret in the wrong place. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { parseArgs } from "node:util"
import { nearest } from "./Nearest.ts"
import type { Problem } from "./Problem.ts"
import { usage } from "./Problem.ts"

/** An option of a command, and how its values are read. */
export interface CommandOption<out A> {
  readonly name: string
  /** Stands for the value in the help; a flag has none. */
  readonly placeholder: string | undefined
  readonly help: string
  readonly isRepeatable: boolean
  /** Reads the values that were given. The left side says what was expected. */
  readonly read: (values: ReadonlyArray<string>) => Either.Either<A, string>
}

export const flag = (name: string, help: string): CommandOption<boolean> => ({
  name,
  placeholder: undefined,
  help,
  isRepeatable: false,
  read: (values) => Either.right(values.length > 0)
})

interface Value<A> {
  readonly placeholder: string
  readonly help: string
  /** Reads the text, or none if it is not `expected`. */
  readonly parse: (text: string) => Option.Option<A>
  readonly expected: string
}

export const value = <A>(
  name: string,
  { expected, help, parse, placeholder }: Value<A>
): CommandOption<Option.Option<A>> => ({
  name,
  placeholder,
  help,
  isRepeatable: false,
  read: ([text]) =>
    text === undefined
      ? Either.right(Option.none())
      : Either.map(Either.fromOption(parse(text), () => expected), Option.some)
})

export const text = (name: string, placeholder: string, help: string): CommandOption<Option.Option<string>> =>
  value(name, { placeholder, help, parse: Option.some, expected: "a text" })

export const choice = <const A extends string>(
  name: string,
  choices: ReadonlyArray<A>,
  help: string
): CommandOption<Option.Option<A>> =>
  value(name, {
    placeholder: choices.join("|"),
    help,
    parse: (given) => Option.fromNullable(choices.find((one) => one === given)),
    expected: `one of ${choices.join(", ")}`
  })

export const integer = (
  name: string,
  { help, max, min, placeholder = "number" }: {
    readonly min: number
    readonly max: number
    readonly help: string
    readonly placeholder?: string
  }
): CommandOption<Option.Option<number>> =>
  value(name, {
    placeholder,
    help,
    parse: (given) => Option.filter(Option.some(Number(given)), (n) => /^\d{1,9}$/.test(given) && n >= min && n <= max),
    expected: `a whole number from ${min} to ${max}`
  })

/** An option that can be given several times. */
export const repeated = (name: string, placeholder: string, help: string): CommandOption<ReadonlyArray<string>> => ({
  name,
  placeholder,
  help,
  isRepeatable: true,
  read: Either.right
})

export const withDefault = <A>(option: CommandOption<Option.Option<A>>, fallback: A): CommandOption<A> => ({
  ...option,
  help: `${option.help} Default: ${fallback}.`,
  read: (values) => Either.map(option.read(values), Option.getOrElse(() => fallback))
})

interface OptionGroup {
  readonly title: string
  readonly options: ReadonlyArray<CommandOption<unknown>>
}

/** The values of a command line. */
export interface Given {
  /** The argument of the command; empty where it has none. */
  readonly argument: string
  readonly get: <A>(option: CommandOption<A>) => Effect.Effect<A, Problem>
}

export interface Command<E, R> {
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
  readonly description: ReadonlyArray<string>
  readonly argument?: { readonly name: string; readonly help: string }
  readonly groups: ReadonlyArray<OptionGroup>
  /** Paragraphs below the options. */
  readonly notes?: ReadonlyArray<string>
  readonly examples: ReadonlyArray<string>
  readonly run: (given: Given) => Effect.Effect<void, E, R>
}

export const makeCommand = <E, R>(definition: Command<E, R>): Command<E, R> => definition

/** A command that reads its own arguments, and prints its own help. */
export interface Forwarded<E, R> {
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
  readonly forward: (args: ReadonlyArray<string>) => Effect.Effect<void, E, R>
}

export const makeForwarded = <E, R>(definition: Forwarded<E, R>): Forwarded<E, R> => definition

/** Provides a layer to the command. The layer is built after the command line was parsed. */
export const provide = <E, R, A, E2, R2>(
  definition: Command<E, R>,
  layer: Layer.Layer<A, E2, R2>
): Command<E | E2, R2 | Exclude<R, A>> => ({
  ...definition,
  run: (given) => Effect.provide(definition.run(given), layer)
})

export interface Program<E, R> {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly commands: ReadonlyArray<Command<E, R> | Forwarded<E, R>>
  /** Shown below the list of commands. */
  readonly sections: ReadonlyArray<{ readonly title: string; readonly lines: ReadonlyArray<string> }>
}

const width = 80

/** Breaks a text between words, each line with this indentation. */
const wrap = (paragraph: string, indent: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = ""
  for (const word of paragraph.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > width) {
      lines.push(line)
      line = ""
    }
    line = line === "" ? word : `${line} ${word}`
  }
  return [...lines, line].map((one) => " ".repeat(indent) + one)
}

/** Rows of a label and a text beside it. */
const table = (rows: ReadonlyArray<readonly [label: string, text: string]>): ReadonlyArray<string> => {
  const column = Math.min(Math.max(...rows.map(([label]) => label.length)), 24) + 4
  return rows.flatMap(([label, help]) => {
    const [first = "", ...rest] = wrap(help, column)
    const start = `  ${label}`
    return start.length + 2 > column
      ? [start, first, ...rest]
      : [start.padEnd(column) + first.slice(column), ...rest]
  })
}

const labelOf = ({ name, placeholder }: CommandOption<unknown>): string =>
  placeholder === undefined ? `--${name}` : `--${name} <${placeholder}>`

const section = (title: string, lines: ReadonlyArray<string>): ReadonlyArray<string> => ["", title, ...lines]

const usageOf = (program: string, { argument, groups, name }: Command<never, never> | Command<unknown, unknown>) =>
  `${program} ${name}${argument === undefined ? "" : ` <${argument.name}>`}${groups.length > 0 ? " [options]" : ""}`

const helpOfCommand = (program: string, command: Command<unknown, unknown>): ReadonlyArray<string> => [
  usageOf(program, command),
  "",
  ...command.description.flatMap((paragraph) => wrap(paragraph, 0)),
  ...section("Examples", command.examples.map((example) => `  ${program} ${example}`)),
  ...(command.argument === undefined
    ? []
    : section("Argument", table([[`<${command.argument.name}>`, command.argument.help]]))),
  ...command.groups.flatMap(({ options, title }) =>
    section(title, table(options.map((option) => [labelOf(option), option.help])))
  ),
  ...(command.notes ?? []).flatMap((note) => ["", ...wrap(note, 0)])
]

const helpOfProgram = ({ commands, description, name, sections }: Program<unknown, unknown>): ReadonlyArray<string> => [
  `${name} <command> [options]`,
  "",
  ...wrap(description, 0),
  ...section("Commands", table(commands.map((command) => [command.name, command.summary]))),
  ...section(
    "Options",
    table([["--help", "Show this help, or that of a command."], ["--version", "Show the version."]])
  ),
  ...sections.flatMap(({ lines, title }) => section(title, lines.flatMap((line) => wrap(line, 2))))
]

const suggestion = (typed: string, known: ReadonlyArray<string>, prefix = ""): string =>
  Option.match(nearest(typed, known), { onNone: () => "", onSome: (name) => ` Did you mean ${prefix}${name}?` })

/** Reads the arguments of a command. */
const parse = (
  program: string,
  command: Command<unknown, unknown>,
  args: ReadonlyArray<string>
): Either.Either<Given, Problem> => {
  const options = command.groups.flatMap((group) => group.options)
  const refuse = (message: string) => usage(`${message} See ${program} ${command.name} --help`)
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      options.map(({ name, placeholder }) => [name, { type: placeholder === undefined ? "boolean" : "string" }])
    )
  })
  const positionals = tokens.flatMap((token) => token.kind === "positional" ? [token.value] : [])
  const values = new Map<string, Array<string>>()
  for (const token of tokens) {
    if (token.kind !== "option") continue
    const option = options.find(({ name }) => name === token.name)
    if (option === undefined || !token.rawName.startsWith("--")) {
      const hint = suggestion(token.name, options.map(({ name }) => name), "--")
      return Either.left(refuse(`Unknown option ${token.rawName}.${hint}`))
    }
    const given = values.get(option.name)
    if (given !== undefined && !option.isRepeatable) return Either.left(refuse(`--${option.name} is given twice.`))
    if (option.placeholder === undefined && token.value !== undefined) {
      return Either.left(refuse(`--${option.name} takes no value.`))
    }
    if (option.placeholder !== undefined && token.value === undefined) {
      return Either.left(refuse(`--${option.name} needs a value.`))
    }
    // the parser takes the next option for a value that was forgotten; `-` alone stands for stdin
    if (token.inlineValue === false && token.value.startsWith("-") && token.value !== "-") {
      return Either.left(
        refuse(`--${option.name} needs a value. Write one that starts with "-" as --${option.name}=<value>.`)
      )
    }
    values.set(option.name, [...(given ?? []), token.value ?? ""])
  }
  const [argument = "", ...more] = positionals
  if (command.argument !== undefined && argument === "") {
    return Either.left(refuse(`<${command.argument.name}> is missing.`))
  }
  if (more.length > 0 || (command.argument === undefined && positionals.length > 0)) {
    return Either.left(refuse("There is an argument too many. Put quotes around a value that contains spaces."))
  }
  return Either.right({
    argument,
    get: (option) =>
      Either.mapLeft(
        option.read(values.get(option.name) ?? []),
        (expected) => refuse(`--${option.name}: expected ${expected}.`)
      )
  })
}

const asksForHelp = (args: ReadonlyArray<string>): boolean => {
  const end = args.indexOf("--")
  return (end === -1 ? args : args.slice(0, end)).some((arg) => arg === "--help" || arg === "-h")
}

/** Runs the command that the arguments name, or prints help. */
export const run = <E, R, E2, R2>(
  program: Program<E, R>,
  args: ReadonlyArray<string>,
  print: (...lines: ReadonlyArray<string>) => Effect.Effect<void, E2, R2>
): Effect.Effect<void, E | E2 | Problem, R | R2> =>
  Effect.suspend((): Effect.Effect<void, E | E2 | Problem, R | R2> => {
    const [name = "", ...rest] = args
    const command = program.commands.find((one) => one.name === name)
    if (command !== undefined && "forward" in command) return command.forward(rest)
    if (command !== undefined) {
      return asksForHelp(rest)
        ? print(...helpOfCommand(program.name, command))
        : Effect.flatMap(parse(program.name, command, rest), command.run)
    }
    if (name === "--version") return print(program.version)
    if (name === "" || asksForHelp(args)) return print(...helpOfProgram(program))
    const hint = suggestion(name, program.commands.map((one) => one.name))
    const what = name.startsWith("-") ? "Unknown option" : "Unknown command"
    return Effect.fail(usage(`${what}.${hint} See ${program.name} --help`))
  })
