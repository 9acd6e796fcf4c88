/**
 * What each operation of `CustomerService` sends, as a pure function of its arguments: checked, and encoded as wire JSON without
 * Trustly's masks and timestamps. With it, a program can show what a write would send.
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import type * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import type { CustomerRecord } from "./Customer.ts"
import type { CustomerIdentifier } from "./CustomerService.ts"
import { CustomerChange, CustomerUpdate } from "./CustomerUpdate.ts"
import * as Codec from "./internal/codec.ts"
import * as Fields from "./internal/fields.ts"
import * as Identifier from "./internal/identifier.ts"
import * as Issues from "./internal/issues.ts"
import * as Plain from "./internal/plain.ts"
import type { Issue, Operation } from "./TrustlyError.ts"
import { TrustlyValidationError } from "./TrustlyError.ts"

/**
 * The body of a write: the wire JSON of a customer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Body extends Schema.Schema.Encoded<typeof CustomerChange> {}

/**
 * What an operation asks of Trustly: which customer, found by which query, or written with which body.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  readonly customerId?: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: Body
}

type Checked<A = Request> = Either.Either<A, TrustlyValidationError>

const refuse = (operation: Operation, ...issues: ReadonlyArray<Issue>) =>
  Either.left(new TrustlyValidationError({ operation, issues }))

const encode = <A>(
  operation: Operation,
  encoder: (input: unknown) => Either.Either<A, ParseResult.ParseIssue>,
  input: unknown
): Checked<A> => {
  const plain = Plain.copy(input)
  if (Either.isLeft(plain)) return refuse(operation, Issues.notPlain(plain.left))
  const encoded = encoder(plain.right)
  return Either.isLeft(encoded)
    ? refuse(operation, ...Issues.fromParseIssue(encoded.left))
    : Either.right(encoded.right)
}

const encodeUpdate = Codec.encoder(CustomerUpdate)
const encodeChange = Codec.encoder(CustomerChange)

const withId = (customerId: string): Request => ({ customerId })

const checkSameId = (operation: Operation, customerId: string, body: Body): Checked<Body> =>
  body.customerId === undefined || body.customerId === customerId
    ? Either.right(body)
    : refuse(operation, { path: "customerId", problem: "invalid", expected: "the customerId of the call" })

const isMask = (value: unknown): boolean => Predicate.isString(value) && /^#{5,}.{0,4}$/su.test(value)

const secrets = Fields.fields.filter(({ kind }) => kind === "Secret").map(({ path }) => path.split("."))

// a group is written as a whole: with a masked part, all of it is unchanged
const isMasked = (name: string, value: unknown): boolean =>
  secrets.some(([field, part]) =>
    field === name && isMask(part === undefined || !Predicate.hasProperty(value, part) ? value : value[part])
  )

const readOnly: ReadonlySet<string> = new Set(
  Fields.fields.filter(({ isReadOnly }) => isReadOnly).map(({ path }) => path)
)

const withoutUnwritten = (body: Body): Body => {
  const unwritten = Struct.keys(body).filter((name) => readOnly.has(name) || isMasked(name, body[name]))
  return unwritten.length === 0 ? body : Struct.omit(body, ...unwritten)
}

/**
 * The request of `get`.
 *
 * @since 0.1.0
 * @category requests
 * @example
 * import { Either } from "effect"
 * import { CustomerRequest } from "effect-trustly"
 *
 * assert.deepStrictEqual(CustomerRequest.get("1001165729"), Either.right({ customerId: "1001165729" }))
 * assert.strictEqual(Either.isLeft(CustomerRequest.get("../accounts")), true)
 */
export const get = (customerId: string): Checked => Either.map(Identifier.check("get", customerId), withId)

/**
 * The request of `update`.
 *
 * @since 0.1.0
 * @category requests
 * @example
 * import { Either } from "effect"
 * import { CustomerRequest } from "effect-trustly"
 *
 * const jo = { name: "Jo Doe", email: "jo@example.com", phone: "+1", address: { country: "US" } }
 *
 * const request = CustomerRequest.update("1001165729", { ...jo, taxId: "#####6790", vip: 2 })
 * assert.deepStrictEqual(request, Either.right({ customerId: "1001165729", body: { ...jo, vip: 2 } }))
 */
