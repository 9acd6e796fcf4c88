/**
 * A `CustomerService` for unit tests that keeps its customers in memory.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as CustomerRequest from "../CustomerRequest.ts"
import { CustomerService } from "../CustomerService.ts"
import { CustomerChange } from "../CustomerUpdate.ts"
import type { Operation, TrustlyError } from "../TrustlyError.ts"
import * as TrustlyModel from "./TrustlyModel.ts"

/**
 * @since 0.1.0
 * @category services
 */
export declare namespace CustomersMemory {
  /**
   * A recorded call of the service. `input` is the request input: the wire JSON of a write (for `modify`, the four required fields
   * and the changed ones), or the identifier passed to `find`. It is absent if the call sent neither.
   *
   * @since 0.1.0
   * @category models
   */
  interface Call {
    readonly operation: Operation
    readonly customerId?: string
    readonly input?: CustomerRequest.Body
  }

  /**
   * Inspects the recorded state, injects failures, and resets it.
   *
   * @since 0.1.0
   * @category services
   */
  interface Service {
    /** All stored customers, sorted by `customerId`: wire JSON, unmasked. */
    readonly records: Effect.Effect<ReadonlyArray<TrustlyModel.WireCustomer>>
    /** All calls since the layer was built or reset, in the order they started. Includes calls that failed. */
    readonly calls: Effect.Effect<ReadonlyArray<Call>>
    /** Makes the next request fail with this error and change nothing. Repeated calls queue the errors, one per request. */
    readonly failNext: (error: TrustlyError) => Effect.Effect<void>
    /** Restores the initial customers and clears the recorded calls and queued errors. */
    readonly reset: Effect.Effect<void>
  }
}

interface Memory {
  readonly trustly: TrustlyModel.State
  readonly calls: ReadonlyArray<CustomersMemory.Call>
  readonly failures: ReadonlyArray<TrustlyError>
}

/** Carries an injected error past the response classification, which would replace it with another error. */
class Injected {
  readonly error: TrustlyError
  constructor(error: TrustlyError) {
    this.error = error
  }
}

// index of the call that the current fiber belongs to
const currentCall = FiberRef.unsafeMake(-1)

const decodeBody = Schema.decodeOption(Schema.parseJson(Schema.encodedSchema(CustomerChange)))

const withInput = (
  calls: ReadonlyArray<CustomersMemory.Call>,
  index: number,
  body: string
): ReadonlyArray<CustomersMemory.Call> =>
  Option.match(decodeBody(body), {
    onNone: () => calls,
    onSome: (input) => calls.map((call, position) => position === index ? { ...call, input } : call)
  })

let memories = 0

type Outcome = Either.Either<TrustlyModel.Response, TrustlyError>

/** An HTTP client that responds from `TrustlyModel` instead of the network. */
const makeClient = (memory: Ref.Ref<Memory>): HttpClient.HttpClient =>
  HttpClient.make((request, { pathname, search }) =>
    Effect.gen(function*() {
      const index = yield* FiberRef.get(currentCall)
      const nowMillis = yield* Clock.currentTimeMillis
      const body = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
      const outcome = yield* Ref.modify(memory, (current): [Outcome, Memory] => {
        const recorded = { ...current, calls: withInput(current.calls, index, body) }
        const [failure, ...failures] = current.failures
        if (failure !== undefined) return [Either.left(failure), { ...recorded, failures }]
        const modelRequest = { method: request.method, url: pathname + search, body, nowMillis }
        const reply = TrustlyModel.handle(current.trustly, modelRequest)
        return [Either.right(reply), { ...recorded, trustly: reply.state }]
      })
      if (Either.isLeft(outcome)) return yield* Effect.die(new Injected(outcome.left))
      const { body: json, status } = outcome.right
      return HttpClientResponse.fromWeb(request, Response.json(json, { status }))
    })
  )

