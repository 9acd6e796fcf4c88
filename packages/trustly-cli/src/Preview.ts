/** What a write would send, found out without sending it: the library's own service and checks, with a memory for a Trustly. */
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
    // how the memory answers does not matter, unless nothing was sent
    const answer = yield* Effect.either(Effect.flatMap(CustomerService, write))
    const { calls } = yield* CustomersMemory
    const [call] = yield* calls
    if (call?.input === undefined) yield* answer
    return { ...call?.input }
  }).pipe(
    Effect.provide(CustomersMemory.layer(stored)),
    // it is no call of Trustly: no span, and a mark on what is counted
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
