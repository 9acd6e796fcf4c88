/** Trustly's state, and what changed in it. */
import { TrustlyModel } from "effect-trustly/testing"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import type { Events } from "./events.ts"
import { masked } from "./masks.ts"

/** A customer as the page shows it: secrets masked, and the names of the fields that last changed. */
interface Shown {
  readonly customer: TrustlyModel.WireCustomer
  readonly changed?: Changed
}

interface Changed {
  readonly at: number
  readonly fields: ReadonlyArray<string>
}

type Request = Omit<TrustlyModel.Request, "nowMillis">

export interface Customers {
  readonly all: Effect.Effect<ReadonlyArray<TrustlyModel.WireCustomer>>
  readonly shown: Effect.Effect<ReadonlyArray<Shown>>
  /** Trustly's answer to a request; what it says is written, or not. */
  readonly answer: (request: Request, options: { readonly write: boolean }) => Effect.Effect<TrustlyModel.Reply>
  /** A change by hand, laid over the customer as Trustly holds it; fails with the answer that refuses it. */
  readonly edit: (customerId: string, change: unknown) => Effect.Effect<Shown, TrustlyModel.Reply>
  readonly reset: Effect.Effect<void>
}

interface Held {
  readonly trustly: TrustlyModel.State
  readonly changes: HashMap.HashMap<string, Changed>
}

const changedFields = (before: object, after: object): ReadonlyArray<string> =>
  Object.keys({ ...before, ...after }).filter((name) =>
    name !== "updatedAt" && JSON.stringify(Reflect.get(before, name)) !== JSON.stringify(Reflect.get(after, name))
  )

const shownOf = ({ changes }: Held, customer: TrustlyModel.WireCustomer): Shown => ({
  customer: masked(customer),
  ...Option.match(HashMap.get(changes, customer.customerId), { onNone: () => ({}), onSome: (changed) => ({ changed }) })
})

const whole = (held: TrustlyModel.WireCustomer, change: unknown): unknown => {
  if (!Predicate.isRecord(change)) return change
  const { email, name, phone } = held
  const { address = {} } = change
  return {
    name,
    email,
    phone,
    ...change,
    address: Predicate.isRecord(address) ? { ...held.address, ...address } : address
  }
}

export const make = (
  initial: ReadonlyArray<TrustlyModel.WireCustomer>,
  events: Events
): Effect.Effect<Customers> =>
  Effect.gen(function*() {
    const beginning: Held = { trustly: TrustlyModel.make(initial), changes: HashMap.empty() }
    const ref = yield* Ref.make(beginning)

    const handle = (request: Request, write: boolean) =>
      Effect.gen(function*() {
        const nowMillis = yield* Clock.currentTimeMillis
        const handled = yield* Ref.modify(ref, (held): [{ reply: TrustlyModel.Reply; shown?: Shown }, Held] => {
          const reply = TrustlyModel.handle(held.trustly, { ...request, nowMillis })
          if (!write || reply.applied === undefined) return [{ reply }, held]
          const { customerId } = reply.applied
          const before = Option.getOrElse(HashMap.get(held.trustly.records, customerId), () => ({}))
          const after = HashMap.unsafeGet(reply.state.records, customerId)
          const changed = { at: nowMillis, fields: changedFields(before, after) }
          const next = { trustly: reply.state, changes: HashMap.set(held.changes, customerId, changed) }
          return [{ reply, shown: shownOf(next, after) }, next]
        })
        if (handled.shown !== undefined) yield* events.publish({ name: "customer", data: handled.shown })
        return handled
      })

    return {
      all: Effect.map(Ref.get(ref), ({ trustly }) => TrustlyModel.customers(trustly)),
      shown: Effect.map(
        Ref.get(ref),
        (held) => TrustlyModel.customers(held.trustly).map((customer) => shownOf(held, customer))
      ),
      answer: (request, { write }) => Effect.map(handle(request, write), ({ reply }) => reply),
      edit: (customerId, change) =>
        Effect.flatMap(Ref.get(ref), ({ trustly }) => {
          const url = `/customers/${encodeURIComponent(customerId)}`
          return handle(
            Option.match(HashMap.get(trustly.records, customerId), {
              // there is nothing to change, and reading says so
              onNone: () => ({ method: "GET", url, body: "" }),
              onSome: (held) => ({ method: "POST", url, body: JSON.stringify(whole(held, change)) ?? "" })
            }),
            true
          )
        }).pipe(Effect.flatMap(({ reply, shown }) => shown === undefined ? Effect.fail(reply) : Effect.succeed(shown))),
      reset: Ref.set(ref, beginning)
    }
  })
