/** The stored customers, and what last changed in each. */
import { TrustlyModel } from "effect-trustly/testing"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type { Events } from "./events.ts"
import * as Json from "./json.ts"
import { maskCustomer } from "./masking.ts"

/** A customer as the page shows it: secrets masked, and the names of the fields that last changed. */
interface CustomerView {
  readonly customer: TrustlyModel.WireCustomer
  readonly changed?: Changed
}

interface Changed {
  readonly at: number
  readonly fields: ReadonlyArray<string>
}

type Request = Omit<TrustlyModel.Request, "nowMillis">

/** A write that was applied: the customer before it and after it, unmasked, and the names of the fields that differ. */
export interface Written {
  readonly fields: ReadonlyArray<string>
  readonly before: Readonly<Partial<TrustlyModel.WireCustomer>>
  readonly after: TrustlyModel.WireCustomer
  readonly view: CustomerView
}

interface Handled {
  readonly response: TrustlyModel.Response
  readonly written?: Written
}

/** The store has no room for what a request would write. `limit` says how much fits. */
interface Full {
  readonly _tag: "Full"
  readonly limit: string
}

export interface CustomerStore {
  readonly all: Effect.Effect<ReadonlyArray<TrustlyModel.WireCustomer>>
  readonly views: Effect.Effect<ReadonlyArray<CustomerView>>
  /** Handles a request as Trustly does. Without `write`, the response says what would happen, and nothing changes. */
  readonly handle: (request: Request, options: { readonly write: boolean }) => Effect.Effect<Handled, Full>
  /** Changes some fields of a customer, and checks only those by Trustly's rules. Fails with the response that refuses the change. */
  readonly edit: (customerId: string, change: unknown) => Effect.Effect<CustomerView, TrustlyModel.Response | Full>
  readonly reset: Effect.Effect<void>
}

/** The most customers that a sandbox stores. */
export const maxCustomers = 100_000
const maxMiB = 256
const maxCharacters = maxMiB * 1024 * 1024

interface State {
  readonly trustly: TrustlyModel.State
  readonly changes: HashMap.HashMap<string, Changed>
  /** Length of all customers as JSON. */
  readonly length: number
}

const jsonLength = (value: unknown): number => JSON.stringify(value).length

const differingFields = (before: object, after: object): ReadonlyArray<string> =>
  Object.keys({ ...before, ...after }).filter((name) =>
    name !== "updatedAt" && JSON.stringify(Reflect.get(before, name)) !== JSON.stringify(Reflect.get(after, name))
  )

const viewOf = ({ changes }: State, customer: TrustlyModel.WireCustomer): CustomerView => ({
  customer: maskCustomer(customer),
  ...Option.match(HashMap.get(changes, customer.customerId), { onNone: () => ({}), onSome: (changed) => ({ changed }) })
})

/** The state after a response, or what it has no room for. */
const stateAfter = (
  state: State,
  response: TrustlyModel.Response,
  nowMillis: number
): { readonly next: State; readonly written?: Written } | Full => {
  if (response.applied === undefined) return { next: state }
  const { customerId } = response.applied
  const stored = Option.getOrUndefined(HashMap.get(state.trustly.records, customerId))
  const after = HashMap.unsafeGet(response.state.records, customerId)
  const length = state.length + jsonLength(after) - (stored === undefined ? 0 : jsonLength(stored))
  if (stored === undefined && HashMap.size(state.trustly.records) >= maxCustomers) {
    return { _tag: "Full", limit: `${maxCustomers.toLocaleString("en")} customers` }
  }
  if (length > maxCharacters && length > state.length) return { _tag: "Full", limit: `${maxMiB} MiB of customers` }
  const before = stored ?? {}
  const fields = differingFields(before, after)
  const changes = HashMap.set(state.changes, customerId, { at: nowMillis, fields })
  const next = { trustly: response.state, changes, length }
  return { next, written: { fields, before, after, view: viewOf(next, after) } }
}

export const make = (
  initial: ReadonlyArray<TrustlyModel.WireCustomer>,
  events: Events
): Effect.Effect<CustomerStore> =>
  Effect.gen(function*() {
    const trustly = TrustlyModel.make(initial)
    const start: State = { trustly, changes: HashMap.empty(), length: jsonLength(TrustlyModel.customers(trustly)) }
    const ref = yield* Ref.make(start)

    const respond = (
      model: typeof TrustlyModel.handle,
      request: Request,
      { write }: { readonly write: boolean }
    ): Effect.Effect<Handled, Full> =>
      Effect.gen(function*() {
        const nowMillis = yield* Clock.currentTimeMillis
        const handled = yield* Ref.modify(ref, (state): [Handled | Full, State] => {
          const response = model(state.trustly, { ...request, nowMillis })
          if (!write) return [{ response }, state]
          const result = stateAfter(state, response, nowMillis)
          if ("_tag" in result) return [result, state]
          const { next, written } = result
          return [{ response, ...(written === undefined ? {} : { written }) }, next]
        })
        if ("_tag" in handled) return yield* Effect.fail(handled)
        if (handled.written !== undefined) yield* events.publish({ name: "customer", data: handled.written.view })
        return handled
      })

    return {
      all: Effect.map(Ref.get(ref), (state) => TrustlyModel.customers(state.trustly)),
      views: Effect.map(
        Ref.get(ref),
        (state) => TrustlyModel.customers(state.trustly).map((customer) => viewOf(state, customer))
      ),
      handle: (request, options) => respond(TrustlyModel.handle, request, options),
      edit: (customerId, change) =>
        Effect.gen(function*() {
          const url = `/customers/${encodeURIComponent(customerId)}`
          const body = Option.getOrElse(Json.stringifyExactly(change), () => "")
          const request = { method: "POST", url, body }
          const { response, written } = yield* respond(TrustlyModel.edit, request, { write: true })
          return written === undefined ? yield* Effect.fail(response) : written.view
        }),
      reset: Ref.set(ref, start)
    }
  })
