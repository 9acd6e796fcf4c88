/**
 * Many customers: a stream of commands in, a stream of results out.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import type * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Customer, CustomerRecord } from "./Customer.ts"
import type { CustomerIdentifier } from "./CustomerService.ts"
import { CustomerService } from "./CustomerService.ts"
import { CustomerChange, CustomerUpdate } from "./CustomerUpdate.ts"
import * as Codec from "./internal/codec.ts"
import * as Expect from "./internal/expect.ts"
import * as Identifier from "./internal/identifier.ts"
import * as Issues from "./internal/issues.ts"
import * as KeyedWorkers from "./internal/keyedWorkers.ts"
import * as Monotonic from "./internal/monotonic.ts"
import * as Plain from "./internal/plain.ts"
import * as Retry from "./internal/retry.ts"
import type { Issue, Operation, TrustlyAuthError, TrustlyError } from "./TrustlyError.ts"
import { TrustlyDecodeError, TrustlyNotFoundError, TrustlyValidationError } from "./TrustlyError.ts"

const CustomerId = Schema.String.pipe(Schema.filter(Identifier.isCustomerId)).annotations(
  Expect.value(Identifier.customerIdRule)
)
const ExternalId = Schema.String.pipe(Schema.filter(Identifier.isExternalId)).annotations(
  Expect.value(Identifier.externalIdRule)
)

// an unknown key may be the other half of a command
const exactly = <Fields extends Schema.Struct.Fields>(fields: Fields) =>
  Schema.Struct(fields).annotations({ ...Expect.object, parseOptions: { onExcessProperty: "error" } })

/**
 * What to do with one customer: send a whole customer (`update`), or read the record and change it (`change`). A change can name its
 * customer by the merchant's own ID: the customer is then looked up, and never created.
 *
 * @since 0.1.0
 * @category models
 */
export type Command = typeof Command.Type

/**
 * Schema of {@link Command}. The encoded side is the wire JSON. {@link decode} is cheaper and has better issues.
 *
 * @since 0.1.0
 * @category schemas
 * @example
 * import { Effect, Schema } from "effect"
 * import { CustomerBatch } from "effect-trustly"
 *
 * const body: unknown = { externalId: "4567890", change: { vip: 2 } }
 *
 * const command = Effect.runSync(Schema.decodeUnknown(CustomerBatch.Command)(body))
 * assert.deepStrictEqual(command, { externalId: "4567890", change: { vip: 2 } })
 */
export const Command = Schema.Union(
  exactly({ customerId: CustomerId, update: CustomerUpdate }),
  exactly({ customerId: CustomerId, change: CustomerChange }),
  exactly({ externalId: ExternalId, change: CustomerChange })
).annotations(Expect.object)

const [Update, Change, ChangeByExternalId] = Command.members

/** One function for each kind of command. */
type Conversions<A> = Readonly<
  Record<"update" | "change" | "changeByExternalId", (plain: unknown) => Either.Either<A, ParseResult.ParseIssue>>
>

const decoders: Conversions<Command> = {
  update: Codec.decoder(Update),
  change: Codec.decoder(Change),
  changeByExternalId: Codec.decoder(ChangeByExternalId)
}

const encoders: Conversions<typeof Command.Encoded> = {
  update: Codec.encoder(Update),
  change: Codec.encoder(Change),
  changeByExternalId: Codec.encoder(ChangeByExternalId)
}

const namesTwoCustomers = (command: Command): boolean => {
  const { customerId } = "update" in command ? command.update : command.change
  return customerId !== undefined && !("customerId" in command && customerId === command.customerId)
}

const refuse = (operation: Operation, issues: ReadonlyArray<Issue>) =>
  Either.left(new TrustlyValidationError({ operation, issues }))

/** Copies the input as plain data, without what is undefined, and converts it as the kind of command that is meant. */
const convert = <A>(conversions: Conversions<A>, input: unknown): Either.Either<A, TrustlyValidationError> => {
  const copied = Plain.copy(input)
  if (Either.isLeft(copied)) {
    const [half = "", ...path] = copied.left
    const isHalf = half === "update" || half === "change"
    return refuse(half === "update" ? "update" : "modify", [Issues.notPlain(path, isHalf ? [half] : [])])
  }
  const plain = copied.right
  if (!Predicate.isRecord(plain)) return refuse("modify", [{ path: "", problem: "invalid", expected: "an object" }])
  const kind = "update" in plain ? "update" : "customerId" in plain ? "change" : "changeByExternalId"
  return Either.orElse(
    conversions[kind](plain),
    (issue) => refuse(kind === "update" ? "update" : "modify", Issues.fromParseIssue(issue))
  )
}

