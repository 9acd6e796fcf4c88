/**
 * The errors of every operation: what went wrong, whether retrying helps, and whether the update may have been applied.
 *
 * They are data. They hold no request, response, body, header, parse error, or value of a customer's field.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Envelope from "./internal/envelope.ts"
import * as Expect from "./internal/expect.ts"
import { fromParseIssue } from "./internal/issues.ts"
import { serverMessagesOf } from "./internal/serverMessages.ts"

/**
 * The method of `CustomerService` that failed.
 *
 * @since 0.1.0
 * @category models
 */
export type Operation = typeof Operation.Type

/**
 * Schema of {@link Operation}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Operation = Schema.Literal("update", "get", "modify", "find", "createOrUpdate").annotations(
  Expect.value("a method of CustomerService")
)

/**
 * What happened to the write: `NotSent` (no write left the process), `Rejected` (Trustly refused it), `Unknown` (it may have been
 * applied), or `Applied` (Trustly accepted it, but the response could not be read).
 *
 * @since 0.1.0
 * @category models
 * @example
 * import type { TrustlyError } from "effect-trustly"
 *
 * // whether you have to read the record again to know what it holds
 * export const mayHaveChanged = ({ outcome }: TrustlyError): boolean => outcome === "Unknown" || outcome === "Applied"
 */
export type Outcome = typeof Outcome.Type

/**
 * Schema of {@link Outcome}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Outcome = Schema.Literal("NotSent", "Rejected", "Unknown", "Applied").annotations(
  Expect.value("an outcome")
)

/**
 * One problem of an input or a response: the dotted path, what is wrong there, and what is expected. Never the value.
 *
 * @since 0.1.0
 * @category models
 * @example
 * import { Effect } from "effect"
 * import { CustomerService } from "effect-trustly"
 * import { CustomersMemory } from "effect-trustly/testing"
 *
 * const joe = { name: "Joe", email: "", phone: "+1", address: { country: "US" } }
 *
 * const error = await CustomerService.pipe(
 *   Effect.flatMap((customers) => customers.update("1001165729", joe)),
 *   Effect.flip,
 *   Effect.provide(CustomersMemory.layer()),
 *   Effect.runPromise
 * )
 * assert.deepStrictEqual(error._tag === "TrustlyValidationError" && error.issues, [
 *   { path: "email", problem: "invalid", expected: "a non-empty string" }
 * ])
 */
export interface Issue extends Schema.Schema.Type<typeof Issue> {}

/**
 * Schema of {@link Issue}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Issue = Schema.Struct({
  path: Schema.String,
  problem: Schema.Literal("missing", "unknown", "invalid"),
  expected: Schema.optionalWith(Schema.String, { exact: true })
}).annotations(Expect.value("an issue"))

/**
 * One entry of Trustly's error envelope: its code and, when it is a path of documented fields, its location.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerError extends Schema.Schema.Type<typeof ServerError> {}

/**
 * Schema of {@link ServerError}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ServerError = Schema.Struct({
  code: Schema.Int,
  location: Schema.optionalWith(Schema.String, { exact: true })
}).annotations(Expect.value("an entry of Trustly's error envelope"))

/**
 * Why there was no complete response. `Dns`, `Connect`, `Tls`: the failure came before the request could leave. `Timeout`: the
 * attempt's deadline passed. `Reset`: the connection ended before the response did. `Protocol`: the response was not valid HTTP, or
 * the TLS connection broke.
 *
 * @since 0.1.0
 * @category models
 */
export type NetworkReason = typeof NetworkReason.Type

/**
 * Schema of {@link NetworkReason}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const NetworkReason = Schema.Literal("Dns", "Connect", "Tls", "Timeout", "Reset", "Protocol").annotations(
  Expect.value("a reason of a network failure")
)

/**
 * Why a complete response was not understood: `NotJson`, `Empty`, `Shape` (not the documented fields), `Encoding` (not UTF-8, or
 * compressed although the request asks for no compression), or `TooLarge` (more bytes than `maxResponseBytes`).
 *
 * @since 0.1.0
 * @category models
 */
