/**
 * The errors of every operation: what went wrong, whether a retry helps, and whether the record may have changed.
 *
 * They are data: no request, response, body, header, parse error or value of a customer's field is in them.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { constFalse } from "effect/Function"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { fromParseIssue } from "./internal/issues.ts"
import { serverMessagesOf } from "./internal/serverMessages.ts"

/**
 * The method of `CustomerService` that was called.
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
export const Operation = Schema.Literal("update", "get", "modify", "find", "createOrUpdate")

/**
 * What became of the write: `NotSent` (no write left the process), `Rejected` (Trustly refused it), `Unknown` (it may or
 * may not have been applied), `Applied` (Trustly said yes, the answer could not be read).
 *
 * @since 0.1.0
 * @category models
 * @example
 * import type { TrustlyError } from "effect-trustly"
 *
 * // whether the record has to be read again to know what it holds
 * export const mayHaveChanged = ({ outcome }: TrustlyError): boolean => outcome === "Unknown" || outcome === "Applied"
 */
export type Outcome = typeof Outcome.Type

/**
 * Schema of {@link Outcome}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Outcome = Schema.Literal("NotSent", "Rejected", "Unknown", "Applied")

/**
 * One thing that is wrong with a customer that was to be sent, or with an answer: the dotted path, what is wrong with
 * it and what is expected. Never the value.
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
 *   { path: "email", problem: "invalid", expected: "a text that is not empty" }
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
})

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
})

/**
 * Why there was no complete answer. `Dns`, `Connect` and `Tls`: there was no connection, so nothing was sent. `Timeout`: the
 * attempt's deadline was over. `Reset`: the connection ended before the answer did. `Protocol`: the answer was no HTTP.
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
export const NetworkReason = Schema.Literal("Dns", "Connect", "Tls", "Timeout", "Reset", "Protocol")

/**
 * Why a complete answer was not understood: no JSON, no body, not the documented shape, not UTF-8 (or compressed, which was
 * not asked for), or more bytes than `maxResponseBytes`.
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
export const DecodeReason = Schema.Literal("NotJson", "Empty", "Shape", "Encoding", "TooLarge")

const defaulting = <A, I>(schema: Schema.Schema<A, I>, value: NoInfer<A>) =>
  Schema.propertySignature(schema).pipe(Schema.withConstructorDefault(() => value))

const facts = (isRetryable: boolean, outcome: Outcome) => ({
  operation: defaulting(Operation, "update"),
  isRetryable: defaulting(Schema.Boolean, isRetryable),
  outcome: defaulting(Outcome, outcome)
})

const answer = (status: number) => ({
  status: defaulting(Schema.Int, status),
  errors: defaulting(Schema.Array(ServerError), [])
})

const wait = { retryAfter: Schema.optionalWith(Schema.Duration, { exact: true }) }

type Props<Fields extends Schema.Struct.Fields> = Schema.Struct.Constructor<Fields>

/** `Unknown` and `Applied` belong to writes: when a read fails, no write left the process. */
const ofWrite = (operation: Operation | undefined, outcome: Outcome): Outcome =>
  operation === "get" || operation === "find" ? "NotSent" : outcome

const line = (
  error: { readonly operation: Operation; readonly status?: number; readonly errors?: ReadonlyArray<ServerError> },
  what: string
): string => {
  const codes = (error.errors ?? []).map(({ code, location }) =>
    `code ${code}${location === undefined ? "" : ` at ${location}`}`
  )
  const details = [...(error.status === undefined ? [] : [`HTTP ${error.status}`]), ...codes]
  return `CustomerService.${error.operation}: ${what}${details.length === 0 ? "" : ` (${details.join(", ")})`}`
}

const listed = (issues: ReadonlyArray<Issue>): string =>
  issues.map(({ expected, path, problem }) =>
    `${path === "" ? "the value" : path} is ${problem}${expected === undefined ? "" : `, expected ${expected}`}`
  ).join("; ")

const waiting = (retryAfter: Duration.Duration | undefined): string =>
  retryAfter === undefined ? "" : `, asks to wait ${Duration.toSeconds(retryAfter)} s`

const validationFields = {
  ...facts(false, "NotSent"),
  issues: defaulting(Schema.Array(Issue), []),
  status: Schema.optionalWith(Schema.Int, { exact: true }),
  errors: answer(400).errors
}

/**
 * The input was refused: by our own check before anything was sent (`NotSent`, without `status`), or by Trustly (`Rejected`:
 * HTTP 400, 413, 422, or code 200). Mend what `issues` or the `location` of `errors` name; a retry does not help.
 *
 * @since 0.1.0
 * @category errors
 */
export class TrustlyValidationError
  extends Schema.TaggedError<TrustlyValidationError>()("TrustlyValidationError", validationFields)
{
  // @effect-diagnostics-next-line overriddenSchemaConstructor:off -- it only adds defaults; decoding gives every field
  constructor(props: Props<typeof validationFields> = {}, options?: Schema.MakeOptions) {
    super({ outcome: props.status === undefined ? "NotSent" : "Rejected", ...props }, options)
  }
  override get message(): string {
    return line(this, `input refused${this.issues.length === 0 ? "" : `: ${listed(this.issues)}`}`)
  }
  /** Trustly's own words, redacted; empty after the error has crossed a process boundary. */
  get serverMessages(): ReadonlyArray<Redacted.Redacted> {
    return serverMessagesOf(this)
  }
}