/**
 * Decodes a command from parsed JSON. It is cheaper than the schema, its issues are those of the kind of command that was meant, and
 * it refuses an update or a change whose `customerId` differs from that of the command.
 *
 * @since 0.1.0
 * @category decoding
 * @example
 * import { Either } from "effect"
 * import { CustomerBatch } from "effect-trustly"
 *
 * const decoded = CustomerBatch.decode({ customerId: "1001165729", change: { email: "" } })
 *
 * assert.deepStrictEqual(Either.isLeft(decoded) && decoded.left.issues, [
 *   { path: "change.email", problem: "invalid", expected: "a non-empty string" }
 * ])
 */
export const decode = (json: unknown): Either.Either<Command, TrustlyValidationError> =>
  Either.flatMap(convert(decoders, json), (command) => {
    if (!namesTwoCustomers(command)) return Either.right(command)
    const [operation, half] = "update" in command ? ["update", "update"] as const : ["modify", "change"] as const
    return refuse(operation, [{
      path: `${half}.customerId`,
      problem: "invalid",
      expected: "the customerId of the command"
    }])
  })

/**
 * Encodes a command as JSON that {@link decode} accepts, for a program that stores commands. It refuses what `decode` would refuse,
 * and what is not plain data, such as an object with a getter in its prototype.
 *
 * @since 0.1.0
 * @category encoding
 * @example
 * import { Either, Redacted } from "effect"
 * import { CustomerBatch } from "effect-trustly"
 *
 * const encoded = CustomerBatch.encode({ customerId: "1001165729", change: { taxId: Redacted.make("123456790") } })
 *
 * assert.deepStrictEqual(encoded, Either.right({ customerId: "1001165729", change: { taxId: "123456790" } }))
 */
export const encode = (command: Command): Either.Either<typeof Command.Encoded, TrustlyValidationError> =>
  // only decoding runs every check
  Either.flatMap(convert(encoders, command), (json) => Either.map(decode(json), () => json))

/**
 * How a command ended: its position in the input (from 0), the customer that it names, and an `Exit` with the customer as Trustly now
 * holds it, the error, or the defect. The `customerId` is empty when the command names no customer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Result<C extends Command = Command> {
  readonly position: number
  readonly customer: CustomerIdentifier
  readonly command: C
  readonly exit: Exit.Exit<Customer, TrustlyError>
}

/**
 * The options of {@link run}.
 *
 * @since 0.1.0
 * @category models
 * @example
 * import { Console } from "effect"
 * import { CustomerBatch, TrustlyRetry } from "effect-trustly"
 *
 * export const options: CustomerBatch.Options = {
 *   concurrency: 32,
 *   rate: { limit: 50, interval: "1 second" },
 *   retry: TrustlyRetry.policy(),
 *   onEnd: ({ exit, position }) => Console.log(position, exit._tag)
 * }
 */
export interface Options<C extends Command = Command, E = never, R = never> {
  /** Maximum number of commands in flight. Default: 16. Less than 1 counts as 1. */
  readonly concurrency?: number | undefined
  /**
   * Maximum number of calls of the service that start in an interval, spread evenly. Each retry is a call. An update is one call with
   * one request, a change one call with two requests, a change by `externalId` two calls with three requests. A limit that is not
   * above 0 counts as 1.
   */
  readonly rate?: { readonly limit: number; readonly interval: Duration.DurationInput } | undefined
  /** When to retry a call, as in `CustomerService.withRetry`. Omit it where the layer has a policy. Default: never. */
  readonly retry?: Schedule.Schedule<unknown, unknown> | undefined
  /** Runs before a command starts, after the command has waited for `rate`. Its failure stops the run. */
  readonly onBegin?: ((command: C, position: number) => Effect.Effect<void, E, R>) | undefined
  /**
   * Runs after a command has ended and before the next one of its customer starts: the place to record it. An interrupted run waits
   * for it. Its failure stops the run.
   */
  readonly onEnd?: ((result: Result<C>) => Effect.Effect<void, E, R>) | undefined
}

interface Parts {
  readonly customerId?: string | undefined
  readonly externalId?: string | undefined
  readonly update?: CustomerUpdate | undefined
  readonly change?: CustomerChange | undefined
}

