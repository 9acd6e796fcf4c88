import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Layer, Redacted, Stream, TestClock } from "effect"
import {
  CustomerService,
  TrustlyAuthError,
  TrustlyDecodeError,
  type TrustlyError,
  TrustlyNetworkError,
  TrustlyNotFoundError,
  TrustlyRateLimitError,
  TrustlyRejectedError,
  TrustlyServerError,
  TrustlyValidationError
} from "effect-trustly"
import { CustomersMemory } from "effect-trustly/testing"
import { clockWithOffset } from "../../trustly/test/support.ts"
import { CustomerDelivery, DeliveryConfig, type DeliveryStatus, type Receipt } from "../src/index.ts"
import { customer } from "./support/customer.ts"

const ids = Array.from({ length: 40 }, (_, index) => String(index + 1))

const layer = (options: Partial<DeliveryConfig.Options> = {}) =>
  CustomerDelivery.layerMemory(options).pipe(Layer.provideMerge(CustomersMemory.layer(ids.map(customer))))

/** Runs all fibers until they are done or waiting for the clock. */
const settle = TestClock.adjust(Duration.zero).pipe(Effect.zipRight(Effect.yieldNow()), Effect.repeatN(8))

const vipOf = (customerId: string) =>
  Effect.map(
    Effect.flatMap(CustomersMemory, ({ records }) => records),
    (records) => records.find((record) => record.customerId === customerId)?.vip
  )

/** The requests that reached Trustly, each as customer id and written value. */
const written = Effect.map(
  Effect.flatMap(CustomersMemory, ({ calls }) => calls),
  (calls) => calls.map(({ customerId, input }) => `${customerId}:${String(input?.vip ?? "-")}`)
)

const failNext = (...errors: ReadonlyArray<TrustlyError>) =>
  Effect.flatMap(CustomersMemory, (memory) => Effect.forEach(errors, memory.failNext, { discard: true }))

const enqueue = (customerId: string, vip: number) =>
  Effect.flatMap(CustomerDelivery, (delivery) => delivery.enqueue({ customerId, change: { vip } }))

const enqueueOneByOne = (customerIds: ReadonlyArray<string>) =>
  Effect.forEach(customerIds, (customerId) => Effect.zipRight(enqueue(customerId, 1), settle), { discard: true })

const pauseReason = Effect.map(
  Effect.flatMap(CustomerDelivery, ({ state }) => state),
  (state) => state._tag === "Paused" && state.reason
)

const tagOf = (receipt: Receipt) =>
  Effect.map(Effect.flatMap(CustomerDelivery, (delivery) => delivery.status(receipt)), ({ _tag }) => _tag)

