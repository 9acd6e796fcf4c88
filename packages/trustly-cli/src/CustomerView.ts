/** How a customer is shown: as wire JSON or as lines, the four secrets hidden unless they were asked for. */
import { CustomerRecord } from "effect-trustly"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import * as Output from "./Output.ts"

/** Wire JSON of a customer, or of a part of it. */
export type Wire = { readonly [field: string]: unknown }

/** What stands for a secret. Trustly masks otherwise, so it is known again when it comes back in. */
const hidden = "<redacted>"

const secrets: ReadonlySet<string> = new Set(["taxId", "nationalId", "dateOfBirth", "driverLicense.number"])
const instants: ReadonlySet<string> = new Set(["createdAt", "updatedAt", "enrollDate"])
const groups: ReadonlySet<string> = new Set(["address", "driverLicense"])

const encode = Schema.encode(CustomerRecord)

/** A customer as it was on the wire. */
export const wire = (customer: CustomerRecord): Effect.Effect<typeof CustomerRecord.Encoded> =>
  // what was decoded can be encoded
  Effect.orDie(encode(customer))

const isGroup = (name: string, value: unknown): value is Wire => groups.has(name) && Predicate.isReadonlyRecord(value)

/** The same with its secrets hidden. */
export const masked = (customer: Wire, group = ""): Wire =>
  Record.map(
    customer,
    (value, name) =>
      secrets.has(group + name) && value !== null ? hidden : isGroup(name, value) ? masked(value, `${name}.`) : value
  )

type Field = readonly [path: string, value: unknown]

const fields = (customer: Wire, group = ""): ReadonlyArray<Field> =>
  Object.entries(customer).flatMap(([name, value]): ReadonlyArray<Field> =>
    isGroup(name, value) ? fields(value, `${name}.`) : [[group + name, value]]
  )

/** The secrets that are no secrets but masks: those of this program, and those that look like Trustly's. */
export const masks = (
  customer: Wire
): { readonly ours: ReadonlyArray<string>; readonly theirs: ReadonlyArray<string> } => {
  const held = fields(customer).filter(([path]) => secrets.has(path))
  return {
    ours: held.filter(([, value]) => value === hidden).map(([path]) => path),
    theirs: held.filter(([, value]) => typeof value === "string" && value.startsWith("#####")).map(([path]) => path)
  }
}

const nothing = "(none)"

const shown = (path: string, value: unknown, reveal: boolean): string => {
  if (value === undefined || value === null) return nothing
  if (secrets.has(path) && !reveal) return hidden
  if (instants.has(path) && typeof value === "number") {
    return Option.match(DateTime.make(value), { onNone: () => String(value), onSome: DateTime.formatIso })
  }
  return Output.harmless(typeof value === "string" && value !== "" ? value : JSON.stringify(value))
}

const table = (rows: ReadonlyArray<readonly [path: string, text: string]>): ReadonlyArray<string> => {
  const width = Math.max(...rows.map(([path]) => path.length))
  return rows.map(([path, text]) => `  ${path.padEnd(width)}  ${text}`)
}

/** A line for each field. */
export const lines = (customer: Wire, reveal: boolean): ReadonlyArray<string> =>
  table(fields(customer).map(([path, value]) => [path, shown(path, value, reveal)]))

/** A line for each field that is not as it was. Trustly sets the time of the change with every write, so that is left out. */
export const changes = (before: Wire, after: Wire, reveal: boolean): ReadonlyArray<string> => {
  const [was, is] = [new Map(fields(before)), new Map(fields(after))]
  const changed = [...new Set([...was.keys(), ...is.keys()])].filter((path) =>
    path !== "updatedAt" && JSON.stringify(was.get(path)) !== JSON.stringify(is.get(path))
  )
  return table(changed.map((path) => [
    path,
    `${shown(path, was.get(path), reveal)} -> ${shown(path, is.get(path), reveal)}`
  ]))
}

/** What became of the fields that were sent. */
export const sent = (body: Wire, after: Wire, reveal: boolean): ReadonlyArray<string> => {
  const is = new Map(fields(after))
  return table(fields(body).map(([path]) => [path, shown(path, is.get(path), reveal)]))
}
