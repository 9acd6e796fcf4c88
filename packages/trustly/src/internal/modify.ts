import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import type * as Tracer from "effect/Tracer"
import type { CustomerRecord } from "../Customer.ts"
import { Customer } from "../Customer.ts"
import * as CustomerRequest from "../CustomerRequest.ts"
import type { CustomerService } from "../CustomerService.ts"
import type { Issue } from "../TrustlyError.ts"
import { TrustlyValidationError } from "../TrustlyError.ts"
import type { Send } from "./call.ts"
import * as Identifier from "./identifier.ts"
import * as Issues from "./issues.ts"
import * as Locks from "./locks.ts"
import * as Operations from "./operations.ts"
import type { Settings } from "./settings.ts"
import * as Telemetry from "./telemetry.ts"

const refuse = (...issues: ReadonlyArray<Issue>) => new TrustlyValidationError({ operation: "modify", issues })

const deadlock = Effect.suspend(() =>
  refuse({ path: "customerId", problem: "invalid", expected: "another customer: an enclosing modify holds this one" })
)

const validateCustomer = ParseResult.validateEither(Customer, { errors: "all" })

/** A record that an empty change leaves as it is. */
const toCustomer = (record: CustomerRecord): Either.Either<Customer, TrustlyValidationError> =>
  Either.mapLeft(validateCustomer(record), (issue) => refuse(...Issues.fromParseIssue(issue)))

/** `modify`: a read, a change, and a write. Those of one customer at one merchant run one after the other. */
export const make =
  ({ accessId, baseUrl }: Settings, send: Send): CustomerService.Service["modify"] => (customerId, change) => {
    const readChangeWrite = (span: Tracer.Span) =>
      Effect.gen(function*() {
        const record = yield* send(Operations.modifyRead, { customerId }, span)
        const result = change(record)
        const changed = yield* Effect.flatten(Either.try({
          try: () => Effect.isEffect(result) ? Effect.withParentSpan(result, span) : Effect.succeed(result),
          // asking a proxy for what it is can throw
          catch: () => refuse({ path: "", problem: "invalid", expected: "plain data" })
        }))
        const request = yield* CustomerRequest.modify(customerId, record, changed)
        return Option.isSome(request)
          ? yield* send(Operations.modifyWrite, request.value, span)
          : yield* toCustomer(record)
      })
    return Telemetry.observe(Operations.modifyRead)((span) =>
      Effect.flatMap(
        Identifier.check("modify", customerId),
        (id) => Locks.withLock(JSON.stringify([baseUrl, accessId, id]), readChangeWrite(span), deadlock)
      )
    )
  }