describe("enqueue", () => {
  it.effect("delivers a change and a whole customer", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      const first = yield* delivery.enqueue({ customerId: "1", change: { vip: 2 } })
      const second = yield* delivery.enqueue({
        customerId: "2",
        update: {
          name: "Ann",
          email: "ann@example.com",
          phone: "+2",
          address: { country: "US" },
          taxId: Redacted.make("123")
        }
      })
      yield* settle
      assert.strictEqual((yield* delivery.await(first))._tag, "Delivered")
      const status = yield* delivery.status(second)
      assert.strictEqual(status._tag, "Delivered")
      assert.strictEqual(status.attempts, 1)
      assert.strictEqual(status.customerId, "2")
      assert.strictEqual(yield* vipOf("1"), 2)
    }).pipe(Effect.provide(layer())))

  it.effect("rejects an invalid change before it is stored", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      const invalid = yield* Effect.flip(delivery.enqueue({ customerId: "1", change: { email: "" } }))
      assert.strictEqual(invalid._tag, "TrustlyValidationError")
      assert.deepStrictEqual(invalid instanceof TrustlyValidationError && invalid.issues.map(({ path }) => path), [
        "change.email"
      ])
      const badId = yield* Effect.flip(delivery.enqueue({ customerId: "a/b", change: { vip: 1 } }))
      assert.strictEqual(badId._tag, "TrustlyValidationError")
      const other = yield* Effect.flip(delivery.enqueue({ customerId: "1", change: { customerId: "2" } }))
      assert.strictEqual(other._tag, "TrustlyValidationError")
      assert.strictEqual((yield* delivery.counts).queued, 0)
    }).pipe(Effect.provide(layer())))

  it.effect("rejects what is not plain data, and takes a property that is undefined as missing", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      class WithGetter {
        name = "Jo"
        get vip() {
          return 7
        }
      }
      const throwing = Object.defineProperty({}, "name", {
        enumerable: true,
        get: () => {
          throw new Error("sentinel")
        }
      })
      for (const change of [new WithGetter(), throwing]) {
        const error = yield* Effect.flip(delivery.enqueue({ customerId: "1", change }))
        assert.strictEqual(error._tag, "TrustlyValidationError")
        assert.notInclude(String(error), "sentinel")
      }
      assert.strictEqual((yield* delivery.counts).queued, 0)
      const half = Object.assign({ customerId: "1", change: { vip: 2 } }, { update: undefined })
      yield* delivery.await(yield* Effect.tap(delivery.enqueue(half), () => settle))
      assert.strictEqual(yield* vipOf("1"), 2)
    }).pipe(Effect.provide(layer())))

  it.effect("returns the first receipt for the same change under the same idempotency key", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      const options = { idempotencyKey: "order-1" }
      const first = yield* delivery.enqueue({ customerId: "1", change: { vip: 2 } }, options)
      yield* settle
      const repeated = yield* delivery.enqueue({ customerId: "1", change: { vip: 2 } }, options)
      assert.strictEqual(repeated, first)
      const conflict = yield* Effect.flip(delivery.enqueue({ customerId: "1", change: { vip: 3 } }, options))
      assert.deepStrictEqual(conflict._tag === "IdempotencyConflict" && conflict.receipt, first)
      const otherCustomer = yield* delivery.enqueue({ customerId: "2", change: { vip: 3 } }, options)
      assert.notStrictEqual(otherCustomer, first)
    }).pipe(Effect.provide(layer())))

  it.effect("recognizes the same change when the keys of its custom data are in another order", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      const enqueueData = (customData: Record<string, unknown>) =>
        delivery.enqueue({ customerId: "1", change: { customData } }, { idempotencyKey: "order-1" })
      const first = yield* enqueueData({ plan: "basic", seats: [{ id: 1, row: 2 }] })
      assert.strictEqual(yield* enqueueData({ seats: [{ row: 2, id: 1 }], plan: "basic" }), first)
      const conflict = yield* Effect.flip(enqueueData({ plan: "basic", seats: [{ id: 2, row: 1 }] }))
      assert.strictEqual(conflict._tag, "IdempotencyConflict")
    }).pipe(Effect.provide(layer())))

  it.effect("fails with BacklogFull when maxBacklog changes are queued", () =>
    Effect.gen(function*() {
      yield* failNext(new TrustlyServerError({ operation: "update" }), new TrustlyServerError({ operation: "update" }))
      yield* enqueue("1", 1)
      yield* settle
      yield* enqueue("2", 1)
      yield* settle
      const full = yield* Effect.flip(enqueue("3", 1))
      assert.strictEqual(full._tag, "BacklogFull")
    }).pipe(Effect.provide(layer({ maxBacklog: 2 }))))

  it.effect("returns the first receipt for a repeated idempotency key when maxBacklog changes are queued", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      const options = { idempotencyKey: "order-1" }
      yield* failNext(new TrustlyServerError({ operation: "update" }))
      const first = yield* delivery.enqueue({ customerId: "1", change: { vip: 1 } }, options)
      yield* settle
      assert.strictEqual(yield* delivery.enqueue({ customerId: "1", change: { vip: 1 } }, options), first)
      const conflict = yield* Effect.flip(delivery.enqueue({ customerId: "1", change: { vip: 2 } }, options))
      assert.strictEqual(conflict._tag, "IdempotencyConflict")
      const full = yield* Effect.flip(delivery.enqueue({ customerId: "2", change: { vip: 1 } }, options))
      assert.strictEqual(full._tag, "BacklogFull")
    }).pipe(Effect.provide(layer({ maxBacklog: 1 }))))

  it.effect("rejects invalid options and names them in the error", () =>
    Effect.gen(function*() {
      const key = Redacted.make("c2VudGluZWw=")
      const error = yield* Effect.flip(Effect.scoped(Layer.build(layer({ keys: [key] }))))
      assert.include(String(error), "key 1 must be 32 bytes in base64")
      assert.notInclude(String(error), "c2VudGluZWw")
      Redacted.unsafeWipe(key)
      assert.deepStrictEqual(yield* Effect.flip(Effect.scoped(Layer.build(layer({ keys: [key] })))), error)
      const zero = yield* Effect.flip(Effect.scoped(Layer.build(layer({ concurrency: 0 }))))
      assert.include(String(zero), "concurrency")
    }))

  it.effect("rejects counts that are zero, not whole, or too large, and names the option or the variable", () =>
    Effect.gen(function*() {
      const problem = "must be a whole number from 1 to 10000"
      for (const concurrency of [0, -1, 1.5, Number.NaN, 10_001, Infinity]) {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(layer({ concurrency }))))
        assert.include(String(error), `concurrency: "${problem}`)
      }
      for (const text of ["0", "1.5", "10001", "1e3", "sixteen", "9".repeat(400)]) {
        const env = new Map([["DELIVERY_KEYS", Buffer.alloc(32, 7).toString("base64")], ["DELIVERY_CONCURRENCY", text]])
        const config = Effect.withConfigProvider(DeliveryConfig.config, ConfigProvider.fromMap(env))
        assert.include(String(yield* Effect.flip(config)), `DELIVERY_CONCURRENCY: "${problem}`)
      }
    }))

  it.effect("rejects durations that are zero, or longer than a database can hold, and names the option or the variable", () =>
    Effect.gen(function*() {
      const problem = "must be a duration above zero and at most 36500 days"
      for (const duration of [Duration.zero, Duration.days(36_501), Duration.infinity]) {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(layer({ probeInterval: duration }))))
        assert.include(String(error), `probeInterval: "${problem}`)
      }
      for (const text of ["0 seconds", "36501 days", "Infinity", "soon"]) {
        const env = new Map([["DELIVERY_KEYS", Buffer.alloc(32, 7).toString("base64")], ["DELIVERY_BASE_DELAY", text]])
        const config = Effect.withConfigProvider(DeliveryConfig.config, ConfigProvider.fromMap(env))
        assert.include(String(yield* Effect.flip(config)), `DELIVERY_BASE_DELAY: "${problem}`)
      }
    }))
})

