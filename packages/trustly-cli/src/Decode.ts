/**
 * Decodes customers and commands from wire JSON. Every way in goes through here: `--from`, NDJSON, CSV, and field options. No error
 * contains a value.
 */
import type { Issue, Operation } from "effect-trustly"
import { CustomerBatch, CustomerChange, CustomerUpdate, issuesOf, TrustlyValidationError } from "effect-trustly"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Fields from "./Fields.ts"
import * as FieldText from "./FieldText.ts"
import type { Wire } from "./Json.ts"
import * as Json from "./Json.ts"

/** Stands for a secret in what this program prints. */
export const redacted = "<redacted>"

type Decoded<A> = Either.Either<A, TrustlyValidationError>

const instants = Fields.values.filter(({ kind }) => kind === "Instant").map(({ path }) => path)

/** The library accepts any instant: a number that is not in milliseconds would be stored as a day in 1970. */
const issuesIn = (customer: Wire): ReadonlyArray<Issue> =>
  instants.flatMap((path) => {
    const value = customer[path]
    return typeof value === "number" && !FieldText.isMilliseconds(value)
      ? [{ path, problem: "invalid", expected: "milliseconds since 1970" }]
      : []
  })

const refuse = (operation: Operation, issues: ReadonlyArray<Issue>, prefix: string): TrustlyValidationError =>
  new TrustlyValidationError({ operation, issues: issues.map((issue) => ({ ...issue, path: prefix + issue.path })) })

const checked = (operation: Operation, customer: unknown, prefix = ""): Decoded<unknown> => {
  if (!Json.isObject(customer)) return Either.right(customer)
  const issues = issuesIn(customer)
  return issues.length > 0 ? Either.left(refuse(operation, issues, prefix)) : Either.right(customer)
}

const decoder = <A, I>(operation: Operation, schema: Schema.Schema<A, I>) => {
  const decode = Schema.decodeUnknownEither(schema, { errors: "all" })
  return (json: unknown): Decoded<A> =>
    Either.flatMap(
      checked(operation, json),
      (customer) =>
        Either.mapLeft(decode(customer), (error) => new TrustlyValidationError({ operation, issues: issuesOf(error) }))
    )
}

export const update = decoder("update", CustomerUpdate)

export const change = decoder("modify", CustomerChange)

/** A command of an import, such as `{"customerId": "1", "change": {...}}`. */
export const command = (wire: Wire): Decoded<CustomerBatch.Command> => {
  const name = "update" in wire ? "update" : "change"
  return Either.flatMap(
    checked(name === "update" ? "update" : "modify", wire[name], `${name}.`),
    (customer) => CustomerBatch.decode(name in wire ? { ...wire, [name]: customer } : wire)
  )
}
