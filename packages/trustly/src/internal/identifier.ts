import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import type { Issue, Operation } from "../TrustlyError.ts"
import { TrustlyValidationError } from "../TrustlyError.ts"

const maxLength = 128

// in a path, each of these would name something else than a customer
const notInCustomerId = /[/\\?#%\s\p{Cc}\p{Surrogate}]/u

export const isCustomerId = (value: unknown): value is string =>
  Predicate.isString(value) && value !== "" && value.length <= maxLength && value !== "." && value !== ".." &&
  !notInCustomerId.test(value)

export const customerIdRule =
  `1 to ${maxLength} characters without / \\ ? # %, white space, or control characters, and not . or ..`

export const isExternalId = (value: unknown): value is string =>
  Predicate.isString(value) && value !== "" && !/[\p{Cc}\p{Surrogate}]/u.test(value)

export const externalIdRule = "a non-empty string without control characters"

const invalidCustomerId: Issue = { path: "customerId", problem: "invalid", expected: customerIdRule }

export const check = (
  operation: Operation,
  customerId: string
): Either.Either<string, TrustlyValidationError> =>
  isCustomerId(customerId)
    ? Either.right(customerId)
    : Either.left(new TrustlyValidationError({ operation, issues: [invalidCustomerId] }))

type Query = { readonly externalId: string } | { readonly customerId: string }

const refuseQuery = (path: string) =>
  Either.left(
    new TrustlyValidationError({
      operation: "find",
      issues: [{ path, problem: "invalid", expected: "either an externalId or a customerId" }]
    })
  )

/** The identifier that `find` searches for. */
export const checkQuery = (by: Query): Either.Either<Query, TrustlyValidationError> => {
  // a getter of the input may throw
  const copied = Either.try((): { readonly customerId?: unknown; readonly externalId?: unknown } => ({ ...by }))
  if (Either.isLeft(copied)) return refuseQuery("")
  const { customerId, externalId } = copied.right
  if (externalId === undefined && isCustomerId(customerId)) return Either.right({ customerId })
  if (customerId === undefined && isExternalId(externalId)) return Either.right({ externalId })
  return refuseQuery(externalId === undefined ? "customerId" : "externalId")
}