describe("ordering", () => {
  it.effect("delivers the changes of a customer in order, one at a time", () =>
    Effect.gen(function*() {
      for (let vip = 1; vip <= 20; vip++) yield* enqueue("1", vip)
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual(yield* written, Array.from({ length: 20 }, (_, index) => `1:${index + 1}`))
    }).pipe(Effect.provide(layer())))

  it.effect("holds back a customer's later changes during a retry, and delivers the changes of other customers", () =>
    Effect.gen(function*() {
      yield* failNext(new TrustlyServerError({ operation: "update", status: 503 }))
      const first = yield* enqueue("1", 1)
      yield* enqueue("1", 2)
      yield* settle
      yield* enqueue("2", 9)
      yield* settle
      assert.strictEqual(yield* vipOf("2"), 9)
      assert.strictEqual(yield* vipOf("1"), undefined)
      const status = yield* Effect.flatMap(CustomerDelivery, (delivery) => delivery.status(first))
      assert.strictEqual(status._tag === "Queued" && status.error?._tag, "TrustlyServerError")
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.strictEqual(yield* vipOf("1"), 2)
      assert.deepStrictEqual(yield* written, ["1:-", "2:9", "1:1", "1:2"])
    }).pipe(Effect.provide(layer())))

  it.effect("delivers changes of other customers after eight changes of one customer", () =>
    Effect.gen(function*() {
      for (let vip = 1; vip <= 20; vip++) yield* enqueue("1", vip)
      yield* enqueue("2", 1)
      yield* TestClock.adjust("1 second")
      yield* settle
      const order = yield* written
      assert.isBelow(order.indexOf("2:1"), 10)
      assert.strictEqual(order.length, 21)
    }).pipe(Effect.provide(layer({ concurrency: 1 }))))
})

