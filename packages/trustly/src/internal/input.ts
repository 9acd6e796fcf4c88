import * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Struct from "effect/Struct"
import type { CustomerRecord } from "../Customer.ts"
import { CustomerChange, CustomerUpdate } from "../CustomerUpdate.ts"
import type { Issue, Operation } from "../TrustlyError.ts"
import { TrustlyValidationError } from "../TrustlyError.ts"
import * as Codec from "./codec.ts"
import * as Issues from "./issues.ts"

type Checked<A> = Either.Either<A, TrustlyValidationError>

/** The wire JSON of a customer, ready to be sent. */
export type Body = Partial<typeof CustomerUpdate.Encoded>

const refuse = (operation: Operation, issues: ReadonlyArray<Issue>): TrustlyValidationError =>
  new TrustlyValidationError({ operation, issues })

const maxIdLength = 128
// each of these would make another URL of the path, or none
const notInId = /[/\\?#%\s\p{Cc}\p{Surrogate}]/u

export const isId = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= maxIdLength && value !== "." && value !== ".." &&
  !notInId.test(value)

export const anId =
  `1 to ${maxIdLength} characters without / \\ ? # %, white space and control characters, and not . or ..`

const notAnId: Issue = { path: "customerId", problem: "invalid", expected: anId }

/** The identifier of a customer as a segment of a path. */
export const pathSegment = (operation: Operation, customerId: string): Checked<string> =>
  isId(customerId)
    ? Either.right(encodeURIComponent(customerId))
    : Either.left(refuse(operation, [notAnId]))

// an accessor of the input threw: what it threw may hold a value
const notPlain: Issue = { path: "", problem: "invalid", expected: "plain data" }

export const isExternalId = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && !/[\p{Cc}\p{Surrogate}]/u.test(value)

export const anExternalId = "a text that is not empty, without control characters"

interface Identifiers {
  readonly customerId?: unknown
  readonly externalId?: unknown
}

/** The identifier by which customers are looked for, as a query. */
export const query = (
  by: { readonly externalId: string } | { readonly customerId: string }
): Checked<Readonly<Record<string, string>>> => {
  const read = Either.try({ try: (): Identifiers => ({ ...by }), catch: () => refuse("find", [notPlain]) })
  return Either.flatMap(read, ({ customerId, externalId }): Checked<Readonly<Record<string, string>>> => {
    if (customerId !== undefined && externalId === undefined && isId(customerId)) return Either.right({ customerId })
    if (customerId === undefined && isExternalId(externalId)) return Either.right({ externalId })
    const path = externalId === undefined ? "customerId" : "externalId"
    return Either.left(refuse("find", [{ path, problem: "invalid", expected: "either an externalId or a customerId" }]))
  })
}

/** Waiting for oneself would never end. */
export const modifyInsideItself = (): TrustlyValidationError =>
  refuse("modify", [{ path: "customerId", problem: "invalid", expected: "a customer that no enclosing modify holds" }])

const encodeUpdate = Codec.encoder(CustomerUpdate)
const encodeChange = Codec.encoder(CustomerChange)

const encode = <A>(
  operation: Operation,
  encoder: (input: unknown) => Either.Either<A, ParseResult.ParseIssue>,
  input: unknown
): Checked<A> =>
  Either.try({
    try: () => encoder(input),
    catch: () => refuse(operation, [notPlain])
  }).pipe(Either.flatMap(Either.mapLeft((issue) => refuse(operation, Issues.fromParseIssue(issue)))))

const ofCustomer = <A extends { readonly customerId?: string }>(
  operation: Operation,
  customerId: string,
  input: A
): Checked<A> =>
  input.customerId === undefined || input.customerId === customerId
    ? Either.right(input)
    : Either.left(
      refuse(operation, [{ path: "customerId", problem: "invalid", expected: "the identifier of the call" }])
    )

// set by Trustly: a customer that was read may hold them
const withoutTimestamps = <A extends { readonly createdAt?: unknown; readonly updatedAt?: unknown }>(body: A) =>
  "createdAt" in body || "updatedAt" in body ? Struct.omit(body, "createdAt", "updatedAt") : body

/** The whole customer that is sent by `update`. */
export const updateBody = (customerId: string, customer: unknown): Checked<Body> =>
  encode("update", encodeUpdate, customer).pipe(
    Either.flatMap((encoded) => ofCustomer("update", customerId, encoded)),
    Either.map(withoutTimestamps)
  )

/** The whole customer that is sent by `createOrUpdate`: without an identifier a retry would create it twice. */
export const upsertBody = (customer: unknown): Checked<Body> =>
  encode("createOrUpdate", encodeUpdate, customer).pipe(
    Either.filterOrLeft(
      ({ customerId, externalId }) => customerId === undefined ? typeof externalId === "string" : isId(customerId),
      ({ customerId }) =>
        refuse("createOrUpdate", [
          customerId === undefined
            ? { path: "externalId", problem: "missing", expected: "an externalId or a customerId" }
            : notAnId
        ])
    ),
    Either.map(withoutTimestamps)
  )

/** What `modify` sends: the four required fields, as read unless changed, and the fields that were changed. Nothing else. */
export const modifyBody = (customerId: string, record: CustomerRecord, change: unknown): Checked<Body> =>
  encode("modify", encodeChange, change).pipe(
    Either.flatMap((encoded) => ofCustomer("modify", customerId, encoded)),
    Either.map(withoutTimestamps),
    Either.flatMap((changed) => {
      const { name = record.name, email = record.email, phone = record.phone } = changed
      const address = { ...record.address, ...changed.address }
      const { country } = address
      if (name === undefined || email === undefined || phone === undefined || country === undefined) {
        const required = { name, email, phone, "address.country": country }
        const missing = Object.entries(required).filter(([, value]) => value === undefined)
        return Either.left(refuse("modify", missing.map(([path]) => ({ path, problem: "missing" }))))
      }
      return Either.right({ ...changed, name, email, phone, address: { ...address, country } })
    })
  )