/**
 * Trustly refused the credentials or what they may do (HTTP 401, 403; codes 300, 375). Nothing was changed. Check the access
 * id and key, and that they belong to the environment of the base URL.
 *
 * @since 0.1.0
 * @category errors
 */
export class TrustlyAuthError extends Schema.TaggedError<TrustlyAuthError>()("TrustlyAuthError", {
  ...facts(false, "Rejected"),
  ...answer(401)
}) {
  override get message(): string {
    return line(this, "credentials refused")
  }
  /** Trustly's own words, redacted; empty after the error has crossed a process boundary. */
  get serverMessages(): ReadonlyArray<Redacted.Redacted> {
    return serverMessagesOf(this)
  }
}

/**
 * Trustly has no such customer (HTTP 404). `customerId` is the identifier that was asked for.
 *
 * @since 0.1.0
 * @category errors
 */
export class TrustlyNotFoundError extends Schema.TaggedError<TrustlyNotFoundError>()("TrustlyNotFoundError", {
  ...facts(false, "Rejected"),
  ...answer(404),
  customerId: Schema.optionalWith(Schema.String, { exact: true })
}) {
  override get message(): string {
    return line(this, this.customerId === undefined ? "customer not found" : `customer ${this.customerId} not found`)
  }
  /** Trustly's own words, redacted; empty after the error has crossed a process boundary. */
  get serverMessages(): ReadonlyArray<Redacted.Redacted> {
    return serverMessagesOf(this)
  }
}

/**
 * Trustly, or something before it, said no for another reason: a redirect (never followed), a conflict, any other status, or a
 * code that a retry does not mend. Nothing was changed.
 *
 * @since 0.1.0
 * @category errors
 */
export class TrustlyRejectedError extends Schema.TaggedError<TrustlyRejectedError>()("TrustlyRejectedError", {
  ...facts(false, "Rejected"),
  ...answer(409)
}) {
  override get message(): string {
    return line(this, this.status >= 300 && this.status < 400 ? "redirected, not followed" : "request rejected")
  }
  /** Trustly's own words, redacted; empty after the error has crossed a process boundary. */
  get serverMessages(): ReadonlyArray<Redacted.Redacted> {
    return serverMessagesOf(this)
  }
}

/**
 * Too many requests (HTTP 429). Nothing was changed. Wait `retryAfter`, then try again; `TrustlyRetry.policy` does.
 *
 * @since 0.1.0
 * @category errors
 */
export class TrustlyRateLimitError extends Schema.TaggedError<TrustlyRateLimitError>()("TrustlyRateLimitError", {
  ...facts(true, "Rejected"),
  ...answer(429),
  ...wait
}) {
  override get message(): string {
    return line(this, `too many requests${waiting(this.retryAfter)}`)
  }
  /** Trustly's own words, redacted; empty after the error has crossed a process boundary. */
  get serverMessages(): ReadonlyArray<Redacted.Redacted> {
    return serverMessagesOf(this)
  }
}

const serverFields = { ...facts(true, "Unknown"), ...answer(500), ...wait }

/**
 * Trustly could not do it (HTTP 5xx, 408, 425; codes 100, 150, 378). The write may have been applied. A retry can help, but for
 * 501 and 505.
 *
 * @since 0.1.0
 * @category errors
 */
export class TrustlyServerError extends Schema.TaggedError<TrustlyServerError>()("TrustlyServerError", serverFields) {
  // @effect-diagnostics-next-line overriddenSchemaConstructor:off -- it only adds defaults; decoding gives every field
  constructor(props: Props<typeof serverFields> = {}, options?: Schema.MakeOptions) {
    super({
      isRetryable: props.status !== 501 && props.status !== 505,
      outcome: ofWrite(props.operation, "Unknown"),
      ...props
    }, options)
  }
  override get message(): string {
    return line(this, `Trustly failed${waiting(this.retryAfter)}`)
  }
  /** Trustly's own words, redacted; empty after the error has crossed a process boundary. */
  get serverMessages(): ReadonlyArray<Redacted.Redacted> {
    return serverMessagesOf(this)
  }
}

const networkFields = {
  ...facts(true, "Unknown"),
  reason: defaulting(NetworkReason, "Reset"),
  code: Schema.optionalWith(Schema.String, { exact: true })
}

/**
 * There was no complete answer. `reason` says why, `code` is that of the operating system or the HTTP client where there is one.
 * A retry can help, but for `Tls`.
 *
 * @since 0.1.0
 * @category errors
 */