describe("failures", () => {
  it.effect("moves a rejected change to dead letters and continues with the customer's next change", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      yield* failNext(new TrustlyRejectedError({ operation: "update", status: 409 }))
      const first = yield* enqueue("1", 1)
      yield* enqueue("1", 2)
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.strictEqual(yield* vipOf("1"), 2)
      const deadLetters = Array.from(yield* Stream.runCollect(delivery.failed()))
      assert.deepStrictEqual(deadLetters.map(({ receipt }) => receipt), [first])
      assert.strictEqual(deadLetters[0]?.error._tag, "TrustlyRejectedError")
      assert.strictEqual((yield* delivery.counts).failed, 1)
    }).pipe(Effect.provide(layer())))

  it.effect("moves a change that kept failing for giveUpAfter to dead letters", () =>
    Effect.gen(function*() {
      yield* failNext(...Array.from({ length: 400 }, () => new TrustlyServerError({ operation: "update" })))
      const receipt = yield* enqueue("1", 1)
      yield* TestClock.adjust("50 minutes")
      yield* settle
      assert.strictEqual(yield* tagOf(receipt), "Queued")
      yield* TestClock.adjust("15 minutes")
      yield* settle
      assert.strictEqual(yield* tagOf(receipt), "Failed")
    }).pipe(Effect.provide(layer({ giveUpAfter: "1 hour" }))))

  it.effect("reports a change as Delivered when the response cannot be decoded", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      yield* failNext(new TrustlyDecodeError({ operation: "update", reason: "Shape" }))
      const status = yield* delivery.await(yield* Effect.tap(enqueue("1", 1), () => settle))
      assert.strictEqual(status._tag === "Delivered" && status.error?._tag, "TrustlyDecodeError")
    }).pipe(Effect.provide(layer())))

  it.effect("retries after CustomerService dies with a defect", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      const receipt = yield* enqueue("1", 1)
      yield* settle
      const status = yield* delivery.status(receipt)
      assert.strictEqual(status._tag === "Queued" && status.error?._tag, "UnexpectedDefect")
    }).pipe(Effect.provide(CustomerDelivery.layerMemory().pipe(Layer.provide(CustomerService.layerTest())))))

  it.effect("retries with a wait after CustomerService interrupts itself", () => {
    let calls = 0
    const interrupting = CustomerService.layerTest({
      modify: () =>
        Effect.suspend(() => {
          calls++
          return Effect.interrupt
        })
    })
    return Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      const receipt = yield* enqueue("1", 1)
      yield* settle
      const status = yield* delivery.status(receipt)
      assert.strictEqual(status._tag === "Queued" && status.error?._tag, "UnexpectedDefect")
      assert.strictEqual(calls, 1)
      yield* TestClock.adjust("500 millis")
      yield* settle
      assert.strictEqual(calls, 2)
    }).pipe(Effect.provide(CustomerDelivery.layerMemory().pipe(Layer.provide(interrupting))))
  })

  it.effect("waits as long as Retry-After asks when the system's time is set back meanwhile", () =>
    Effect.gen(function*() {
      let offset = 0
      const clock = clockWithOffset(yield* Effect.clock, () => offset)
      yield* Effect.gen(function*() {
        yield* failNext(new TrustlyRateLimitError({ operation: "update", retryAfter: Duration.seconds(60) }))
        yield* enqueue("1", 1)
        yield* settle
        offset = -3_600_000
        yield* enqueue("2", 1)
        yield* TestClock.adjust("59 seconds")
        yield* settle
        assert.deepStrictEqual(yield* written, ["1:-"])
        yield* TestClock.adjust("1 second")
        yield* enqueue("3", 1)
        yield* settle
        assert.deepStrictEqual(yield* written, ["1:-", "2:1", "3:1"])
      }).pipe(Effect.provide(layer()), Effect.withClock(clock))
    }))

  it.effect("sends nothing to any customer before Retry-After has passed", () =>
    Effect.gen(function*() {
      yield* failNext(new TrustlyRateLimitError({ operation: "update", retryAfter: Duration.seconds(60) }))
      yield* enqueue("1", 1)
      yield* settle
      yield* enqueue("2", 1)
      yield* TestClock.adjust("59 seconds")
      yield* settle
      assert.deepStrictEqual(yield* written, ["1:-"])
      yield* TestClock.adjust("2 seconds")
      yield* settle
      assert.strictEqual(yield* vipOf("1"), 1)
      assert.strictEqual(yield* vipOf("2"), 1)
    }).pipe(Effect.provide(layer())))

  it.effect("sends to at most as many customers at the same time as concurrency allows", () => {
    const inFlight: Array<string> = []
    const customers = CustomerService.layerTest({
      modify: (customerId) => Effect.zipRight(Effect.sync(() => inFlight.push(customerId)), Effect.never)
    })
    return Effect.gen(function*() {
      for (const id of ids.slice(0, 12)) yield* enqueue(id, 1)
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.strictEqual(inFlight.length, 4)
    }).pipe(Effect.provide(CustomerDelivery.layerMemory({ concurrency: 4 }).pipe(Layer.provide(customers))))
  })

  it.effect("sends to one customer at a time while every customer fails, and to all customers once one succeeds", () =>
    Effect.gen(function*() {
      yield* failNext(
        ...Array.from({ length: 10 }, () => new TrustlyNetworkError({ operation: "update", reason: "Connect" }))
      )
      for (const id of ids.slice(0, 12)) yield* enqueue(id, 1)
      yield* settle
      const { calls } = yield* CustomersMemory
      assert.strictEqual((yield* calls).length, 4)
      yield* TestClock.adjust("1 second")
      yield* settle
      // at most one request every half second
      assert.isAtMost((yield* calls).length, 7)
      yield* TestClock.adjust("1 minute")
      yield* settle
      for (const id of ids.slice(0, 12)) assert.strictEqual(yield* vipOf(id), 1)
    }).pipe(Effect.provide(layer({ concurrency: 4 }))))
})

