/** Computes what a write would send: runs it against the in-memory Trustly, with the checks of the library. */
import type { CustomerChange, CustomerRecord, CustomerUpdate, TrustlyError } from "effect-trustly"
import { CustomerService } from "effect-trustly"
import type { TrustlyModel } from "effect-trustly/testing"
import { CustomersMemory } from "effect-trustly/testing"
import * as Effect from "effect/Effect"
import * as CustomerView from "./CustomerView.ts"
import type { Wire } from "./Json.ts"

const sentBy = (
  stored: ReadonlyArray<TrustlyModel.WireCustomer>,
  write: (customers: CustomerService.Service) => Effect.Effect<unknown, TrustlyError>
): Effect.Effect<Wire, TrustlyError> =>
  Effect.gen(function*() {
    // the answer matters only if nothing was sent
    const answer = yield* Effect.either(Effect.flatMap(CustomerService, write))
    const { calls } = yield* CustomersMemory
    const [call] = yield* calls
    if (call?.input === undefined) yield* answer
    return { ...call?.input }
  }).pipe(
    Effect.provide(CustomersMemory.layer(stored)),
    // not a call of Trustly: no span, and a tag on its metrics
    Effect.withTracerEnabled(false),
    Effect.tagMetrics("preview", "true")
  )

export const update = (customerId: string, customer: CustomerUpdate): Effect.Effect<Wire, TrustlyError> =>
  sentBy([], (customers) => customers.update(customerId, customer))

export const modify = (
  customerId: string,
  record: CustomerRecord,
  change: CustomerChange
): Effect.Effect<Wire, TrustlyError> =>
  Effect.flatMap(
    CustomerView.toWire(record),
    (stored) => sentBy([{ ...stored, customerId }], (customers) => customers.modify(customerId, () => change))
  )
