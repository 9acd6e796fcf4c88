import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import type { DecodeReason, Issue, Operation, Outcome, TrustlyError } from "../TrustlyError.ts"
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
import type { Answer } from "./answer.ts"
import * as Envelope from "./envelope.ts"
import * as Issues from "./issues.ts"
import * as Json from "./json.ts"
import type { NetworkFailure } from "./networkReason.ts"
import * as RetryAfter from "./retryAfter.ts"
import { withServerMessages } from "./serverMessages.ts"

/** What was asked: the method of the service, whether this request writes, of whom, and what a good answer looks like. */
export interface Asked<A> {
  readonly operation: Operation
  readonly writes: boolean
  readonly customerId?: string
  readonly decode: (body: unknown) => Either.Either<A, ParseResult.ParseIssue>
}

type ErrorClass = "Validation" | "Auth" | "NotFound" | "Rejected" | "RateLimit" | "Server"

const classOfCode: ReadonlyMap<number, ErrorClass> = new Map<number, ErrorClass>([
  [100, "Server"],
  [150, "Server"],
  [378, "Server"],
  [200, "Validation"],
  [300, "Auth"],
  [375, "Auth"],
  [210, "Rejected"],
  [326, "Rejected"],
  [330, "Rejected"],
  [331, "Rejected"],
  [380, "Rejected"],
  [390, "Rejected"],
  [397, "Rejected"]
])

/** The class of a status that decides alone, whatever the body says; `undefined` where a code may say more. */
const classOfStatus = (status: number): ErrorClass | undefined => {
  if (status === 401 || status === 403) return "Auth"
  if (status === 404) return "NotFound"
  if (status === 429) return "RateLimit"
  if (status === 408 || status === 425 || (status >= 500 && status < 600)) return "Server"
  return status === 409 || status < 400 || status >= 600 ? "Rejected" : undefined
}

const isSuccess = (status: number): boolean => status >= 200 && status < 300

// a body that ends with the connection and breaks off inside its JSON was cut, which no HTTP client can see
const isCut = ({ headers }: Answer, text: string): boolean =>
  headers["content-length"] === undefined && headers["transfer-encoding"] === undefined && /^\s*[{[]/.test(text)

/** The error of a request that got no answer, or none to its end. */
export const network = (asked: Asked<unknown>, failure: NetworkFailure): TrustlyNetworkError =>
  new TrustlyNetworkError({
    operation: asked.operation,
    ...failure,
    ...(asked.writes ? {} : { outcome: "NotSent" })
  })

const undecodable = (
  asked: Asked<unknown>,
  status: number,
  reason: DecodeReason,
  issues: ReadonlyArray<Issue> = []
): TrustlyDecodeError =>
  new TrustlyDecodeError({
    operation: asked.operation,
    status,
    reason,
    issues,
    outcome: asked.writes ? "Applied" : "NotSent"
  })

/** The class of an error: first the status where it decides alone, then a known code, then the rest. */
const classOf = (status: number, { errors }: Envelope.Envelope): ErrorClass => {
  const known = errors.map(({ code }) => classOfCode.get(code)).find(Predicate.isNotUndefined)
  if (isSuccess(status)) return known ?? "Rejected"
  return classOfStatus(status) ?? known ??
    (status === 400 || status === 413 || status === 422 ? "Validation" : "Rejected")
}

const failure = (
  asked: Asked<unknown>,
  { headers, status }: Answer,
  envelope: Envelope.Envelope,
  nowMillis: number
): TrustlyError => {
  const { errors, texts } = envelope
  const facts = { operation: asked.operation, status, errors }
  const unknown: Outcome = asked.writes ? "Unknown" : "NotSent"
  const wait = Option.match(RetryAfter.parse(headers["retry-after"], nowMillis), {
    onNone: () => ({}),
    onSome: (retryAfter) => ({ retryAfter })
  })
  const make = (): TrustlyError => {
    switch (classOf(status, envelope)) {
      case "Validation":
        return new TrustlyValidationError(facts)
      case "Auth":
        return new TrustlyAuthError(facts)
      case "NotFound":
        return new TrustlyNotFoundError({
          ...facts,
          ...(asked.customerId === undefined ? {} : { customerId: asked.customerId })
        })
      case "Rejected":
        return new TrustlyRejectedError(facts)
      case "RateLimit":
        return new TrustlyRateLimitError({ ...facts, ...wait })
      case "Server":
        return new TrustlyServerError({ ...facts, ...wait, outcome: unknown })
    }
  }
  return withServerMessages(make(), texts)
}

/** The value of a success, or the error. Pure: a function of what was asked, what came back, and the time. */
export const classify = <A>(asked: Asked<A>, answer: Answer, nowMillis: number): Either.Either<A, TrustlyError> => {
  const { body, status } = answer
  const value = body._tag === "Text" ? Json.parse(body.text) : Option.none()
  const read = Option.getOrUndefined(value)
  if (!isSuccess(status) || Envelope.claimsError(read)) {
    return Either.left(failure(asked, answer, Envelope.read(read), nowMillis))
  }
  switch (body._tag) {
    case "Broken":
      return Either.left(network(asked, body.failure))
    case "Encoding":
    case "TooLarge":
      return Either.left(undecodable(asked, status, body._tag))
    case "Text": {
      if (Option.isSome(value)) {
        return Either.mapLeft(
          asked.decode(value.value),
          (issue) => undecodable(asked, status, "Shape", Issues.fromParseIssue(issue))
        )
      }
      if (body.text.trim() === "") return Either.left(undecodable(asked, status, "Empty"))
      return Either.left(
        isCut(answer, body.text) ? network(asked, { reason: "Reset" }) : undecodable(asked, status, "NotJson")
      )
    }
  }
}
