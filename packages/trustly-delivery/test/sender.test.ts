import { assert, it } from "@effect/vitest"
import { Effect, Option, Redacted, TestClock } from "effect"
import { CustomerService, TrustlyRejectedError, TrustlyServerError } from "effect-trustly"
import { randomBytes } from "node:crypto"
import { StorageError } from "../src/index.ts"
import type { Lease } from "../src/internal/lanes.ts"
import * as MemoryOutbox from "../src/internal/memoryOutbox.ts"
import type { Outbox } from "../src/internal/outbox.ts"
import * as Sender from "../src/internal/sender.ts"
import * as Service from "../src/internal/service.ts"
import * as Settings from "../src/internal/settings.ts"
import { customer } from "./support/customer.ts"

const keys = [Redacted.make(randomBytes(32).toString("base64"))] as const

/** Accepts changes and sends them, all under one lease. */
const start = (outbox: Outbox, lease: Partial<Lease>) =>
  Effect.gen(function*() {
    const settings = yield* Settings.make({ keys })
    const granted: Lease = {
      isCurrent: Effect.succeed(true),
      isHeld: Effect.succeed(true),
      fork: (effect) => Effect.asVoid(Effect.forkDaemon(effect)),
      ...lease
    }
    const lanes = {
      held: Effect.map(granted.isCurrent, (isCurrent) => isCurrent ? undefined : []),
      lease: () => Option.some(granted),
      idle: Effect.void,
      interrupt: Effect.void
    }
    const { wake } = yield* Sender.make({
      customers: yield* CustomerService,
      drain: Effect.void,
      lanes,
      outbox,
      settings
    })
    return Service.make({ backlog: Effect.succeed(0), outbox, settings, wake })
  })

for (const isHeld of [true, false]) {
  it.scoped(`${isHeld ? "records" : "does not record"} a rejection that arrives after its lane ${isHeld ? "is being handed over" : "may have another owner"}`, () => {
    let isCurrent = true
    const rejecting = CustomerService.layerTest({
      update: () =>
        Effect.suspend(() => {
          isCurrent = false
          return Effect.fail(new TrustlyRejectedError({ operation: "update", status: 409 }))
        })
    })
    return Effect.gen(function*() {
      const delivery = yield* start(MemoryOutbox.make(), {
        isCurrent: Effect.sync(() => isCurrent),
        isHeld: Effect.succeed(isHeld)
      })
      const receipt = yield* delivery.enqueue({ customerId: "1", update: customer("1") })
      yield* TestClock.adjust("1 second")
      assert.strictEqual(isCurrent, false)
      assert.strictEqual((yield* delivery.status(receipt))._tag, isHeld ? "Failed" : "Queued")
    }).pipe(Effect.provide(rejecting))
  })
}

it.scoped("sends for other customers while a transaction of the program locks the row of one", () => {
  const memory = MemoryOutbox.make()
  const locked = new StorageError({ reason: "Unavailable" })
  const outbox: Outbox = {
    ...memory,
    postpone: (customerId, dueAt) => customerId === "1" ? Effect.fail(locked) : memory.postpone(customerId, dueAt)
  }
  const failing = CustomerService.layerTest({
    update: (customerId, update) =>
      customerId === "1"
        ? Effect.fail(new TrustlyServerError({ operation: "update" }))
        : Effect.succeed({ ...customer(customerId), name: update.name })
  })
  return Effect.gen(function*() {
    const delivery = yield* start(outbox, {})
    yield* delivery.enqueue({ customerId: "1", update: customer("1") })
    yield* TestClock.adjust("100 millis")
    const other = yield* delivery.enqueue({ customerId: "2", update: customer("2") })
    yield* TestClock.adjust("100 millis")
    assert.strictEqual((yield* delivery.status(other))._tag, "Delivered")
  }).pipe(Effect.provide(failing))
})