const make = (seed: Iterable<TrustlyModel.WireCustomer>) =>
  Effect.gen(function*() {
    const initial: Memory = { trustly: TrustlyModel.make(seed), calls: [], failures: [] }
    const memory = yield* Ref.make(initial)

    const recordCall = <A, E, R>(
      call: CustomersMemory.Call,
      effect: Effect.Effect<A, E, R>
    ): Effect.Effect<A, E | TrustlyError, R> =>
      Ref.modify(memory, (current) => [current.calls.length, { ...current, calls: [...current.calls, call] }]).pipe(
        Effect.flatMap((index) => Effect.locally(effect, currentCall, index)),
        Effect.catchSomeDefect((defect) =>
          defect instanceof Injected ? Option.some(Effect.fail(defect.error)) : Option.none()
        )
      )

    const service = yield* CustomerService.make({
      accessId: "memory",
      accessKey: Redacted.make("memory"),
      // `modify` locks per base URL, so two layers must not share one
      baseUrl: `http://memory-${memories++}.localhost`,
      timeout: Duration.infinity
    }).pipe(Effect.provideService(HttpClient.HttpClient, makeClient(memory)), Effect.orDie)

    const customers: CustomerService.Service = {
      update: (customerId, customer) =>
        recordCall({ operation: "update", customerId }, service.update(customerId, customer)),
      get: (customerId) => recordCall({ operation: "get", customerId }, service.get(customerId)),
      modify: (customerId, change) =>
        recordCall({ operation: "modify", customerId }, service.modify(customerId, change)),
      find: (by) => recordCall({ operation: "find", input: by }, service.find(by)),
      createOrUpdate: (customer) => {
        const customerId = Either.getOrUndefined(CustomerRequest.createOrUpdate(customer))?.customerId
        const call = { operation: "createOrUpdate", ...(customerId === undefined ? {} : { customerId }) } as const
        return recordCall(call, service.createOrUpdate(customer))
      }
    }

    return Context.make(CustomerService, customers).pipe(
      Context.add(CustomersMemory, {
        records: Effect.map(Ref.get(memory), ({ trustly }) => TrustlyModel.customers(trustly)),
        calls: Effect.map(Ref.get(memory), ({ calls }) => calls),
        failNext: (error) => Ref.update(memory, (current) => ({ ...current, failures: [...current.failures, error] })),
        reset: Ref.set(memory, initial)
      })
    )
  })

/**
 * The in-memory backend of a `CustomerService` in unit tests.
 *
 * The service is the production implementation with all its validation; only the HTTP client is replaced. Time comes from
 * Effect's `Clock`.
 *
 * @since 0.1.0
 * @category services
 */
export class CustomersMemory
  extends Context.Tag("effect-trustly/testing/CustomersMemory")<CustomersMemory, CustomersMemory.Service>()
{
  /**
   * Provides a `CustomerService` with these customers, and the `CustomersMemory` behind it.
   *
   * @since 0.1.0
   * @example
   * import { Effect } from "effect"
   * import { CustomerService } from "effect-trustly"
   * import { CustomersMemory } from "effect-trustly/testing"
   *
   * const joe = { customerId: "1", name: "Joe", email: "joe@example.com", phone: "+1", address: { country: "US" } }
   *
   * const program = Effect.gen(function*() {
   *   const customers = yield* CustomerService
   *   yield* customers.modify("1", () => ({ vip: 2 }))
   *   const { calls, records } = yield* CustomersMemory
   *   assert.strictEqual((yield* records)[0]?.vip, 2)
   *   assert.strictEqual((yield* calls)[0]?.operation, "modify")
   * })
   *
   * await Effect.runPromise(Effect.provide(program, CustomersMemory.layer([joe])))
   */
  static layer(seed: Iterable<TrustlyModel.WireCustomer> = []): Layer.Layer<CustomerService | CustomersMemory> {
    return Layer.effectContext(Effect.suspend(() => make(seed)))
  }
}