export class TrustlyNetworkError
  extends Schema.TaggedError<TrustlyNetworkError>()("TrustlyNetworkError", networkFields)
{
  // @effect-diagnostics-next-line overriddenSchemaConstructor:off -- it only adds defaults; decoding gives every field
  constructor(props: Props<typeof networkFields> = {}, options?: Schema.MakeOptions) {
    const unsent = props.reason === "Dns" || props.reason === "Connect" || props.reason === "Tls"
    super({
      isRetryable: props.reason !== "Tls",
      outcome: unsent ? "NotSent" : ofWrite(props.operation, "Unknown"),
      ...props
    }, options)
  }
  override get message(): string {
    return line(this, `no complete answer: ${this.reason}${this.code === undefined ? "" : `, ${this.code}`}`)
  }
  /** Trustly's own words, redacted; empty after the error has crossed a process boundary. */
  get serverMessages(): ReadonlyArray<Redacted.Redacted> {
    return serverMessagesOf(this)
  }
}

const decodeFields = {
  ...facts(false, "Applied"),
  status: defaulting(Schema.Int, 200),
  reason: defaulting(DecodeReason, "Shape"),
  issues: defaulting(Schema.Array(Issue), [])
}

/**
 * Trustly said yes (HTTP 2xx), but the answer is not the documented one. The write was applied: read the customer again instead
 * of sending it again.
 *
 * @since 0.1.0
 * @category errors
 */
export class TrustlyDecodeError extends Schema.TaggedError<TrustlyDecodeError>()("TrustlyDecodeError", decodeFields) {
  // @effect-diagnostics-next-line overriddenSchemaConstructor:off -- it only adds defaults; decoding gives every field
  constructor(props: Props<typeof decodeFields> = {}, options?: Schema.MakeOptions) {
    super({ outcome: ofWrite(props.operation, "Applied"), ...props }, options)
  }
  override get message(): string {
    return line(
      this,
      `answer not understood: ${this.reason}${this.issues.length === 0 ? "" : `, ${listed(this.issues)}`}`
    )
  }
  /** Trustly's own words, redacted; empty after the error has crossed a process boundary. */
  get serverMessages(): ReadonlyArray<Redacted.Redacted> {
    return serverMessagesOf(this)
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
 * const nobody = CustomerService.layerTest({ get: () => Effect.fail(new TrustlyNotFoundError({ operation: "get" })) })
 * assert.strictEqual(await Effect.runPromise(Effect.provide(isKnown("1001165729"), nobody)), false)
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
)

// it looks into the value, which may throw
const is = Schema.is(TrustlyError)

/**
 * Whether a value is one of the errors of this library.
 *
 * @since 0.1.0
 * @category predicates
 * @example
 * import { isTrustlyError, TrustlyAuthError } from "effect-trustly"
 *
 * assert.strictEqual(isTrustlyError(new TrustlyAuthError({})), true)
 * assert.strictEqual(isTrustlyError(new Error("boom")), false)
 */
export const isTrustlyError = (u: unknown): u is TrustlyError => Either.getOrElse(Either.try(() => is(u)), constFalse)

/**
 * Whether trying again can help. `false` for everything that is not an error of this library.
 *
 * @since 0.1.0
 * @category predicates
 * @example
 * import { isRetryable, TrustlyNetworkError } from "effect-trustly"
 *
 * assert.strictEqual(isRetryable(new TrustlyNetworkError({ reason: "Reset" })), true)
 * assert.strictEqual(isRetryable(new TrustlyNetworkError({ reason: "Tls" })), false)
 * assert.strictEqual(isRetryable("boom"), false)
 */
export const isRetryable = (u: unknown): boolean => isTrustlyError(u) && u.isRetryable

/**
 * How long Trustly asked to wait before the next try, where it did.
 *
 * @since 0.1.0
 * @category getters
 * @example
 * import { Duration, Option } from "effect"
 * import { retryAfter, TrustlyRateLimitError } from "effect-trustly"
 *
 * const error = new TrustlyRateLimitError({ retryAfter: Duration.seconds(7) })
 * assert.deepStrictEqual(retryAfter(error), Option.some(Duration.seconds(7)))
 * assert.deepStrictEqual(retryAfter("boom"), Option.none())
 */
export const retryAfter = (u: unknown): Option.Option<Duration.Duration> =>
  isTrustlyError(u) && "retryAfter" in u ? Option.fromNullable(u.retryAfter) : Option.none()

/**
 * What a failed parse says without the values, for whoever decodes customers of their own. A `ParseError` holds and prints the
 * whole input, so it should not reach a log or an answer; these issues can.
 *
 * @since 0.1.0
 * @category getters
 * @example
 * import { Effect, Schema } from "effect"
 * import { CustomerChange, issuesOf } from "effect-trustly"
 *
 * const decode = Schema.decodeUnknown(CustomerChange, { onExcessProperty: "error", errors: "all" })
 *
 * const issues = Effect.runSync(decode({ email: "", nickname: "Jo" }).pipe(Effect.mapError(issuesOf), Effect.flip))
 * assert.deepStrictEqual(issues, [
 *   { path: "nickname", problem: "unknown" },
 *   { path: "email", problem: "invalid", expected: "a text that is not empty" }
 * ])
 */
export const issuesOf = (error: ParseResult.ParseError): ReadonlyArray<Issue> => fromParseIssue(error.issue)
