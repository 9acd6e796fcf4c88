/**
 * Many customers: a stream of commands in, a stream of results out.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
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
import * as Input from "./internal/input.ts"
import * as InTurn from "./internal/inTurn.ts"
import * as Issues from "./internal/issues.ts"
import { retryingWith } from "./internal/retrying.ts"
import type { Issue, Operation, TrustlyAuthError, TrustlyError } from "./TrustlyError.ts"
import { TrustlyDecodeError, TrustlyNotFoundError, TrustlyValidationError } from "./TrustlyError.ts"

const CustomerId = Schema.String.pipe(Schema.filter(Input.isId, { description: Input.anId }))
const ExternalId = Schema.String.pipe(Schema.filter(Input.isExternalId, { description: Input.anExternalId }))

/**
 * What is to be done with one customer: a whole customer is sent, or a change is laid over the record that is read first. A
 * change can name its customer by the merchant's own identifier; the customer is then looked for, and never created.
 *
 * @since 0.1.0
 * @category models
 */
export type Command = typeof Command.Type

/**
 * Schema of {@link Command}; the encoded side is the wire JSON, so a line of NDJSON decodes with it.
 *
 * @since 0.1.0
 * @category schemas
 * @example
 * import { Effect, Schema } from "effect"
 * import { CustomerBatch } from "effect-trustly"
 *
 * const line = `{"externalId":"4567890","change":{"vip":2}}`
 *
 * const command = Effect.runSync(Schema.decode(Schema.parseJson(CustomerBatch.Command))(line))
 * assert.deepStrictEqual(command, { externalId: "4567890", change: { vip: 2 } })
 */
export const Command = Schema.Union(
  Schema.Struct({ customerId: CustomerId, update: CustomerUpdate }),
  Schema.Struct({ customerId: CustomerId, change: CustomerChange }),
  Schema.Struct({ externalId: ExternalId, change: CustomerChange })
  // a key that is not known may be the other half of a command
).annotations({ parseOptions: { onExcessProperty: "error" } })

const [Update, Change, ChangeByExternalId] = Command.members

const unknowns = { onExcessProperty: "error" } as const
const decodeUpdate = Codec.decoder(Update, unknowns)
const decodeChange = Codec.decoder(Change, unknowns)
const decodeChangeByExternalId = Codec.decoder(ChangeByExternalId, unknowns)

const isAnother = (command: Command): boolean => {
  const { customerId } = "update" in command ? command.update : command.change
  return customerId !== undefined && !("customerId" in command && customerId === command.customerId)
}

const refuse = (operation: Operation, issues: ReadonlyArray<Issue>) =>
  Either.left(new TrustlyValidationError({ operation, issues }))

/**
 * Reads a command from JSON. Cheaper than the schema, with issues of the one kind of command that was meant, and
 * it refuses a customer that holds another `customerId` than the command.
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
 *   { path: "change.email", problem: "invalid", expected: "a text that is not empty" }
 * ])
 */
export const decode = (json: unknown): Either.Either<Command, TrustlyValidationError> => {
  if (!Predicate.isRecord(json)) return refuse("modify", [{ path: "", problem: "invalid", expected: "an object" }])
  const operation = "update" in json ? "update" : "modify"
  const decoder = "update" in json ? decodeUpdate : "customerId" in json ? decodeChange : decodeChangeByExternalId
  const decoded: Either.Either<Command, ParseResult.ParseIssue> = decoder(json)
  if (Either.isLeft(decoded)) return refuse(operation, Issues.fromParseIssue(decoded.left))
  return isAnother(decoded.right)
    ? refuse(operation, [{
      path: `${operation === "update" ? "update" : "change"}.customerId`,
      problem: "invalid",
      expected: "the customerId of the command"
    }])
    : Either.right(decoded.right)
}

/**
 * How a command ended: its position in the input, counted from 0, which customer it named, and the customer as Trustly now
 * holds it, or the error. A defect of the service is in the `Exit` too.
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
  /** How many commands are under way at the most. Default: 16; less than 1 counts as 1. */
  readonly concurrency?: number | undefined
  /**
   * How many calls of the service begin in an interval at the most, spread evenly; each retry is a call of its own. An update
   * is one call and one request, a change one call and two requests, a change by `externalId` two calls and three requests.
   * A limit that is not above 0 counts as 1.
   */
  readonly rate?: { readonly limit: number; readonly interval: Duration.DurationInput } | undefined
  /** When to try a call again, as in `CustomerService.withRetry`; leave it out where the layer has a policy. Default: never. */
  readonly retry?: Schedule.Schedule<unknown, unknown> | undefined
  /** Runs before a command is begun. When it fails, the run stops. */
  readonly onBegin?: ((command: C, position: number) => Effect.Effect<void, E, R>) | undefined
  /**
   * Runs when a command has ended, before the next one of its customer is begun: the place to record it. A run that is
   * interrupted waits for it. When it fails, the run stops.
   */
  readonly onEnd?: ((result: Result<C>) => Effect.Effect<void, E, R>) | undefined
}

