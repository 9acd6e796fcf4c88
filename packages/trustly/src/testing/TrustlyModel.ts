/**
 * A model of Trustly's four Customers operations: a pure function from a state and a request to a response and the next state,
 * all wire JSON. `CustomersMemory` uses it in memory, `effect-trustly-sandbox` serves it over HTTP.
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

/**
 * A customer as Trustly stores it: wire JSON, unmasked.
 *
 * @since 0.1.0
 * @category models
 */
export type WireCustomer = typeof CustomerRecord.Encoded & { readonly customerId: string }

/**
 * The customers that Trustly stores. Build one with {@link make}.
 *
 * @since 0.1.0
 * @category models
 */
export interface State {
  readonly records: HashMap.HashMap<string, WireCustomer>
  /** The `customerId`s that have an `externalId`, oldest first: a scan per `createOrUpdate` would be quadratic. */
  readonly idsByExternalId: HashMap.HashMap<string, ReadonlyArray<string>>
  /** Lowest `customerId` that the next new customer can get. */
  readonly nextId: number
}

/**
 * A request: `url` is the path and query below the base URL, `body` the request body as text, `nowMillis` the current time in
 * milliseconds since 1970.
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
 * The operation that a request calls, and the `customerId` if the request names one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Target {
  readonly operation: "update" | "get" | "find" | "createOrUpdate"
  readonly customerId?: string
}

/**
 * The response to a request, and the state after it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Response {
  readonly status: number
  readonly body: { readonly [key: string]: unknown }
  readonly state: State
  /** The fields that a write set (or cleared with `null`) and its `customerId`, unmasked. Absent if nothing was written. */
  readonly applied?: WireCustomer
}

const exceptions = "com.paywithmybank.merchantgateway.v1.exception"

const invalid = (locations: ReadonlyArray<string>, occurredAt: number): Omit<Response, "state"> => ({
  status: 400,
  body: {
    errors: locations.map((location) => ({
      domain: `${exceptions}.InvalidParameterException`,
      code: 200,
      message: "Invalid parameter",
      ...(location === "" ? {} : { location }),
      occurredAt
    }))
  }
})

/** The response to a body that is not JSON: a message without codes. */
const unreadable: Omit<Response, "state"> = { status: 400, body: { message: "Bad Request" } }

const notFound = (what: "Customer" | "Endpoint", occurredAt: number): Omit<Response, "state"> => ({
  status: 404,
  body: { errors: [{ domain: `${exceptions}.NotFoundException`, code: 200, message: `${what} not found`, occurredAt }] }
})

// null clears a field, so stored customers hold none
const withoutNulls = (fields: object) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))

// Trustly documents a string and responds with an integer
const asInteger = (vip: string | number | null): string | number | null =>
  typeof vip === "string" && /^\d{1,15}$/.test(vip) ? Number(vip) : vip