const identifierOf = ({ customerId, externalId }: Parts): CustomerIdentifier | undefined => {
  if (Predicate.isString(customerId)) return { customerId }
  return Predicate.isString(externalId) ? { externalId } : undefined
}

const unreadable: Issue = { path: "", problem: "invalid", expected: "a readable command" }
const eitherHalf: Issue = { path: "change", problem: "invalid", expected: "either an update or a change" }
const eitherIdentifier: Issue = {
  path: "externalId",
  problem: "invalid",
  expected: "either an externalId or a customerId"
}

/** The command with these parts and no others. */
const commandWith = (
  { change, customerId, externalId, update }: Parts
): Either.Either<Command, TrustlyValidationError> => {
  const operation = update === undefined ? "modify" : "update"
  if ((update === undefined) === (change === undefined)) return refuse(operation, [eitherHalf])
  if ((customerId === undefined) === (externalId === undefined)) return refuse(operation, [eitherIdentifier])
  if (change !== undefined && externalId !== undefined) return Either.right({ externalId, change })
  if (change !== undefined && customerId !== undefined) return Either.right({ customerId, change })
  if (update !== undefined && customerId !== undefined) return Either.right({ customerId, update })
  return refuse(operation, [{ path: "customerId", problem: "missing" }])
}

/** A command that was read once, because its object may change while it waits. */
interface Reading<C> {
  readonly command: C
  /** `undefined` when the command names no customer. */
  readonly customer: CustomerIdentifier | undefined
  readonly valid: Either.Either<Command, TrustlyValidationError>
}

const read = <C extends Command>(command: C): Reading<C> => {
  // an untyped input may hold null, and a getter may throw anything, with a value in it
  const parts = Either.try((): Parts => {
    const { change, customerId, externalId, update }: Parts = command
    return { change, customerId, externalId, update }
  })
  return Either.isLeft(parts)
    ? { command, customer: undefined, valid: refuse("modify", [unreadable]) }
    : { command, customer: identifierOf(parts.right), valid: commandWith(parts.right) }
}

// a customerId and an externalId can be the same text
const keyOf = ({ customer }: Reading<Command>, position: number): string => {
  if (customer === undefined) return `position ${position}`
  return "customerId" in customer ? `customerId ${customer.customerId}` : `externalId ${customer.externalId}`
}

/** The ID of the one customer that was found. */
const singleMatch = (
  externalId: string,
  records: ReadonlyArray<CustomerRecord>
): Either.Either<string, TrustlyError> => {
  const [record, ...others] = records.filter((found) => found.externalId === externalId)
  if (record === undefined) {
    return Either.left(new TrustlyNotFoundError({ operation: "find" }))
  }
  if (others.length > 0) return refuse("find", [{ path: "externalId", problem: "invalid", expected: "one match" }])
  return Either.fromNullable(record.customerId, () =>
    new TrustlyDecodeError({
      operation: "find",
      reason: "Shape",
      issues: [{ path: "customers.customerId", problem: "missing" }]
    }))
}

/** Waits until the next call may start, so that calls are spread evenly. */
const makePace = ({ interval, limit }: NonNullable<Options["rate"]>): Effect.Effect<void> => {
  const step = Duration.toMillis(interval) / (limit > 0 ? limit : 1)
  let nextAt = 0
  return Effect.flatMap(Monotonic.nowMillis, (now) => {
    const startAt = Math.max(now, nextAt)
    nextAt = startAt + step
    return startAt > now ? Monotonic.sleep(startAt - now) : Effect.void
  })
}

const isAuthError = (error: TrustlyError): error is TrustlyAuthError => error._tag === "TrustlyAuthError"

const authErrorOf = (exit: Result["exit"]): Option.Option<TrustlyAuthError> =>
  Exit.isFailure(exit) ? Option.filter(Cause.failureOption(exit.cause), isAuthError) : Option.none()