const customerOf = (command: Command): CustomerIdentifier =>
  "customerId" in command ? { customerId: command.customerId } : { externalId: command.externalId }

// one space of names for both kinds would mix up customers whose identifiers look alike
const keyOf = (command: Command): string =>
  "customerId" in command ? `customerId ${command.customerId}` : `externalId ${command.externalId}`

/** The customer that was looked for. Nothing is written unless there is exactly one. */
const only = (externalId: string, records: ReadonlyArray<CustomerRecord>): Effect.Effect<string, TrustlyError> => {
  const found = records.filter((record) => record.externalId === externalId)
  const [record] = found
  if (record === undefined) {
    return Effect.fail(new TrustlyNotFoundError({ operation: "find", status: 200, outcome: "NotSent" }))
  }
  if (found.length > 1) {
    const issue = { path: "externalId", problem: "invalid", expected: "an identifier of one customer only" } as const
    return Effect.fail(new TrustlyValidationError({ operation: "find", issues: [issue] }))
  }
  return record.customerId === undefined
    ? Effect.fail(
      new TrustlyDecodeError({
        operation: "find",
        outcome: "NotSent",
        issues: [{ path: "customers.customerId", problem: "missing" }]
      })
    )
    : Effect.succeed(record.customerId)
}

/** Waits until it is time for the next call, so that calls are spread evenly. */
const pace = ({ interval, limit }: NonNullable<Options["rate"]>): Effect.Effect<void> => {
  const step = Duration.toMillis(interval) / (limit > 0 ? limit : 1)
  let free = 0
  return Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const at = Math.max(now, free)
    free = at + step
    return at > now ? Effect.sleep(Duration.millis(at - now)) : Effect.void
  })
}

const isRefusal = (error: TrustlyError): error is TrustlyAuthError => error._tag === "TrustlyAuthError"

const refusalOf = (exit: Result["exit"]): Option.Option<TrustlyAuthError> =>
  Exit.isFailure(exit) ? Option.filter(Cause.failureOption(exit.cause), isRefusal) : Option.none()

/**
 * Performs commands, `concurrency` of them side by side. The commands of one customer are performed in their order and never
 * two at a time, as far as they name it by the same identifier. Results come in the order in which commands end. Memory is
 * bounded: the input is read only as fast as commands end and results are taken.
 *
 * A command that fails is a result, and the run goes on. The run stops when Trustly refuses the credentials, which would fail
 * every other command too: no further command is begun, those under way come to their end and have their results, and the
 * stream fails with the `TrustlyAuthError`. It stops in the same way when `onBegin` or `onEnd` fails. When the input fails, the
 * commands read before are performed first. A run that is interrupted interrupts what is under way: whether those updates
 * were applied is unknown, and they have no result.
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
    // what is no number counts as 1 too
    const concurrency = Math.max(1, Math.floor(options.concurrency ?? 16) || 1)
    const customers = yield* CustomerService
    const results = yield* Mailbox.make<Result<C>, E | E2 | TrustlyAuthError>(concurrency)

    const wait = rate === undefined ? Effect.void : pace(rate)
    const retrying = retry === undefined ? undefined : retryingWith(retry)
    const call = <A>(operation: Effect.Effect<A, TrustlyError>): Effect.Effect<A, TrustlyError> => {
      const paced = Effect.zipRight(wait, operation)
      return retrying === undefined ? paced : retrying(paced)
    }

    const send = (command: Command): Effect.Effect<Customer, TrustlyError> => {
      if ("update" in command) return call(customers.update(command.customerId, command.update))
      const { change } = command
      const modify = (customerId: string) => call(customers.modify(customerId, () => change))
      if ("customerId" in command) return modify(command.customerId)
      const { externalId } = command
      return call(customers.find({ externalId })).pipe(
        Effect.flatMap((records) => only(externalId, records)),
        Effect.flatMap(modify)
      )
    }

    const perform = ({ command, position }: InTurn.Item<C>, stop: InTurn.Stop<E2 | TrustlyAuthError>) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          if (onBegin !== undefined) yield* restore(onBegin(command, position))
          const exit = yield* Effect.exit(restore(Effect.suspend(() => send(command))))
          // a run that is interrupted ends here; an interruption of the service's own is a result
          if (Exit.isInterrupted(exit)) yield* restore(Effect.void)
          // at once: the others begin commands as long as this one waits for onEnd and for the consumer
          const refused = refusalOf(exit)
          if (Option.isSome(refused)) yield* stop(Cause.fail(refused.value))
          const result = { position, customer: customerOf(command), command, exit }
          if (onEnd !== undefined) yield* Effect.catchAllCause(Effect.suspend(() => onEnd(result)), stop)
          yield* restore(results.offer(result))
        })
      )

    yield* InTurn.run({ pull: yield* Stream.toPull(commands), keyOf, perform, concurrency }).pipe(
      Mailbox.into(results),
      Effect.forkScoped
    )
    return Mailbox.toStream(results)
  }))
