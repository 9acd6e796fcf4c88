/** Shows a customer as wire JSON or as rows. Secrets are hidden unless they are asked for. */
import { CustomerRecord } from "effect-trustly"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import { redacted } from "./Decode.ts"
import * as Fields from "./Fields.ts"
import type { Wire } from "./Json.ts"
import * as Json from "./Json.ts"
import * as Output from "./Output.ts"

const encode = Schema.encode(CustomerRecord)

/** A customer as it was on the wire. */
export const toWire = (customer: CustomerRecord): Effect.Effect<typeof CustomerRecord.Encoded> =>
  // what was decoded can be encoded
  Effect.orDie(encode(customer))

const isGroup = (path: string, value: unknown): value is Wire => Fields.groups.has(path) && Json.isObject(value)

/** The same with its secrets hidden. */
export const redact = (customer: Wire, group = ""): Wire =>
  Record.map(
    customer,
    (value, name) =>
      Fields.isSecret(group + name) && value !== null
        ? redacted
        : isGroup(name, value)
        ? redact(value, `${name}.`)
        : value
  )

type Field = readonly [path: string, value: unknown]

const fieldsOf = (customer: Wire, group = ""): ReadonlyArray<Field> =>
  Object.entries(customer).flatMap(([name, value]): ReadonlyArray<Field> =>
    isGroup(name, value) ? fieldsOf(value, `${name}.`) : [[group + name, value]]
  )

const format = (path: string, value: unknown, reveal: boolean): string => {
  if (value === undefined || value === null) return "(none)"
  if (Fields.isSecret(path) && !reveal) return redacted
  if (Fields.kindOf(path) === "Instant" && typeof value === "number") {
    return Option.match(DateTime.make(value), { onNone: () => String(value), onSome: DateTime.formatIso })
  }
  return Output.escapeControls(typeof value === "string" && value !== "" ? value : JSON.stringify(value))
}

const table = (rows: ReadonlyArray<readonly [path: string, text: string]>): ReadonlyArray<string> => {
  const width = Math.max(...rows.map(([path]) => path.length))
  return rows.map(([path, text]) => `  ${path.padEnd(width)}  ${text}`)
}

/** A row for each field. */
export const rows = (customer: Wire, reveal: boolean): ReadonlyArray<string> =>
  table(fieldsOf(customer).map(([path, value]) => [path, format(path, value, reveal)]))

/** A row for each field that differs. `updatedAt` is left out: Trustly sets it with every write. */
export const differences = (before: Wire, after: Wire, reveal: boolean): ReadonlyArray<string> => {
  const [old, current] = [new Map(fieldsOf(before)), new Map(fieldsOf(after))]
  const paths = [...new Set([...old.keys(), ...current.keys()])]
  const changed = paths.filter((path) =>
    path !== "updatedAt" && JSON.stringify(old.get(path)) !== JSON.stringify(current.get(path))
  )
  return table(changed.map((path) => [
    path,
    `${format(path, old.get(path), reveal)} -> ${format(path, current.get(path), reveal)}`
  ]))
}

/** A row for each field of a body, with its value in the customer. */
export const rowsOfBody = (body: Wire, customer: Wire, reveal: boolean): ReadonlyArray<string> => {
  const values = new Map(fieldsOf(customer))
  return table(fieldsOf(body).map(([path]) => [path, format(path, values.get(path), reveal)]))
}

/** The customer after a write of this body: `null` clears a field, `address` is merged, everything else replaces. */
export const applyBody = (customer: Wire, body: Wire): Wire => {
  const result: Record<string, unknown> = { ...customer }
  for (const [name, value] of Object.entries(body)) {
    const stored = result[name]
    if (value === null) delete result[name]
    else if (name === "address" && Json.isObject(value)) {
      result[name] = applyBody(Json.isObject(stored) ? stored : {}, value)
    } else result[name] = value
  }
  return result
}