export const update = (customerId: string, customer: CustomerUpdate): Checked =>
  Identifier.check("update", customerId).pipe(
    Either.flatMap(() => encode("update", encodeUpdate, customer)),
    Either.flatMap((body) => checkSameId("update", customerId, body)),
    Either.map((body) => ({ customerId, body: withoutUnwritten(body) }))
  )

/**
 * The request of `find`.
 *
 * @since 0.1.0
 * @category requests
 */
export const find = (by: CustomerIdentifier): Checked => Either.map(Identifier.checkQuery(by), (query) => ({ query }))

/**
 * The request of `createOrUpdate`. An identifier is required: without one, a retry would create the customer twice.
 *
 * @since 0.1.0
 * @category requests
 */
export const createOrUpdate = (customer: CustomerUpdate & CustomerIdentifier): Checked =>
  Either.flatMap(encode("createOrUpdate", encodeUpdate, customer), (encoded): Checked => {
    const { customerId, externalId } = encoded
    const body = withoutUnwritten(encoded)
    if (customerId !== undefined) {
      return Either.map(Identifier.check("createOrUpdate", customerId), () => ({ customerId, body }))
    }
    if (!Predicate.isString(externalId)) {
      return refuse("createOrUpdate", {
        path: "externalId",
        problem: "missing",
        expected: "an externalId or a customerId"
      })
    }
    return Identifier.isExternalId(externalId)
      ? Either.right({ body })
      : refuse("createOrUpdate", { path: "externalId", problem: "invalid", expected: Identifier.externalIdRule })
  })

const changesNothing = (body: Body): boolean =>
  Struct.keys(body).every((name) =>
    name === "customerId" || (name === "address" && Object.keys(body.address ?? {}).length === 0)
  )

/**
 * The write of `modify`, for the record that it read: the four required fields, as read unless changed, and the changed fields.
 * `None` when the change is empty: then `modify` sends nothing.
 *
 * @since 0.1.0
 * @category requests
 * @example
 * import { Either, Option } from "effect"
 * import { CustomerRequest } from "effect-trustly"
 *
 * const required = { name: "Jo Doe", email: "jo@example.com", phone: "+1", address: { country: "US", city: "Reno" } }
 * const record = { ...required, vip: "1", currency: "USD" }
 *
 * const request = CustomerRequest.modify("1001165729", record, { vip: 2 })
 * assert.deepStrictEqual(
 *   request,
 *   Either.right(Option.some({ customerId: "1001165729", body: { ...required, vip: 2 } }))
 * )
 * assert.deepStrictEqual(CustomerRequest.modify("1001165729", record, {}), Either.right(Option.none()))
 */
export const modify = (
  customerId: string,
  record: CustomerRecord,
  change: CustomerChange
): Checked<Option.Option<Request>> =>
  Identifier.check("modify", customerId).pipe(
    Either.flatMap(() => encode("modify", encodeChange, change)),
    Either.flatMap((body) => checkSameId("modify", customerId, body)),
    Either.flatMap((body) => checkLicense(record, body)),
    Either.flatMap((encoded): Checked<Option.Option<Request>> => {
      const changed = withoutUnwritten(encoded)
      return changesNothing(changed)
        ? Either.right(Option.none())
        : Either.map(
          required(record, changed),
          (body) => Option.some({ customerId, body: { ...changed, ...body } })
        )
    })
  )

// a license is written as a whole, so its other part cannot change while the number is masked
const checkLicense = ({ driverLicense: stored }: CustomerRecord, body: Body): Checked<Body> => {
  const license = body.driverLicense
  return license && isMask(license.number) && license.state !== stored?.state
    ? refuse("modify", { path: "driverLicense.number", problem: "invalid", expected: "the whole number, not a mask" })
    : Either.right(body)
}

/** The fields that every write must have, as read unless changed. */
const required = (record: CustomerRecord, changed: Body) => {
  const { email = record.email, name = record.name, phone = record.phone } = changed
  const address = { ...record.address, ...changed.address }
  const { country } = address
  if (name === undefined || email === undefined || phone === undefined || country === undefined) {
    const missing = Object.entries({ name, email, phone, "address.country": country })
      .filter(([, value]) => value === undefined)
      .map(([path]): Issue => ({ path, problem: "missing" }))
    return refuse("modify", ...missing)
  }
  return Either.right({ name, email, phone, address: { ...address, country } })
}
