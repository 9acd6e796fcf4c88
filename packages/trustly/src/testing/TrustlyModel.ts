/**
 * Trustly's side of the four Customers operations as a pure function of wire JSON: a state and a request in, an answer and
 * the next state out. `CustomersMemory` answers through it without a network, a local Trustly over HTTP with one.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import type { CustomerRecord } from "../Customer.ts"
import * as Input from "../internal/modelInput.ts"
import * as Answer from "../internal/modelReply.ts"

/**
 * A customer as Trustly holds it: wire JSON, nothing masked.
 *
 * @since 0.1.0
 * @category models
 */
export type WireCustomer = typeof CustomerRecord.Encoded & { readonly customerId: string }

/**
 * What Trustly holds.
 *
 * @since 0.1.0
 * @category models
 */
export interface State {
  readonly records: HashMap.HashMap<string, WireCustomer>
  /** The number from which the identifier of the next new customer is sought. */
  readonly nextId: number
}

/**
 * A request: its path and query below the base URL, its body as it arrived, and the time in milliseconds since 1970.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  readonly method: string
  readonly url: string
  readonly body: string
  readonly nowMillis: number
}

/**
 * What a request is about: the operation, and the customer where the request names one by Trustly's identifier.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target {
  readonly operation: "update" | "get" | "find" | "createOrUpdate"
  readonly customerId?: string
}

/**
 * The answer to a request, and what Trustly holds after it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reply {
  readonly status: number
  readonly body: { readonly [key: string]: unknown }
  readonly state: State
  /** What a write set or, with `null`, removed, and of whom; nothing masked. */
  readonly applied?: WireCustomer
}

type Fields = typeof CustomerRecord.Encoded

// null removes: what is held has none
const withoutNulls = (fields: object) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))

// the document declares a text, the answers carry an integer
const asInteger = (vip: string | number | null): string | number | null =>
  typeof vip === "string" && /^\d{1,15}$/.test(vip) ? Number(vip) : vip

const merge = (record: WireCustomer, fields: Fields): WireCustomer => {
  const { address, vip, ...others } = fields
  return {
    ...withoutNulls({
      ...record,
      ...others,
      ...(vip === undefined ? {} : { vip: asInteger(vip) }),
      ...(address ? { address: withoutNulls({ ...record.address, ...address }) } : {})
    }),
    customerId: record.customerId
  }
}

/**
 * Trustly with these customers. A field that is `null` counts as absent.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (customers: Iterable<WireCustomer> = []): State => ({
  records: HashMap.fromIterable(
    Array.from(customers, (customer) => [customer.customerId, merge({ customerId: customer.customerId }, customer)])
  ),
  nextId: 1_009_000_001
})

const byId = Order.combine(
  Order.mapInput(Order.number, ({ customerId }: WireCustomer) => customerId.length),
  Order.mapInput(Order.string, ({ customerId }: WireCustomer) => customerId)
)

/**
 * All customers that Trustly holds, by their identifiers.
 *
 * @since 0.1.0
 * @category getters
 */
export const customers = ({ records }: State): ReadonlyArray<WireCustomer> => Arr.sort(HashMap.values(records), byId)

/**
 * A `taxId` as it is answered: five `#` and the last four characters, fewer where less than five would stay hidden.
 *
 * @since 0.1.0
 * @category getters
 * @example
 * import { TrustlyModel } from "effect-trustly/testing"
 *
 * assert.strictEqual(TrustlyModel.masked("123456790"), "#####6790")
 * assert.strictEqual(TrustlyModel.masked("1234567"), "#####67")
 * assert.strictEqual(TrustlyModel.masked("1234"), "#####")
 */
export const masked = (taxId: string): string => `#####${taxId.slice(Math.max(5, taxId.length - 4))}`

const answered = (customer: WireCustomer): WireCustomer =>
  typeof customer.taxId === "string" ? { ...customer, taxId: masked(customer.taxId) } : customer

/**
 * What a request is about; `undefined` where Trustly has no such endpoint.
 *
 * @since 0.1.0
 * @category getters
 * @example
 * import { TrustlyModel } from "effect-trustly/testing"
 *
 * const request = { method: "GET", url: "/customers/1001165729", body: "", nowMillis: 0 }
 * assert.deepStrictEqual(TrustlyModel.target(request), { operation: "get", customerId: "1001165729" })
 */