export type DecodeReason = typeof DecodeReason.Type

/**
 * Schema of {@link DecodeReason}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const DecodeReason = Schema.Literal("NotJson", "Empty", "Shape", "Encoding", "TooLarge").annotations(
  Expect.value("a reason of a decode failure")
)

// ---- the facts that the errors share

const facts = { operation: Operation, outcome: Outcome }

const errorsField = Schema.propertySignature(Schema.Array(ServerError)).pipe(Schema.withConstructorDefault(() => []))

const issuesField = Schema.propertySignature(Schema.Array(Issue)).pipe(Schema.withConstructorDefault(() => []))

/** The HTTP status, where there was a response. */
const statusField = Schema.optionalWith(Schema.Int, { exact: true })

const retryAfterField = Schema.optionalWith(Schema.Duration, { exact: true })

/** The arguments of a constructor: `outcome` follows from the other facts, unless it is given. */
type Props<Fields extends Schema.Struct.Fields> = Omit<Schema.Struct.Constructor<Fields>, "outcome"> & {
  readonly operation: Operation
  readonly outcome?: Outcome
}

const isRead = (operation: Operation): boolean => operation === "get" || operation === "find"

interface Facts {
  readonly operation: Operation
  readonly outcome?: Outcome
  readonly retryAfter?: Duration.Duration
}

// `Schema.Duration` encodes no longer one
const longestWait = Duration.millis(Number.MAX_SAFE_INTEGER)

/** Adds the outcome that a write has with these facts. No write left the process when a read fails. `undefined` is absent. */
const withOutcome = <P extends Facts>(props: P, ofWrite: Outcome) => {
  const known = { ...props, outcome: props.outcome ?? (isRead(props.operation) ? "NotSent" : ofWrite) }
  for (const [name, value] of Object.entries(known)) {
    if (value === undefined) Reflect.deleteProperty(known, name)
  }
  return known.retryAfter !== undefined && Duration.isFinite(known.retryAfter)
    ? { ...known, retryAfter: Duration.min(known.retryAfter, longestWait) }
    : known
}

interface Described {
  readonly operation: Operation
  readonly status?: number
  readonly errors?: ReadonlyArray<ServerError>
}

const describe = ({ errors = [], operation, status }: Described, what: string): string => {
  const codes = errors.map(({ code, location }) => `code ${code}${location === undefined ? "" : ` at ${location}`}`)
  const details = [...(status === undefined ? [] : [`HTTP ${status}`]), ...codes]
  return `CustomerService.${operation}: ${what}${details.length === 0 ? "" : ` (${details.join(", ")})`}`
}

const describeIssues = (issues: ReadonlyArray<Issue>): string =>
  issues.map(({ expected, path, problem }) =>
    `${path === "" ? "the value" : path} is ${problem}${expected === undefined ? "" : `, expected ${expected}`}`
  ).join("; ")

const describeWait = (retryAfter: Duration.Duration | undefined): string =>
  retryAfter === undefined ? "" : `, retry after ${Duration.toSeconds(retryAfter)} s`

// a schema without a message of its own prints the value that it refuses
const aTrustlyError = Expect.value("an error of effect-trustly")
const silent = [aTrustlyError, aTrustlyError, aTrustlyError] as const

// ---- the errors

const validationFields = {
  ...facts,
  issues: issuesField,
  status: statusField,
  errors: errorsField
}

/**
 * The input was refused: by this library before anything was sent (`NotSent`, without `status`), or by Trustly (`Rejected`: HTTP
 * 400, 413, 422, or code 200). Fix the fields listed in `issues` (or `errors[].location`); retrying won't help.
 *
 * @since 0.1.0
 * @category errors
 */
