import type { HttpClient } from "@effect/platform"
import { describe, expectTypeOf, it } from "@effect/vitest"
import {
  type Config,
  type ConfigError,
  type Context,
  Data,
  type DateTime,
  type Duration,
  Effect,
  type Exit,
  Layer,
  type Option,
  type Redacted,
  Schedule,
  Stream
} from "effect"
import {
  type Customer,
  CustomerBatch,
  type CustomerChange,
  type CustomerIdentifier,
  type CustomerRecord,
  CustomerService,
  type CustomerUpdate,
  isRetryable,
  isTrustlyError,
  retryAfter,
  serverMessages,
  type TrustlyAuthError,
  TrustlyConfig,
  type TrustlyDecodeError,
  type TrustlyError,
  type TrustlyNetworkError,
  type TrustlyNotFoundError,
  type TrustlyRateLimitError,
  type TrustlyRejectedError,
  TrustlyRetry,
  type TrustlyServerError,
  type TrustlyValidationError
} from "effect-trustly"
import { CustomersMemory } from "effect-trustly/testing"

// these tests fail at compile time: the bodies do nothing at run time

class Stock extends Effect.Service<Stock>()("test/Stock", { succeed: { tier: 2 } }) {}

declare const customers: CustomerService.Service

describe("the operations", () => {
  it("require nothing from their caller and fail with a TrustlyError", () => {
    type Service = CustomerService.Service
    expectTypeOf<Service["update"]>().toEqualTypeOf<
      (customerId: string, customer: CustomerUpdate) => Effect.Effect<Customer, TrustlyError>
    >()
    expectTypeOf<Service["get"]>().toEqualTypeOf<(customerId: string) => Effect.Effect<CustomerRecord, TrustlyError>>()
    expectTypeOf<Service["find"]>().toEqualTypeOf<
      (
        by: { readonly externalId: string } | { readonly customerId: string }
      ) => Effect.Effect<ReadonlyArray<CustomerRecord>, TrustlyError>
    >()
    expectTypeOf<Service["createOrUpdate"]>().toEqualTypeOf<
      (
        customer: CustomerUpdate & ({ readonly externalId: string } | { readonly customerId: string })
      ) => Effect.Effect<Customer, TrustlyError>
    >()
    expectTypeOf<keyof Service>().toEqualTypeOf<"update" | "get" | "modify" | "find" | "createOrUpdate">()
  })

  it("modify has the errors and requirements of its change", () => {
    expectTypeOf(() => customers.modify("1", ({ vip = "1" }) => ({ vip }))).returns.toEqualTypeOf<
      Effect.Effect<Customer, TrustlyError>
    >()

    const effectful = () =>
      customers.modify("1", (current) => {
        expectTypeOf(current).toEqualTypeOf<CustomerRecord>()
        return Effect.flatMap(
          Stock,
          ({ tier }) => tier > 1 ? Effect.succeed({ vip: tier }) : Effect.fail("no" as const)
        )
      })
    expectTypeOf(effectful).returns.toEqualTypeOf<Effect.Effect<Customer, TrustlyError | "no", Stock>>()
  })

  it("modify, createOrUpdate, and find reject invalid input", () => {
    // @ts-expect-error -- a required field cannot be cleared
    expectTypeOf(() => customers.modify("1", () => ({ name: null }))).returns.not.toBeAny()
    // @ts-expect-error -- the effect does not return a change
    expectTypeOf(() => customers.modify("1", () => Effect.succeed(5))).returns.not.toBeAny()
    // @ts-expect-error -- both identifiers are missing
    expectTypeOf(() => customers.createOrUpdate(minimalCustomer)).returns.not.toBeAny()
    // @ts-expect-error -- both identifiers are missing
    expectTypeOf(() => customers.find({})).returns.not.toBeAny()
  })
})