export const target = ({ body, method, url }: Request): Target | undefined => {
  const asked = Input.read(method, url)
  if (asked === undefined || "customerId" in asked) return asked
  const customerId = asked.operation === "find" ? asked.query.get("customerId") : Input.textAt(body, "customerId")
  return { operation: asked.operation, ...(typeof customerId === "string" ? { customerId } : {}) }
}

const withExternalId = ({ records }: State, externalId: string): ReadonlyArray<WireCustomer> =>
  Array.from(HashMap.values(HashMap.filter(records, (record) => record.externalId === externalId)))

const newId = ({ nextId, records }: State): number =>
  HashMap.has(records, String(nextId)) ? newId({ records, nextId: nextId + 1 }) : nextId

const success = (state: State, url: string, found: WireCustomer | ReadonlyArray<WireCustomer>): Reply => ({
  status: 200,
  body: "customerId" in found ? { url, customer: answered(found) } : { url, customers: found.map(answered) },
  state
})

const noCustomer = (state: State, { nowMillis }: Request): Reply => ({
  ...Answer.notFound("Customer", nowMillis),
  state
})

const find = (state: State, request: Request, query: URLSearchParams): Reply => {
  const customerId = query.get("customerId") ?? ""
  const externalId = query.get("externalId") ?? ""
  if ((customerId === "") === (externalId === "")) {
    return { ...Answer.invalid([externalId === "" ? "externalId" : "customerId"], request.nowMillis), state }
  }
  const found = externalId === ""
    ? Option.toArray(HashMap.get(state.records, customerId))
    : withExternalId(state, externalId)
  return success(state, request.url, found)
}

const store = (state: State, { nowMillis, url }: Request, record: WireCustomer, fields: Fields): Reply => {
  const { customerId } = record
  const customer = { ...merge(record, fields), updatedAt: nowMillis }
  const next = { ...state, records: HashMap.set(state.records, customerId, customer) }
  return { ...success(next, url, customer), applied: { ...fields, customerId } }
}

const update = (state: State, request: Request, customerId: string, fields: Fields): Reply =>
  Option.match(HashMap.get(state.records, customerId), {
    onNone: () => noCustomer(state, request),
    onSome: (record) => store(state, request, record, fields)
  })

const createOrUpdate = (state: State, request: Request, query: URLSearchParams, fields: Fields): Reply => {
  if (typeof fields.customerId === "string") return update(state, request, fields.customerId, fields)
  const externalId = query.get("externalId") ?? fields.externalId ?? ""
  const [record] = externalId === "" ? [] : withExternalId(state, externalId)
  if (record !== undefined) return store(state, request, record, fields)
  const id = newId(state)
  const created = { customerId: String(id), createdAt: request.nowMillis }
  return store({ ...state, nextId: id + 1 }, request, created, externalId === "" ? fields : { externalId, ...fields })
}

/**
 * Trustly's answer to a request. Credentials are not looked at.
 *
 * @since 0.1.0
 * @category model
 * @example
 * import { TrustlyModel } from "effect-trustly/testing"
 *
 * const state = TrustlyModel.make([{ customerId: "1001165729", taxId: "123456790" }])
 *
 * const reply = TrustlyModel.handle(state, { method: "GET", url: "/customers/1001165729", body: "", nowMillis: 0 })
 * assert.deepStrictEqual(reply.body.customer, { customerId: "1001165729", taxId: "#####6790" })
 */
export const handle = (state: State, request: Request): Reply => {
  const { body, method, nowMillis, url } = request
  const asked = Input.read(method, url)
  if (asked === undefined) return { ...Answer.notFound("Endpoint", nowMillis), state }
  if (asked.operation === "find") return find(state, request, asked.query)
  if (asked.operation === "get") {
    return Option.match(HashMap.get(state.records, asked.customerId), {
      onNone: () => noCustomer(state, request),
      onSome: (record) => success(state, url, record)
    })
  }
  const checked = Input.fields(body)
  if (checked === undefined) return { ...Answer.unreadable, state }
  if (Either.isLeft(checked)) return { ...Answer.invalid(checked.left, nowMillis), state }
  if (asked.operation === "createOrUpdate") return createOrUpdate(state, request, asked.query, checked.right)
  const { customerId = asked.customerId } = checked.right
  return customerId === asked.customerId
    ? update(state, request, customerId, checked.right)
    : { ...Answer.invalid(["customerId"], nowMillis), state }
}