export class TrustlyValidationError
  extends Schema.TaggedError<TrustlyValidationError>()("TrustlyValidationError", validationFields, silent)
{
  constructor(props: Props<typeof validationFields>, options?: Schema.MakeOptions) {
    super(withOutcome(props, props.status === undefined ? "NotSent" : "Rejected"), options)
  }
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return describe(this, `input refused${this.issues.length === 0 ? "" : `: ${describeIssues(this.issues)}`}`)
  }
}

const responseFields = { ...facts, status: statusField, errors: errorsField }

/**
 * Trustly refused the credentials, or what they may do (HTTP 401, 403; codes 300, 375). Nothing was changed. Check the access ID and
 * key, and that they belong to the environment of the base URL.
 *
 * @since 0.1.0
 * @category errors
 */
export class TrustlyAuthError
  extends Schema.TaggedError<TrustlyAuthError>()("TrustlyAuthError", responseFields, silent)
{
  constructor(props: Props<typeof responseFields>, options?: Schema.MakeOptions) {
    super(withOutcome(props, "Rejected"), options)
  }
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return describe(this, "credentials refused")
  }
}

const notFoundFields = { ...responseFields, customerId: Schema.optionalWith(Schema.String, { exact: true }) }

/**
 * Trustly has no such customer (HTTP 404), or no customer matches an `externalId` (without `status`). `customerId` is the one that
 * was asked for. With a `status` and no `errors`, the response was not in Trustly's format: check the base URL.
 *
 * @since 0.1.0
 * @category errors
 */
export class TrustlyNotFoundError
  extends Schema.TaggedError<TrustlyNotFoundError>()("TrustlyNotFoundError", notFoundFields, silent)
{
  constructor(props: Props<typeof notFoundFields>, options?: Schema.MakeOptions) {
    super(withOutcome(props, "Rejected"), options)
  }
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    if (this.status !== undefined && this.errors.length === 0) {
      return describe(this, "not found, and the response is not in Trustly's format; check the base URL")
    }
    return describe(
      this,
      this.customerId === undefined ? "customer not found" : `customer ${this.customerId} not found`
    )
  }
}

const isBetween = (low: number, status: number | undefined, high: number): boolean =>
  status !== undefined && low <= status && status <= high

/**
 * Trustly, or a server before it, refused the request for another reason: a redirect (never followed), a conflict, another status,
 * or a code that retrying won't fix. The outcome of a write is `Rejected`. It is `Unknown` for a 303, which servers send after they
 * have acted, and for an undocumented code in a 2xx response.
 *
 * @since 0.1.0
 * @category errors
 */
export class TrustlyRejectedError
  extends Schema.TaggedError<TrustlyRejectedError>()("TrustlyRejectedError", responseFields, silent)
{
  constructor(props: Props<typeof responseFields>, options?: Schema.MakeOptions) {
    const isDoubtful = props.status === 303 ||
      (isBetween(200, props.status, 299) && Envelope.classOfCode(props.errors ?? []) !== "Rejected")
    super(withOutcome(props, isDoubtful ? "Unknown" : "Rejected"), options)
  }
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return describe(this, isBetween(300, this.status, 399) ? "redirected, not followed" : "request rejected")
  }
}

const retryableFields = { ...responseFields, retryAfter: retryAfterField }

/**
 * Too many requests (HTTP 429). Nothing was changed. Wait `retryAfter`, then retry; `TrustlyRetry.policy` does.
 *
 * @since 0.1.0
 * @category errors
 */
export class TrustlyRateLimitError
  extends Schema.TaggedError<TrustlyRateLimitError>()("TrustlyRateLimitError", retryableFields, silent)
{
  constructor(props: Props<typeof retryableFields>, options?: Schema.MakeOptions) {
    super(withOutcome(props, "Rejected"), options)
  }
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return describe(this, `too many requests${describeWait(this.retryAfter)}`)
  }
}