/**
 * Performs commands, up to `concurrency` at a time. Commands that name a customer by the same identifier run one after the other, in
 * input order. Results arrive as commands end. Memory is bounded: the input is read only as fast as commands end and results are
 * consumed.
 *
 * The properties of a command are read once, before it waits for its turn; do not change its update or change until it has ended. A
 * property that is `undefined` counts as absent. A command with both an update and a change, with both identifiers, or with a
 * property that cannot be read fails with a `TrustlyValidationError`.
 *
 * A failed command is a result, and the run continues. The run stops when Trustly refuses the credentials, because every other
 * command would fail too: no further command starts, those in flight finish and have results, and the stream fails with the
 * `TrustlyAuthError`. A failure of `onBegin` or `onEnd` stops the run in the same way. When the input fails, the commands read
 * before it are performed first. An interrupted run interrupts the commands in flight: they have no result, and their updates may
 * have been applied.
 *
 * @since 0.1.0
 * @category combinators
 * @example
 * import { Effect, Exit, Stream } from "effect"
 * import { CustomerBatch } from "effect-trustly"
 * import { CustomersMemory } from "effect-trustly/testing"
 *
 * const jo = { customerId: "1", externalId: "jo", name: "Jo", email: "jo@example.com", phone: "+1", address: { country: "US" } }
 *
 * const commands = Stream.make(
 *   { customerId: "1", change: { vip: 2 } },
 *   { externalId: "jo", change: { externalTier: "Gold" } },
 *   { customerId: "2", change: { vip: 3 } }
 * )
 *
 * const ended = await CustomerBatch.run(commands, { concurrency: 1 }).pipe(
 *   Stream.map(({ exit, position }) => [position, Exit.isSuccess(exit)]),
 *   Stream.runCollect,
 *   Effect.provide(CustomersMemory.layer([jo])),
 *   Effect.runPromise
 * )
 * assert.deepStrictEqual(Array.from(ended), [[0, true], [1, true], [2, false]])
 */
export const run = <C extends Command, E, R, E2 = never, R2 = never>(
  commands: Stream.Stream<C, E, R>,
  options: Options<C, E2, R2> = {}
): Stream.Stream<Result<C>, E | E2 | TrustlyAuthError, CustomerService | R | R2> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const { onBegin, onEnd, rate, retry } = options
    // NaN counts as 1 too
    const concurrency = Math.max(1, Math.floor(options.concurrency ?? 16) || 1)
    const customers = yield* CustomerService
    const results = yield* Mailbox.make<Result<C>, E | E2 | TrustlyAuthError>(concurrency)

    const pace = rate === undefined ? undefined : makePace(rate)
    const retrying = retry === undefined ? undefined : Retry.retry(retry)

    /** Calls of one command. It waited for the pace of the first one before it began. */
    const makeCall = () => {
      let isFirst = true
      const waitForPace = Effect.suspend(() => {
        if (pace !== undefined && !isFirst) return pace
        isFirst = false
        return Effect.void
      })
      return <A>(operation: Effect.Effect<A, TrustlyError>): Effect.Effect<A, TrustlyError> => {
        const paced = Effect.zipRight(waitForPace, operation)
        return retrying === undefined ? paced : retrying(paced)
      }
    }

    const send = (command: Command): Effect.Effect<Customer, TrustlyError> => {
      const call = makeCall()
      if ("update" in command) return call(customers.update(command.customerId, command.update))
      const { change } = command
      const modify = (customerId: string) => call(customers.modify(customerId, () => change))
      if ("customerId" in command) return modify(command.customerId)
      const { externalId } = command
      return call(customers.find({ externalId })).pipe(
        Effect.flatMap((records) => singleMatch(externalId, records)),
        Effect.flatMap(modify)
      )
    }

    const perform = (
      { command: { command, customer, valid }, position }: KeyedWorkers.Item<Reading<C>>,
      stop: KeyedWorkers.Stop<E2 | TrustlyAuthError>
    ) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          if (onBegin !== undefined) yield* restore(onBegin(command, position))
          const exit = yield* Effect.exit(restore(Effect.flatMap(valid, send)))
          // an interrupted run ends here; the service's own interruption is a result
          if (Exit.isInterrupted(exit)) yield* restore(Effect.void)
          // before onEnd and the consumer, which other workers do not wait for
          const authError = authErrorOf(exit)
          if (Option.isSome(authError)) yield* stop(Cause.fail(authError.value))
          const result = { position, customer: customer ?? { customerId: "" }, command, exit }
          if (onEnd !== undefined) yield* Effect.catchAllCause(Effect.suspend(() => onEnd(result)), stop)
          yield* restore(results.offer(result))
        })
      )

    const pull = yield* Stream.toPull(Stream.map(commands, read))
    yield* KeyedWorkers.run({ pull, keyOf, pace, perform, concurrency }).pipe(
      Mailbox.into(results),
      Effect.forkScoped
    )
    return Mailbox.toStream(results)
  }))