describe("the layers", () => {
  type Built = Layer.Layer<CustomerService, ConfigError.ConfigError, HttpClient.HttpClient>

  it("declare their services, errors, and requirements", () => {
    expectTypeOf(CustomerService.make).toEqualTypeOf<
      (
        options: TrustlyConfig.Options
      ) => Effect.Effect<CustomerService.Service, ConfigError.ConfigError, HttpClient.HttpClient>
    >()
    expectTypeOf(CustomerService.layer).toEqualTypeOf<(options: TrustlyConfig.Options) => Built>()
    expectTypeOf(CustomerService.layerConfig).toEqualTypeOf<
      (config?: Config.Config.Wrap<TrustlyConfig.Options>) => Built
    >()
    expectTypeOf(CustomerService.layerTest).toEqualTypeOf<
      (partial?: Partial<CustomerService.Service>) => Layer.Layer<CustomerService>
    >()
    expectTypeOf<Context.Tag.Service<typeof CustomerService>>().toEqualTypeOf<CustomerService.Service>()
    expectTypeOf(CustomersMemory.layer).returns.toEqualTypeOf<Layer.Layer<CustomerService | CustomersMemory>>()
  })

  it("withRetry preserves the type of the layer", () => {
    const retrying = CustomerService.withRetry(TrustlyRetry.policy())
    expectTypeOf(retrying(CustomerService.layerConfig())).toEqualTypeOf<Built>()
    expectTypeOf(retrying(CustomerService.layerTest())).toEqualTypeOf<Layer.Layer<CustomerService>>()
    expectTypeOf(CustomerService.withRetry).toBeCallableWith(Schedule.recurs(3))
    // @ts-expect-error -- not the layer of a CustomerService
    expectTypeOf(() => retrying(Layer.empty)).returns.not.toBeAny()
  })

  it("the policy works with Effect.retry and any error", () => {
    expectTypeOf(TrustlyRetry.policy).returns.toEqualTypeOf<Schedule.Schedule<Duration.Duration, unknown>>()
    expectTypeOf(Effect.retry(Effect.fail("no" as const), TrustlyRetry.policy())).toEqualTypeOf<
      Effect.Effect<never, "no">
    >()
    expectTypeOf(TrustlyRetry.config).toEqualTypeOf<Config.Config<TrustlyRetry.Options>>()
    expectTypeOf(TrustlyConfig.config).toEqualTypeOf<Config.Config<TrustlyConfig.Options>>()
  })
})

describe("CustomerBatch", () => {
  type Command = CustomerBatch.Command
  type Numbered = Command & { readonly line: number }
  class Unreadable extends Data.TaggedError("Unreadable") {}
  class Unwritable extends Data.TaggedError("Unwritable") {}

  it("run has the errors and requirements of its input and hooks, and the auth error", () => {
    const commands: Stream.Stream<Command> = Stream.empty
    expectTypeOf(CustomerBatch.run(commands)).toEqualTypeOf<
      Stream.Stream<CustomerBatch.Result, TrustlyAuthError, CustomerService>
    >()

    const numbered: Stream.Stream<Numbered, Unreadable, Stock> = Stream.empty
    const recorded = CustomerBatch.run(numbered, {
      concurrency: 1,
      rate: { limit: 50, interval: "1 second" },
      retry: TrustlyRetry.policy(),
      onBegin: ({ line }, position) => {
        expectTypeOf([line, position]).toEqualTypeOf<Array<number>>()
        return new Unwritable()
      },
      onEnd: ({ command, exit }) => {
        expectTypeOf(command).toEqualTypeOf<Numbered>()
        expectTypeOf(exit).toEqualTypeOf<Exit.Exit<Customer, TrustlyError>>()
        return Effect.asVoid(CustomersMemory)
      }
    })
    expectTypeOf(recorded).toEqualTypeOf<
      Stream.Stream<
        CustomerBatch.Result<Numbered>,
        Unreadable | Unwritable | TrustlyAuthError,
        CustomerService | Stock | CustomersMemory
      >
    >()
  })

  it("a command has one identifier and an update or a change", () => {
    expectTypeOf<Command>().toEqualTypeOf<
      | { readonly customerId: string; readonly update: CustomerUpdate }
      | { readonly customerId: string; readonly change: CustomerChange }
      | { readonly externalId: string; readonly change: CustomerChange }
    >()
    expectTypeOf<CustomerBatch.Result>().toEqualTypeOf<{
      readonly position: number
      readonly customer: CustomerIdentifier
      readonly command: Command
      readonly exit: Exit.Exit<Customer, TrustlyError>
    }>()
    // @ts-expect-error -- a batch does not create customers
    expectTypeOf(() => CustomerBatch.run(Stream.make({ externalId: "1", update: minimalCustomer }))).returns.not
      .toBeAny()
  })
})

const minimalCustomer = { name: "Jo Doe", email: "jo@example.test", phone: "+1", address: { country: "US" } }

