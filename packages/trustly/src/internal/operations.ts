/**
 * Trustly's four Customers operations, in one table. The fifth method of the service, `modify`, is a `get` and an `update`.
 */
import * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { Customer, CustomerRecord } from "../Customer.ts"
import type { Operation as Name } from "../TrustlyError.ts"
import * as Codec from "./codec.ts"

export interface Operation<A> {
  /** The method of the service, as it appears in errors, spans, and metrics. */
  readonly name: Name
  readonly method: "GET" | "POST"
  /** Path below the base URL. */
  readonly path: "/customers" | "/customers/{customerId}"
  readonly isWrite: boolean
  /** Reads the JSON of a successful response. */
  readonly decode: (json: unknown) => Either.Either<A, ParseResult.ParseIssue>
}

const member = <Key extends string, A, I>(key: Key, schema: Schema.Schema<A, I>) => {
  const decode = Codec.decoder(Schema.Struct({ value: Schema.propertySignature(schema).pipe(Schema.fromKey(key)) }))
  return (json: unknown) => Either.map(decode(json), ({ value }) => value)
}

export const update: Operation<Customer> = {
  name: "update",
  method: "POST",
  path: "/customers/{customerId}",
  isWrite: true,
  decode: member("customer", Customer)
}

export const get: Operation<CustomerRecord> = {
  name: "get",
  method: "GET",
  path: "/customers/{customerId}",
  isWrite: false,
  decode: member("customer", CustomerRecord)
}

export const find: Operation<ReadonlyArray<CustomerRecord>> = {
  name: "find",
  method: "GET",
  path: "/customers",
  isWrite: false,
  decode: member("customers", Schema.Array(CustomerRecord))
}

export const createOrUpdate: Operation<Customer> = {
  name: "createOrUpdate",
  method: "POST",
  path: "/customers",
  isWrite: true,
  decode: update.decode
}

/** The two requests of `modify`. */
export const modifyRead: Operation<CustomerRecord> = { ...get, name: "modify" }
export const modifyWrite: Operation<Customer> = { ...update, name: "modify" }