describe("pause", () => {
  const reasons: ReadonlyArray<readonly [DeliveryStatus.PauseReason, TrustlyError]> = [
    ["CredentialsRefused", new TrustlyAuthError({ operation: "update", status: 401 })],
    ["CredentialsRefused", new TrustlyAuthError({ operation: "update", status: 403 })],
    ["Redirected", new TrustlyRejectedError({ operation: "update", status: 301 })],
    ["TlsFailed", new TrustlyNetworkError({ operation: "update", reason: "Tls" })]
  ]
  for (const [reason, error] of reasons) {
    it.effect(`pauses delivery with ${reason} after ${error.message}`, () =>
      Effect.gen(function*() {
        const delivery = yield* CustomerDelivery
        const { calls } = yield* CustomersMemory
        yield* failNext(error, error, error)
        const first = yield* enqueue("1", 1)
        yield* settle
        assert.strictEqual(yield* pauseReason, reason)
        yield* enqueue("2", 1)
        yield* TestClock.adjust("29 seconds")
        yield* settle
        assert.strictEqual((yield* calls).length, 1)
        yield* TestClock.adjust("31 seconds")
        yield* settle
        assert.strictEqual((yield* calls).length, 3)
        assert.strictEqual((yield* delivery.counts).failed, 0)
        yield* TestClock.adjust("31 seconds")
        yield* settle
        assert.strictEqual((yield* delivery.state)._tag, "Running")
        assert.strictEqual(yield* tagOf(first), "Delivered")
        assert.strictEqual(yield* vipOf("2"), 1)
      }).pipe(Effect.provide(layer())))
  }

  it.effect("moves no change to dead letters while it is paused, even when probes fail for longer than giveUpAfter", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      yield* failNext(
        new TrustlyAuthError({ operation: "update", status: 401 }),
        ...Array.from({ length: 10 }, () => new TrustlyServerError({ operation: "update", status: 503 }))
      )
      const receipt = yield* enqueue("1", 1)
      yield* TestClock.adjust("4 minutes")
      yield* settle
      assert.strictEqual((yield* delivery.state)._tag, "Paused")
      assert.strictEqual(yield* tagOf(receipt), "Queued")
      yield* TestClock.adjust("2 minutes")
      yield* settle
      assert.strictEqual((yield* delivery.state)._tag, "Running")
      assert.strictEqual(yield* tagOf(receipt), "Delivered")
    }).pipe(Effect.provide(layer({ giveUpAfter: "1 minute" }))))

  it.effect("pauses when ten customers in a row get a 404 that is not in Trustly's format", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      yield* failNext(...Array.from({ length: 11 }, () => new TrustlyNotFoundError({ operation: "update" })))
      yield* enqueueOneByOne(ids.slice(0, 12))
      assert.strictEqual(yield* pauseReason, "NotTrustly")
      assert.deepInclude(yield* delivery.counts, { failed: 9, queued: 3 })
      yield* TestClock.adjust("2 minutes")
      yield* settle
      assert.strictEqual((yield* delivery.state)._tag, "Running")
      assert.deepInclude(yield* delivery.counts, { failed: 9, queued: 0 })
    }).pipe(Effect.provide(layer())))

  it.effect("pauses when ten customers in a row get a 405 that is not in Trustly's format", () =>
    Effect.gen(function*() {
      const error = new TrustlyRejectedError({ operation: "update", status: 405 })
      yield* failNext(...Array.from({ length: 10 }, () => error))
      yield* enqueueOneByOne(ids.slice(0, 10))
      assert.strictEqual(yield* pauseReason, "NotTrustly")
    }).pipe(Effect.provide(layer())))

  for (const status of [500, 501, 505, 599]) {
    it.effect(`retries a ${status} until giveUpAfter`, () =>
      Effect.gen(function*() {
        const error = new TrustlyServerError({ operation: "update", status })
        yield* failNext(...Array.from({ length: 100 }, () => error))
        const receipt = yield* enqueue("1", 1)
        yield* TestClock.adjust("50 seconds")
        yield* settle
        assert.strictEqual(yield* tagOf(receipt), "Queued")
        yield* TestClock.adjust("2 minutes")
        yield* settle
        assert.strictEqual(yield* tagOf(receipt), "Failed")
      }).pipe(Effect.provide(layer({ giveUpAfter: "1 minute" }))))
  }

  it.effect("does not count a pause as time in which a change kept failing", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      const failure = new TrustlyServerError({ operation: "update", status: 503 })
      yield* failNext(failure, ...Array.from({ length: 4 }, () => new TrustlyAuthError({ operation: "update" })))
      const failing = yield* enqueue("1", 1)
      yield* settle
      yield* enqueue("2", 1)
      yield* settle
      assert.strictEqual((yield* delivery.state)._tag, "Paused")
      yield* TestClock.adjust("91 seconds")
      yield* failNext(failure)
      yield* TestClock.adjust("1 minute")
      yield* settle
      assert.strictEqual((yield* delivery.state)._tag, "Running")
      assert.strictEqual(yield* tagOf(failing), "Delivered")
    }).pipe(Effect.provide(layer({ giveUpAfter: "1 minute" }))))

  const unsendable = new TrustlyValidationError({ operation: "update", issues: [] })

  it.effect("stays paused when a probe fails before a request is sent", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      yield* failNext(new TrustlyAuthError({ operation: "update", status: 401 }), unsendable)
      const first = yield* enqueue("1", 1)
      yield* settle
      const second = yield* enqueue("1", 2)
      yield* TestClock.adjust("30 seconds")
      yield* settle
      assert.strictEqual(yield* tagOf(first), "Failed")
      assert.strictEqual(yield* tagOf(second), "Queued")
      assert.strictEqual((yield* delivery.state)._tag, "Paused")
      yield* TestClock.adjust("30 seconds")
      yield* settle
      assert.strictEqual(yield* tagOf(second), "Delivered")
      assert.strictEqual((yield* delivery.state)._tag, "Running")
    }).pipe(Effect.provide(layer())))

  it.effect("pauses after ten responses that are not in Trustly's format, with a change in between that is not sent", () =>
    Effect.gen(function*() {
      const notFound = new TrustlyNotFoundError({ operation: "update" })
      yield* failNext(...Array.from({ length: 9 }, () => notFound), unsendable, notFound)
      yield* enqueueOneByOne(ids.slice(0, 11))
      assert.strictEqual(yield* pauseReason, "NotTrustly")
    }).pipe(Effect.provide(layer())))

  it.effect("does not pause when Trustly itself responds that customers do not exist", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      const unknown = new TrustlyNotFoundError({ operation: "update", errors: [{ code: 330 }] })
      yield* failNext(...Array.from({ length: 12 }, () => unknown))
      for (const id of ids.slice(0, 12)) yield* enqueue(id, 1)
      yield* settle
      assert.strictEqual((yield* delivery.state)._tag, "Running")
      assert.strictEqual((yield* delivery.counts).failed, 12)
    }).pipe(Effect.provide(layer())))
})

