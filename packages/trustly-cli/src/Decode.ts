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

const isMask = (value: unknown): boolean => typeof value === "string" && /^#{5,}.{0,4}$/.test(value)

const issuesIn = (customer: Wire, group = ""): ReadonlyArray<Issue> =>
  Object.entries(customer).flatMap(([name, value]): ReadonlyArray<Issue> => {
    const path = `${group}${name}`
    if (Fields.isSecret(path) && value === redacted) {
      return [{ path, problem: "invalid", expected: `the real value: ${redacted} is what this program prints for it` }]
    }
    if (path === "enrollDate" && typeof value === "number" && !FieldText.isMilliseconds(value)) {
      return [{ path, problem: "invalid", expected: "milliseconds since 1970" }]
    }
    return Fields.groups.has(path) && Json.isObject(value) ? issuesIn(value, `${path}.`) : []
  })

/** Leaves masked secrets out: they mean "unchanged". */
const withoutMasks = (customer: Wire): Wire => {
  const kept: Record<string, unknown> = { ...customer }
  for (const [name, value] of Object.entries(customer)) {
    if (Fields.isSecret(name) && isMask(value)) delete kept[name]
    if (name === "driverLicense" && Json.isObject(value) && isMask(value["number"])) delete kept[name]
  }
  return kept
}

const refuse = (operation: Operation, issues: ReadonlyArray<Issue>, prefix: string): TrustlyValidationError =>
  new TrustlyValidationError({ operation, issues: issues.map((issue) => ({ ...issue, path: prefix + issue.path })) })

const checked = (operation: Operation, customer: unknown, prefix = ""): Decoded<unknown> => {
  if (!Json.isObject(customer)) return Either.right(customer)
  const issues = issuesIn(customer)
  return issues.length > 0 ? Either.left(refuse(operation, issues, prefix)) : Either.right(withoutMasks(customer))
}

const decoder = <A, I>(operation: Operation, schema: Schema.Schema<A, I>) => {
  const decode = Schema.decodeUnknownEither(schema, { onExcessProperty: "error", errors: "all" })
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