describe("request types", () => {
  it("accept an absent, null, or set optional field, including in the address", () => {
    type Write<Field extends keyof CustomerUpdate> = Exclude<CustomerUpdate[Field], undefined>
    expectTypeOf<Write<"taxId">>().toEqualTypeOf<string | Redacted.Redacted | null>()
    expectTypeOf<Write<"dateOfBirth">>().toEqualTypeOf<string | Redacted.Redacted | null>()
    expectTypeOf<Write<"nationalId">>().toEqualTypeOf<string | Redacted.Redacted | null>()
    expectTypeOf<NonNullable<CustomerUpdate["driverLicense"]>["number"]>().toEqualTypeOf<string | Redacted.Redacted>()
    expectTypeOf<Write<"vip">>().toEqualTypeOf<string | number | null>()
    expectTypeOf<Write<"enrollDate">>().toEqualTypeOf<DateTime.Utc | null>()
    expectTypeOf<Write<"customData">>().toEqualTypeOf<{ readonly [key: string]: unknown } | null>()
    expectTypeOf<Write<"customerId">>().toEqualTypeOf<string>()
    expectTypeOf({ ...minimalCustomer, vip: null, address: { country: "US", zip: null } }).toExtend<CustomerUpdate>()
  })

  it("accept undefined for an optional field and reject an absent, undefined, or null required field", () => {
    expectTypeOf<typeof minimalCustomer>().toExtend<CustomerUpdate>()
    expectTypeOf<{ readonly currency: undefined } & typeof minimalCustomer>().toExtend<CustomerUpdate>()
    expectTypeOf<Omit<typeof minimalCustomer, "name"> & { readonly name: undefined }>().not.toExtend<CustomerUpdate>()
    expectTypeOf<Omit<typeof minimalCustomer, "name"> & { readonly name: null }>().not.toExtend<CustomerUpdate>()
    expectTypeOf<Omit<typeof minimalCustomer, "address"> & { address: { country: null } }>().not.toExtend<
      CustomerUpdate
    >()
    expectTypeOf<Omit<typeof minimalCustomer, "email">>().not.toExtend<CustomerUpdate>()
    expectTypeOf<{ readonly driverLicense: { readonly state: "CA" } }>().not.toExtend<CustomerChange>()
    // @ts-expect-error -- no such field
    expectTypeOf(() => customers.update("1", { ...minimalCustomer, fullName: "Jo Doe" })).returns.not.toBeAny()
  })

  it("make every field of a change optional", () => {
    expectTypeOf<{}>().toExtend<CustomerChange>()
    expectTypeOf<{ readonly address: { readonly city: "Reno" } }>().toExtend<CustomerChange>()
  })
})

describe("response types", () => {
  it("require the required fields after a write, but not in a stored record", () => {
    expectTypeOf<Customer["name"]>().toEqualTypeOf<string>()
    expectTypeOf<Customer["address"]["country"]>().toEqualTypeOf<string>()
    expectTypeOf<{}>().toExtend<CustomerRecord>()
    expectTypeOf<Customer>().toExtend<CustomerRecord>()
    expectTypeOf<Customer["taxId"]>().toEqualTypeOf<Redacted.Redacted | undefined>()
    expectTypeOf<Customer["vip"]>().toEqualTypeOf<string | undefined>()
    expectTypeOf<Customer["updatedAt"]>().toEqualTypeOf<DateTime.Utc | undefined>()
  })
})

const tagOf = ({ _tag }: TrustlyError) => Effect.succeed(_tag)

describe("the errors", () => {
  it("are eight, and handling all of them leaves none", () => {
    expectTypeOf<TrustlyError>().toEqualTypeOf<
      | TrustlyValidationError
      | TrustlyAuthError
      | TrustlyNotFoundError
      | TrustlyRejectedError
      | TrustlyRateLimitError
      | TrustlyServerError
      | TrustlyNetworkError
      | TrustlyDecodeError
    >()
    expectTypeOf(() =>
      customers.get("1").pipe(Effect.catchTags({
        TrustlyValidationError: tagOf,
        TrustlyAuthError: tagOf,
        TrustlyNotFoundError: tagOf,
        TrustlyRejectedError: tagOf,
        TrustlyRateLimitError: tagOf,
        TrustlyServerError: tagOf,
        TrustlyNetworkError: tagOf,
        TrustlyDecodeError: tagOf
      }))
    ).returns.toEqualTypeOf<Effect.Effect<CustomerRecord | TrustlyError["_tag"]>>()
  })

  it("all have isRetryable, outcome, and operation", () => {
    expectTypeOf<TrustlyError["isRetryable"]>().toEqualTypeOf<boolean>()
    expectTypeOf<TrustlyError["outcome"]>().toEqualTypeOf<"NotSent" | "Rejected" | "Unknown" | "Applied">()
    expectTypeOf<TrustlyError["operation"]>().toEqualTypeOf<keyof CustomerService.Service>()
    expectTypeOf(serverMessages).toEqualTypeOf<(error: TrustlyError) => ReadonlyArray<Redacted.Redacted>>()
    expectTypeOf<TrustlyNetworkError["reason"]>().toEqualTypeOf<
      "Dns" | "Connect" | "Tls" | "Timeout" | "Reset" | "Protocol"
    >()
    expectTypeOf<TrustlyDecodeError["reason"]>().toEqualTypeOf<
      "NotJson" | "Empty" | "Shape" | "Encoding" | "TooLarge"
    >()
  })

  it("have type guards that accept any value", () => {
    expectTypeOf(isTrustlyError).guards.toEqualTypeOf<TrustlyError>()
    expectTypeOf(isRetryable).toEqualTypeOf<(u: unknown) => boolean>()
    expectTypeOf(retryAfter).toEqualTypeOf<(u: unknown) => Option.Option<Duration.Duration>>()
  })
})