const createDeadLetter = (customerId: string, vip: number) =>
  Effect.gen(function*() {
    yield* failNext(new TrustlyRejectedError({ operation: "update", status: 409, errors: [{ code: 320 }] }))
    const receipt = yield* enqueue(customerId, vip)
    yield* settle
    return receipt
  })

describe("dead letters", () => {
  it.effect("delivers a retried dead letter", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      const receipt = yield* createDeadLetter("1", 1)
      yield* delivery.retry(receipt)
      yield* settle
      assert.strictEqual(yield* tagOf(receipt), "Delivered")
      const error = yield* Effect.flip(delivery.retry(receipt))
      assert.strictEqual(error._tag, "ReceiptNotFound")
    }).pipe(Effect.provide(layer())))

  it.effect("fails to retry a dead letter when the customer has a newer change, unless evenIfSuperseded is set", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      const receipt = yield* createDeadLetter("1", 1)
      yield* enqueue("1", 2)
      yield* settle
      const error = yield* Effect.flip(delivery.retry(receipt))
      assert.strictEqual(error._tag, "Superseded")
      yield* delivery.retry(receipt, { evenIfSuperseded: true })
      yield* settle
      assert.strictEqual(yield* vipOf("1"), 1)
    }).pipe(Effect.provide(layer())))

  it.effect("keeps a dead letter superseded, and at its place in the list, after it was retried and refused again", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      const older = yield* createDeadLetter("1", 1)
      const newer = yield* createDeadLetter("1", 2)
      yield* failNext(new TrustlyRejectedError({ operation: "update", status: 409 }))
      yield* delivery.retry(older, { evenIfSuperseded: true })
      yield* settle
      const rest = yield* Stream.runCollect(delivery.failed({ after: older }))
      assert.deepStrictEqual([...rest].map(({ receipt }) => receipt), [newer])
      assert.strictEqual((yield* Effect.flip(delivery.retry(older)))._tag, "Superseded")
      yield* delivery.retry(newer)
      yield* settle
      assert.strictEqual(yield* tagOf(newer), "Delivered")
    }).pipe(Effect.provide(layer())))

  it.effect("discards a dead letter", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      const receipt = yield* createDeadLetter("1", 1)
      yield* delivery.discard(receipt)
      assert.strictEqual(yield* tagOf(receipt), "Discarded")
      assert.strictEqual((yield* delivery.counts).failed, 0)
      assert.strictEqual((yield* Effect.flip(delivery.discard(receipt)))._tag, "ReceiptNotFound")
    }).pipe(Effect.provide(layer())))

  it.effect("streams dead letters oldest first, and starts after a given receipt", () =>
    Effect.gen(function*() {
      const delivery = yield* CustomerDelivery
      const receipts: Array<Receipt> = []
      for (const id of ids) receipts.push(yield* createDeadLetter(id, 1))
      const all = Array.from(yield* Stream.runCollect(delivery.failed()))
      assert.deepStrictEqual(all.map(({ receipt }) => receipt), receipts)
      const [, second] = receipts
      const rest = Array.from(yield* Stream.runCollect(delivery.failed({ after: second })))
      assert.deepStrictEqual(rest.map(({ receipt }) => receipt), receipts.slice(2))
    }).pipe(Effect.provide(layer())))
})

