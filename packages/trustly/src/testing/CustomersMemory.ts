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
   * A call of the service. `input` is what was sent: the wire JSON of a write (for `modify`, the four required fields and
   * what was changed), or the identifier that `find` looked for. It is absent when nothing of the kind was sent.
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
   * What a test looks at and sets.
   *
   * @since 0.1.0
   * @category services
   */
  interface Service {
    /** All customers by their identifiers, as Trustly would hold them: wire JSON, nothing masked. */
    readonly records: Effect.Effect<ReadonlyArray<TrustlyModel.WireCustomer>>
    /** All calls since the layer was built or reset, in the order in which they began; refused and failed ones too. */
    readonly calls: Effect.Effect<ReadonlyArray<Call>>
    /** The next request fails with this error and changes nothing. Several wait for their turns. */
    readonly failNext: (error: TrustlyError) => Effect.Effect<void>
    /** Back to the customers of the beginning, without calls and errors that wait. */
    readonly reset: Effect.Effect<void>
  }
}

interface Memory {
  readonly trustly: TrustlyModel.State
  readonly calls: ReadonlyArray<CustomersMemory.Call>
  readonly failures: ReadonlyArray<TrustlyError>
}

/** Carries an error past the classification of answers, which would make another one of it. */
class Injected {
  readonly error: TrustlyError
  constructor(error: TrustlyError) {
    this.error = error
  }
}

// whose request it is that the client sends
const currentCall = FiberRef.unsafeMake(-1)

const decodeBody = Schema.decodeOption(Schema.parseJson(Schema.encodedSchema(CustomerChange)))

const withInput = (
  calls: ReadonlyArray<CustomersMemory.Call>,
  index: number,
  body: string
): ReadonlyArray<CustomersMemory.Call> =>
  Option.match(decodeBody(body), {
    onNone: () => calls,
    onSome: (input) => calls.map((call, at) => at === index ? { ...call, input } : call)
  })

let memories = 0

type Answered = Either.Either<TrustlyModel.Reply, TrustlyError>

/** A client that has Trustly's model where the network would be. */
const makeClient = (memory: Ref.Ref<Memory>): HttpClient.HttpClient =>
  HttpClient.make((request, { pathname, search }) =>
    Effect.gen(function*() {
      const index = yield* FiberRef.get(currentCall)
      const nowMillis = yield* Clock.currentTimeMillis
      const body = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
      const answered = yield* Ref.modify(memory, (held): [Answered, Memory] => {
        const seen = { ...held, calls: withInput(held.calls, index, body) }
        const [failure, ...failures] = held.failures
        if (failure !== undefined) return [Either.left(failure), { ...seen, failures }]
        const asked = { method: request.method, url: pathname + search, body, nowMillis }
        const reply = TrustlyModel.handle(held.trustly, asked)
        return [Either.right(reply), { ...seen, trustly: reply.state }]
      })
      if (Either.isLeft(answered)) return yield* Effect.die(new Injected(answered.left))
      const { body: json, status } = answered.right
      return HttpClientResponse.fromWeb(request, Response.json(json, { status }))
    })
  )

const make = (seed: Iterable<TrustlyModel.WireCustomer>) =>
  Effect.gen(function*() {
    const initial: Memory = { trustly: TrustlyModel.make(seed), calls: [], failures: [] }
    const memory = yield* Ref.make(initial)

    const called = <A, E, R>(
      call: CustomersMemory.Call,
      effect: Effect.Effect<A, E, R>
    ): Effect.Effect<A, E | TrustlyError, R> =>
      Ref.modify(memory, (held) => [held.calls.length, { ...held, calls: [...held.calls, call] }]).pipe(
        Effect.flatMap((index) => Effect.locally(effect, currentCall, index)),
        Effect.catchSomeDefect((defect) =>
          defect instanceof Injected ? Option.some(Effect.fail(defect.error)) : Option.none()
        )
      )

    const service = yield* CustomerService.make({
      accessId: "memory",
      accessKey: Redacted.make("memory"),
      // locks of modify are per base URL: two memories have nothing in common
      baseUrl: `http://memory-${memories++}.localhost`,
      timeout: Duration.infinity
    }).pipe(Effect.provideService(HttpClient.HttpClient, makeClient(memory)), Effect.orDie)

    const customers: CustomerService.Service = {
      update: (customerId, customer) =>
        called({ operation: "update", customerId }, service.update(customerId, customer)),
      get: (customerId) => called({ operation: "get", customerId }, service.get(customerId)),
      modify: (customerId, change) => called({ operation: "modify", customerId }, service.modify(customerId, change)),
      find: (by) => called({ operation: "find", input: by }, service.find(by)),
      createOrUpdate: (customer) => {
        const customerId = Either.getOrUndefined(CustomerRequest.createOrUpdate(customer))?.customerId
        const call = { operation: "createOrUpdate", ...(customerId === undefined ? {} : { customerId }) } as const
        return called(call, service.createOrUpdate(customer))
      }
    }

    return Context.make(CustomerService, customers).pipe(
      Context.add(CustomersMemory, {
        records: Effect.map(Ref.get(memory), ({ trustly }) => TrustlyModel.customers(trustly)),
        calls: Effect.map(Ref.get(memory), ({ calls }) => calls),
        failNext: (error) => Ref.update(memory, (held) => ({ ...held, failures: [...held.failures, error] })),
        reset: Ref.set(memory, initial)
      })
    )
  })

/**
 * The memory behind a `CustomerService` in a unit test: what Trustly would hold, and what was asked of it.
 *
 * The service is the real one with all its checks; only the network is not there. The time is that of Effect's Clock.
 *
 * @since 0.1.0
 * @category services
 */
export class CustomersMemory
  extends Context.Tag("effect-trustly/testing/CustomersMemory")<CustomersMemory, CustomersMemory.Service>()
{
  /**
   * A service with these customers, and the memory behind it.
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