/**
 * Trustly failed (HTTP 5xx, 408, 425; codes 100, 150, 378). The write may have been applied. Retrying can help, except for 501 and
 * 505.
 *
 * @since 0.1.0
 * @category errors
 */
export class TrustlyServerError
  extends Schema.TaggedError<TrustlyServerError>()("TrustlyServerError", retryableFields, silent)
{
  constructor(props: Props<typeof retryableFields>, options?: Schema.MakeOptions) {
    super(withOutcome(props, "Unknown"), options)
  }
  get isRetryable(): boolean {
    return this.status !== 501 && this.status !== 505
  }
  override get message(): string {
    return describe(this, `Trustly failed${describeWait(this.retryAfter)}`)
  }
}

const networkFields = {
  ...facts,
  reason: NetworkReason,
  code: Schema.optionalWith(Schema.String, { exact: true })
}

/**
 * There was no complete response. `reason` says why; `code` is the code of the operating system or the HTTP client, where there is
 * one. Retrying can help, except for `Tls`.
 *
 * @since 0.1.0
 * @category errors
 */
export class TrustlyNetworkError
  extends Schema.TaggedError<TrustlyNetworkError>()("TrustlyNetworkError", networkFields, silent)
{
  constructor(props: Props<typeof networkFields>, options?: Schema.MakeOptions) {
    const isNotSent = props.reason === "Dns" || props.reason === "Connect" || props.reason === "Tls"
    super(withOutcome(props, isNotSent ? "NotSent" : "Unknown"), options)
  }
  get isRetryable(): boolean {
    return this.reason !== "Tls"
  }
  override get message(): string {
    return describe(this, `no complete response: ${this.reason}${this.code === undefined ? "" : `, ${this.code}`}`)
  }
}

const decodeFields = {
  ...facts,
  status: statusField,
  reason: DecodeReason,
  issues: issuesField
}

/**
 * Trustly accepted the request (HTTP 2xx), but the response is not the documented one. A write was applied: read the customer again
 * instead of sending it again.
 *
 * @since 0.1.0
 * @category errors
 */
export class TrustlyDecodeError
  extends Schema.TaggedError<TrustlyDecodeError>()("TrustlyDecodeError", decodeFields, silent)
{
  constructor(props: Props<typeof decodeFields>, options?: Schema.MakeOptions) {
    super(withOutcome(props, "Applied"), options)
  }
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const details = this.issues.length === 0 ? "" : `, ${describeIssues(this.issues)}`
    return describe(this, `response not understood: ${this.reason}${details}`)
  }
}

/**
 * Everything that an operation of `CustomerService` can fail with.
 *
 * @since 0.1.0
 * @category errors
 * @example
 * import { Effect } from "effect"
 * import { CustomerService, TrustlyNotFoundError } from "effect-trustly"
 *
 * const isKnown = (customerId: string) =>
 *   CustomerService.pipe(
 *     Effect.flatMap((customers) => customers.get(customerId)),
 *     Effect.as(true),
 *     Effect.catchTag("TrustlyNotFoundError", () => Effect.succeed(false))
 *   )
 *
 * const withoutCustomers = CustomerService.layerTest({ get: () => Effect.fail(new TrustlyNotFoundError({ operation: "get" })) })
 * assert.strictEqual(await Effect.runPromise(Effect.provide(isKnown("1001165729"), withoutCustomers)), false)
 */
export type TrustlyError = typeof TrustlyError.Type

/**
 * Schema of {@link TrustlyError}, for the error channel of a workflow or an rpc.
 *
 * @since 0.1.0
 * @category schemas
 * @example
 * import { Effect, Schema } from "effect"
 * import { TrustlyError, TrustlyNotFoundError } from "effect-trustly"
 *
 * const error = new TrustlyNotFoundError({ operation: "get", customerId: "1001165729" })
 * const json = Effect.runSync(Schema.encode(TrustlyError)(error))
 * assert.deepStrictEqual(Effect.runSync(Schema.decode(TrustlyError)(json)), error)
 */
