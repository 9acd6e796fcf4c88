import type * as Headers from "@effect/platform/Headers"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { DecodeReason, Issue, TrustlyError } from "../TrustlyError.ts"
import {
  TrustlyAuthError,
  TrustlyDecodeError,
  TrustlyNetworkError,
  TrustlyNotFoundError,
  TrustlyRateLimitError,
  TrustlyRejectedError,
  TrustlyServerError,
  TrustlyValidationError
} from "../TrustlyError.ts"
import * as Envelope from "./envelope.ts"
import * as Issues from "./issues.ts"
import * as Json from "./json.ts"
import type { NetworkFailure } from "./networkFailure.ts"
import type { Operation } from "./operations.ts"
import * as RetryAfter from "./retryAfter.ts"
import { withServerMessages } from "./serverMessages.ts"

/** What came back for one request: a head, and a body as far as it could be read. */
export interface Response {
  readonly status: number
  readonly headers: Headers.Headers
  readonly body: Body
}

export type Body =
  | { readonly _tag: "Text"; readonly text: string }
  /** Compressed, or not UTF-8. */
  | { readonly _tag: "Encoding" }
  | { readonly _tag: "TooLarge" }
  /** Not complete. */
  | { readonly _tag: "Broken"; readonly failure: NetworkFailure }

const isSuccess = (status: number): boolean => status >= 200 && status < 300

/** A request that reads has no write whose outcome could be in doubt. */
const outcomeOf = ({ isWrite }: Operation<unknown>) => isWrite ? {} : { outcome: "NotSent" } as const

/** The error of a request without a complete response. */
export const networkError = (operation: Operation<unknown>, failure: NetworkFailure): TrustlyNetworkError =>
  new TrustlyNetworkError({ operation: operation.name, ...failure, ...outcomeOf(operation) })

const decodeError = (
  operation: Operation<unknown>,
  status: number,
  reason: DecodeReason,
  issues: ReadonlyArray<Issue> = []
): TrustlyDecodeError =>
  new TrustlyDecodeError({ operation: operation.name, status, reason, issues, ...outcomeOf(operation) })

/** What an error response is about: the status where it decides alone, then a known code, then the status. */
const classify = (status: number, { errors }: Envelope.Envelope): Envelope.ErrorClass => {
  const ofCode = Envelope.classOfCode(errors)
  if (isSuccess(status)) return ofCode ?? "Rejected"
  if (status === 401 || status === 403) return "Auth"
  if (status === 404) return "NotFound"
  if (status === 429) return "RateLimit"
  if (status === 408 || status === 425 || (status >= 500 && status < 600)) return "Server"
  if (status === 409 || status < 400 || status >= 600) return "Rejected"
  return ofCode ?? (status === 400 || status === 413 || status === 422 ? "Validation" : "Rejected")
}

const errorOf = (
  operation: Operation<unknown>,
  customerId: string | undefined,
  { headers, status }: Response,
  envelope: Envelope.Envelope,
  nowMillis: number
): TrustlyError => {
  const facts = { operation: operation.name, status, errors: envelope.errors, ...outcomeOf(operation) }
  switch (classify(status, envelope)) {
    case "Validation":
      return new TrustlyValidationError(facts)
    case "Auth":
      return new TrustlyAuthError(facts)
    case "NotFound":
      return new TrustlyNotFoundError({ ...facts, ...(customerId === undefined ? {} : { customerId }) })
    case "Rejected":
      return new TrustlyRejectedError(facts)
    case "RateLimit":
      return new TrustlyRateLimitError({ ...facts, ...RetryAfter.read(headers, nowMillis) })
    case "Server":
      return new TrustlyServerError({ ...facts, ...RetryAfter.read(headers, nowMillis) })
  }
}

// A body that ends with the connection and breaks off inside its JSON was cut off, which no HTTP client can see. HTTP/2 has
// neither header, so malformed JSON without a content-length reads as cut off there.
const isCutOff = ({ headers }: Response, text: string): boolean =>
  headers["content-length"] === undefined && headers["transfer-encoding"] === undefined && /^\s*[{[]/.test(text)

const unreadable = (operation: Operation<unknown>, response: Response, text: string): TrustlyError => {
  if (text.trim() === "") return decodeError(operation, response.status, "Empty")
  return isCutOff(response, text)
    ? networkError(operation, { reason: "Reset" })
    : decodeError(operation, response.status, "NotJson")
}

/** The value of a successful response, or the error. `customerId` is the one that the request named. */
export const interpret = <A>(
  operation: Operation<A>,
  customerId: string | undefined,
  response: Response,
  nowMillis: number
): Either.Either<A, TrustlyError> => {
  const { body, status } = response
  const json = body._tag === "Text" ? Json.parse(body.text) : Option.none()
  if (!isSuccess(status) || Option.exists(json, Envelope.hasErrors)) {
    const envelope = Envelope.read(Option.getOrUndefined(json))
    const error = errorOf(operation, customerId, response, envelope, nowMillis)
    return Either.left(withServerMessages(error, envelope.messages))
  }
  switch (body._tag) {
    case "Broken":
      return Either.left(networkError(operation, body.failure))
    case "Encoding":
    case "TooLarge":
      return Either.left(decodeError(operation, status, body._tag))
    case "Text":
      return Option.match(json, {
        onNone: () => Either.left(unreadable(operation, response, body.text)),
        onSome: (value) =>
          Either.mapLeft(
            operation.decode(value),
            (issue) => decodeError(operation, status, "Shape", Issues.fromParseIssue(issue))
          )
      })
  }
}
