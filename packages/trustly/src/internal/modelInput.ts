/** What Trustly reads out of a request: the operation, and the fields that are to be written. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import type * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import type { CustomerRecord } from "../Customer.ts"
import { CustomerChange, CustomerUpdate } from "../CustomerUpdate.ts"
import { fields as documented } from "./fields.ts"
import * as Issues from "./issues.ts"
import * as Json from "./json.ts"

export type Target =
  | { readonly operation: "get"; readonly customerId: string }
  | { readonly operation: "update"; readonly customerId: string }
  | { readonly operation: "find"; readonly query: URLSearchParams }
  | { readonly operation: "createOrUpdate"; readonly query: URLSearchParams }

export type Fields = typeof CustomerRecord.Encoded

const unescaped = Option.liftThrowable(decodeURIComponent)

export const read = (method: string, url: string): Target | undefined => {
  const mark = url.indexOf("?")
  const path = mark === -1 ? url : url.slice(0, mark)
  const [, group, segment, ...more] = path.split("/")
  if (group !== "customers" || more.length > 0 || (method !== "GET" && method !== "POST")) return undefined
  if (segment === undefined) {
    const query = new URLSearchParams(url.slice(path.length))
    return method === "GET" ? { operation: "find", query } : { operation: "createOrUpdate", query }
  }
  // a malformed escape matches no customer
  const customerId = Option.getOrElse(unescaped(segment), () => "")
  if (customerId === "") return undefined
  return method === "GET" ? { operation: "get", customerId } : { operation: "update", customerId }
}

/** A string of a body, even if the rest of the body is invalid. */
export const textAt = (body: string, name: string): string | undefined => {
  const value = Option.getOrUndefined(Json.parse(body))
  const text: unknown = Predicate.hasProperty(value, name) ? value[name] : undefined
  return typeof text === "string" ? text : undefined
}

const groups = new Set(documented.filter(({ kind }) => kind === "Group").map(({ path }) => path))
const names = new Set(documented.map(({ path }) => path))

/** The documented fields of a customer, and of a group in it: Trustly ignores the others. */
const withoutUnknown = (value: unknown, group = ""): unknown =>
  Predicate.isRecord(value)
    ? Record.filterMap(value, (held, name) => {
      const path = group + name
      if (!names.has(path)) return Option.none()
      return Option.some(group === "" && groups.has(name) ? withoutUnknown(held, `${name}.`) : held)
    })
    : value

/**
 * Makes a function that returns the documented fields of a body, or the paths of its invalid fields. It returns `undefined` for a
 * body that is not JSON.
 */
const reader = <A, I extends Fields>(schema: Schema.Schema<A, I>) => {
  const decode = ParseResult.decodeUnknownEither(schema, { errors: "all" })
  const encode = ParseResult.encodeEither(schema)
  return (body: string): Either.Either<Fields, ReadonlyArray<string>> | undefined =>
    Option.getOrUndefined(
      Option.map(Json.parse(body), (value) =>
        Either.flatMap(decode(withoutUnknown(value)), encode).pipe(
          // set by Trustly, whatever is sent
          Either.map((fields: Fields) => Struct.omit(fields, "createdAt", "updatedAt")),
          Either.mapLeft((issue) => Issues.fromParseIssue(issue).map(({ path }) => path))
        ))
    )
}

/** The fields of a write, which must have those that Trustly requires. */
export const update = reader(CustomerUpdate)

/** The fields of a write, any of which can be missing. */
export const change = reader(CustomerChange)