export const TrustlyError = Schema.Union(
  TrustlyValidationError,
  TrustlyAuthError,
  TrustlyNotFoundError,
  TrustlyRejectedError,
  TrustlyRateLimitError,
  TrustlyServerError,
  TrustlyNetworkError,
  TrustlyDecodeError
).annotations(aTrustlyError)

// one by one: the guard of a union reads the tag, which can be a getter that throws
const guards = TrustlyError.members.map(({ ast }) => Schema.is(Schema.make(ast)))

/**
 * Whether a value is one of the errors of this library.
 *
 * @since 0.1.0
 * @category predicates
 * @example
 * import { isTrustlyError, TrustlyAuthError } from "effect-trustly"
 *
 * assert.strictEqual(isTrustlyError(new TrustlyAuthError({ operation: "get" })), true)
 * assert.strictEqual(isTrustlyError(new Error("boom")), false)
 */
export const isTrustlyError = (u: unknown): u is TrustlyError => guards.some((is) => is(u))

/**
 * Whether retrying can help. `false` for everything that is not an error of this library.
 *
 * @since 0.1.0
 * @category predicates
 * @example
 * import { isRetryable, TrustlyNetworkError } from "effect-trustly"
 *
 * assert.strictEqual(isRetryable(new TrustlyNetworkError({ operation: "update", reason: "Reset" })), true)
 * assert.strictEqual(isRetryable(new TrustlyNetworkError({ operation: "update", reason: "Tls" })), false)
 * assert.strictEqual(isRetryable("boom"), false)
 */
export const isRetryable = (u: unknown): boolean => isTrustlyError(u) && u.isRetryable

/**
 * How long Trustly asked to wait before the next attempt, where it did.
 *
 * @since 0.1.0
 * @category getters
 * @example
 * import { Duration, Option } from "effect"
 * import { retryAfter, TrustlyRateLimitError } from "effect-trustly"
 *
 * const error = new TrustlyRateLimitError({ operation: "update", retryAfter: Duration.seconds(7) })
 * assert.deepStrictEqual(retryAfter(error), Option.some(Duration.seconds(7)))
 * assert.deepStrictEqual(retryAfter("boom"), Option.none())
 */
export const retryAfter = (u: unknown): Option.Option<Duration.Duration> =>
  isTrustlyError(u) && "retryAfter" in u ? Option.fromNullable(u.retryAfter) : Option.none()

/**
 * Trustly's own messages of an error response, redacted: they can quote what was sent. Empty for an error of another kind, and for
 * one that has crossed a process boundary.
 *
 * @since 0.1.0
 * @category getters
 * @example
 * import { serverMessages, TrustlyAuthError } from "effect-trustly"
 *
 * assert.deepStrictEqual(serverMessages(new TrustlyAuthError({ operation: "get" })), [])
 */
export const serverMessages = (error: TrustlyError): ReadonlyArray<Redacted.Redacted> => serverMessagesOf(error)

/**
 * What a failed parse says, without the values: for programs that decode customers themselves. A `ParseError` holds the whole
 * input, so it should not reach a log or a response; these issues can.
 *
 * @since 0.1.0
 * @category getters
 * @example
 * import { Effect, Schema } from "effect"
 * import { CustomerChange, issuesOf } from "effect-trustly"
 *
 * const decode = Schema.decodeUnknown(CustomerChange, { errors: "all" })
 *
 * const issues = Effect.runSync(decode({ email: "", nickname: "Jo" }).pipe(Effect.mapError(issuesOf), Effect.flip))
 * assert.deepStrictEqual(issues, [
 *   { path: "nickname", problem: "unknown" },
 *   { path: "email", problem: "invalid", expected: "a non-empty string" }
 * ])
 */
export const issuesOf = (error: ParseResult.ParseError): ReadonlyArray<Issue> => fromParseIssue(error.issue)
