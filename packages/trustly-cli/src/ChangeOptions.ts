/** The options of `update` that say what to change: `--set`, `--clear`, and a short form for each field. */
import type { CustomerChange, TrustlyValidationError } from "effect-trustly"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as String from "effect/String"
import type { CommandOption, Given } from "./CommandLine.ts"
import * as CommandLine from "./CommandLine.ts"
import * as Decode from "./Decode.ts"
import * as Fields from "./Fields.ts"
import * as FieldText from "./FieldText.ts"
import { nearest } from "./Nearest.ts"
import type { Problem } from "./Problem.ts"
import { usage } from "./Problem.ts"

/** Fields that an option may set. A driver's license is left to `--from`: it is set as a whole, and its number is secret. */
const settable = Fields.values.filter(({ kind, path }) =>
  kind !== "Secret" && !path.startsWith("driverLicense.") && path !== "customerId"
)

const settablePaths = settable.map(({ path }) => path)
const clearablePaths = Fields.clearable.map(({ path }) => path)

/** `address.city` is `--city`, `externalTier` is `--external-tier`. */
const optionName = (path: string): string =>
  String.snakeToKebab(String.camelToSnake(path.slice(path.lastIndexOf(".") + 1)))

const set = CommandLine.repeated(
  "set",
  "field>=<value",
  "Set a field by its name, such as address.city=Reno. Repeatable."
)

const clear = CommandLine.repeated("clear", "field", "Clear a field by its name, such as address.zip. Repeatable.")

const shortForms = settable.map(({ description, path }) => ({
  path,
  option: CommandLine.text(optionName(path), "value", `${path}: ${description}.`)
}))

/** What to change. */
export const options: ReadonlyArray<CommandOption<unknown>> = [set, clear]

/** A short form of `--set` for each field. */
export const fieldOptions: ReadonlyArray<CommandOption<unknown>> = shortForms.map(({ option }) => option)

/** The fields that only `--clear` takes. */
export const clearOnly: ReadonlyArray<string> = clearablePaths.filter((path) => !settablePaths.includes(path))

const unknownField = (option: string, name: string, known: ReadonlyArray<string>): Problem => {
  const hint = Option.match(nearest(name, known), {
    onNone: () => `Known fields: ${known.join(", ")}`,
    onSome: (field) => `Did you mean ${field}?`
  })
  return usage(`--${option}: unknown field. ${hint}`)
}

interface Assignment {
  readonly path: string
  /** The option that set it, for messages. */
  readonly option: string
  readonly value: unknown
}

const assign = (option: string, path: string, text: string): Either.Either<Assignment, Problem> =>
  Either.mapBoth(FieldText.read(path, text), {
    onLeft: (expected) => usage(`${option}: expected ${expected}`),
    onRight: (value) => ({ path, option, value })
  })

const parseSet = (text: string): Either.Either<Assignment, Problem> => {
  const at = text.indexOf("=")
  if (at === -1) return Either.left(usage("--set: expected <field>=<value>, such as --set address.city=Reno"))
  const path = text.slice(0, at)
  if (settablePaths.includes(path)) return assign(`--set ${path}`, path, text.slice(at + 1))
  return Either.left(
    Fields.isSecret(path) || path.startsWith("driverLicense")
      ? usage(`--set ${path}: secrets come in with --from only, because command lines show in process lists`)
      : unknownField("set", path, settablePaths)
  )
}

const parseClear = (path: string): Either.Either<Assignment, Problem> =>
  clearablePaths.includes(path)
    ? Either.right({ path, option: `--clear ${path}`, value: null })
    : Either.left(
      settablePaths.includes(path)
        ? usage(`--clear ${path}: Trustly requires this field, so it cannot be cleared`)
        : unknownField("clear", path, clearablePaths)
    )

const toWire = (assignments: ReadonlyArray<Assignment>) => {
  const wire: Record<string, unknown> = {}
  const address: Record<string, unknown> = {}
  for (const { path, value } of assignments) {
    if (path.startsWith("address.")) address[path.slice("address.".length)] = value
    else wire[path] = value
  }
  return Object.keys(address).length === 0 ? wire : { ...wire, address }
}

/** The change that the options describe; none if they describe nothing. */
export const read = (
  given: Given
): Effect.Effect<Option.Option<CustomerChange>, Problem | TrustlyValidationError> =>
  Effect.gen(function*() {
    const short = yield* Effect.forEach(shortForms, ({ option, path }) =>
      Effect.map(given.get(option), Option.map((text) => assign(`--${option.name}`, path, text))))
    const assignments = yield* Either.all([
      ...short.flatMap(Option.toArray),
      ...(yield* given.get(set)).map(parseSet),
      ...[...new Set(yield* given.get(clear))].map(parseClear)
    ])
    const duplicate = assignments.find(({ path }, at) =>
      assignments.findIndex((other) => other.path === path) !== at
    )
    if (duplicate !== undefined) {
      return yield* usage(`${duplicate.option}: another option changes ${duplicate.path} too`)
    }
    if (assignments.length === 0) return Option.none()
    return Option.some(yield* Decode.change(toWire(assignments)))
  })