it.effect("prunes delivered changes after the retention, but keeps dead letters", () =>
  Effect.gen(function*() {
    const delivery = yield* CustomerDelivery
    const delivered = yield* enqueue("1", 1)
    yield* settle
    yield* failNext(new TrustlyRejectedError({ operation: "update" }))
    const failed = yield* enqueue("2", 1)
    yield* settle
    yield* TestClock.adjust("59 minutes")
    yield* settle
    assert.strictEqual(yield* tagOf(delivered), "Delivered")
    yield* TestClock.adjust("2 minutes")
    yield* settle
    assert.strictEqual((yield* Effect.flip(delivery.status(delivered)))._tag, "ReceiptNotFound")
    assert.strictEqual(yield* tagOf(failed), "Failed")
  }).pipe(Effect.provide(layer({ retention: "1 hour" }))))

it.effect("keeps a change that supersedes a dead letter after the retention", () =>
  Effect.gen(function*() {
    const delivery = yield* CustomerDelivery
    const deadLetter = yield* createDeadLetter("1", 1)
    yield* enqueue("1", 2)
    yield* TestClock.adjust("2 hours")
    yield* settle
    assert.strictEqual((yield* Effect.flip(delivery.retry(deadLetter)))._tag, "Superseded")
  }).pipe(Effect.provide(layer({ retention: "1 hour" }))))