const merge = (record: WireCustomer, fields: Input.Fields): WireCustomer => {
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

const withoutId = (index: State["idsByExternalId"], { customerId, externalId }: WireCustomer) =>
  typeof externalId !== "string"
    ? index
    : HashMap.modifyAt(
      index,
      externalId,
      Option.flatMap((ids) => Option.liftPredicate(ids.filter((id) => id !== customerId), Arr.isNonEmptyReadonlyArray))
    )

const withId = (index: State["idsByExternalId"], { customerId, externalId }: WireCustomer) =>
  typeof externalId !== "string"
    ? index
    : HashMap.modifyAt(index, externalId, (ids) => Option.some(Arr.append(Option.getOrElse(ids, () => []), customerId)))

const put = (state: State, customer: WireCustomer): State => {
  const before = Option.getOrUndefined(HashMap.get(state.records, customer.customerId))
  const isIndexed = before?.externalId === customer.externalId
  const others = before === undefined || isIndexed ? state.idsByExternalId : withoutId(state.idsByExternalId, before)
  return {
    ...state,
    records: HashMap.set(state.records, customer.customerId, customer),
    idsByExternalId: isIndexed ? others : withId(others, customer)
  }
}

/**
 * A state with these customers. A `null` field counts as absent. If several customers share a `customerId`, the last one wins.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (customers: Iterable<WireCustomer> = []): State =>
  Arr.reduce(
    customers,
    { records: HashMap.empty(), idsByExternalId: HashMap.empty(), nextId: 1_009_000_001 },
    (state: State, customer) => put(state, merge({ customerId: customer.customerId }, customer))
  )

const byId = Order.combine(
  Order.mapInput(Order.number, ({ customerId }: WireCustomer) => customerId.length),
  Order.mapInput(Order.string, ({ customerId }: WireCustomer) => customerId)
)

/**
 * All stored customers, sorted by `customerId`.
 *
 * @since 0.1.0
 * @category getters
 */
export const customers = ({ records }: State): ReadonlyArray<WireCustomer> => Arr.sort(HashMap.values(records), byId)

/**
 * A `taxId` as Trustly masks it in responses: five `#` and up to four of its last characters, so that at least five stay hidden.
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

const maskedCustomer = (customer: WireCustomer): WireCustomer =>
  typeof customer.taxId === "string" ? { ...customer, taxId: masked(customer.taxId) } : customer

/**
 * The operation that a request calls, or `undefined` if Trustly has no such endpoint.
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
  const call = Input.read(method, url)
  if (call === undefined || "customerId" in call) return call
  const customerId = call.operation === "find" ? call.query.get("customerId") : Input.textAt(body, "customerId")
  return { operation: call.operation, ...(typeof customerId === "string" ? { customerId } : {}) }
}

const withExternalId = ({ idsByExternalId, records }: State, externalId: string): ReadonlyArray<WireCustomer> =>
  Arr.filterMap(
    Option.getOrElse(HashMap.get(idsByExternalId, externalId), () => []),
    (customerId) => HashMap.get(records, customerId)
  )

const newId = ({ nextId, records }: State): number => {
  let id = nextId
  while (HashMap.has(records, String(id))) id++
  return id
}

const success = (state: State, url: string, found: WireCustomer | ReadonlyArray<WireCustomer>): Response => ({
  status: 200,
  body: "customerId" in found
    ? { url, customer: maskedCustomer(found) }
    : { url, customers: found.map(maskedCustomer) },
  state
})

const noCustomer = (state: State, { nowMillis }: Request): Response => ({
  ...notFound("Customer", nowMillis),
  state
})

const find = (state: State, request: Request, query: URLSearchParams): Response => {
  const customerId = query.get("customerId") ?? ""
  const externalId = query.get("externalId") ?? ""
  if ((customerId === "") === (externalId === "")) {
    return { ...invalid([externalId === "" ? "externalId" : "customerId"], request.nowMillis), state }
  }
  const found = externalId === ""
    ? Option.toArray(HashMap.get(state.records, customerId))
    : withExternalId(state, externalId)
  return success(state, request.url, found)
}

const store = (state: State, { nowMillis, url }: Request, record: WireCustomer, fields: Input.Fields): Response => {
  const { customerId } = record
  const customer = { ...merge(record, fields), updatedAt: nowMillis }
  const next = put(state, customer)
  return { ...success(next, url, customer), applied: { ...fields, customerId } }
}

const update = (state: State, request: Request, customerId: string, fields: Input.Fields): Response =>
  Option.match(HashMap.get(state.records, customerId), {
    onNone: () => noCustomer(state, request),
    onSome: (record) => store(state, request, record, fields)
  })

const createOrUpdate = (state: State, request: Request, query: URLSearchParams, fields: Input.Fields): Response => {
  if (typeof fields.customerId === "string") return update(state, request, fields.customerId, fields)
  const externalId = query.get("externalId") ?? fields.externalId ?? ""
  const [record] = externalId === "" ? [] : withExternalId(state, externalId)
  if (record !== undefined) return store(state, request, record, fields)
  const id = newId(state)
  const created = { customerId: String(id), createdAt: request.nowMillis }
  return store({ ...state, nextId: id + 1 }, request, created, externalId === "" ? fields : { externalId, ...fields })
}

const respond = (state: State, request: Request, readFields: typeof Input.update): Response => {
  const { body, method, nowMillis, url } = request
  const call = Input.read(method, url)
  if (call === undefined) return { ...notFound("Endpoint", nowMillis), state }
  if (call.operation === "find") return find(state, request, call.query)
  if (call.operation === "get") {
    return Option.match(HashMap.get(state.records, call.customerId), {
      onNone: () => noCustomer(state, request),
      onSome: (record) => success(state, url, record)
    })
  }
  const checked = readFields(body)
  if (checked === undefined) return { ...unreadable, state }
  if (Either.isLeft(checked)) return { ...invalid(checked.left, nowMillis), state }
  if (call.operation === "createOrUpdate") return createOrUpdate(state, request, call.query, checked.right)
  const { customerId = call.customerId } = checked.right
  return customerId === call.customerId
    ? update(state, request, customerId, checked.right)
    : { ...invalid(["customerId"], nowMillis), state }
}

/**
 * Trustly's response to a request. It does not check credentials.
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
export const handle = (state: State, request: Request): Response => respond(state, request, Input.update)

/**
 * Like {@link handle}, but a write can omit the fields that Trustly requires: only the fields that it sends are checked. Stands for
 * a change that another client of Trustly made.
 *
 * @since 0.1.0
 * @category model
 * @example
 * import { TrustlyModel } from "effect-trustly/testing"
 *
 * const state = TrustlyModel.make([{ customerId: "1001165729" }])
 * const request = { method: "POST", url: "/customers/1001165729", body: `{"vip":2}`, nowMillis: 0 }
 *
 * assert.strictEqual(TrustlyModel.handle(state, request).status, 400)
 * assert.strictEqual(TrustlyModel.edit(state, request).status, 200)
 */
export const edit = (state: State, request: Request): Response => respond(state, request, Input.change)
