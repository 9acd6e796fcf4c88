import { assert, it } from "@effect/vitest"
import { Effect, Exit, Redacted } from "effect"
import { CustomerService } from "effect-trustly"
import { CustomersMemory } from "effect-trustly/testing"
import { randomBytes, randomUUID } from "node:crypto"
import { Receipt } from "../src/index.ts"
import * as Attempt from "../src/internal/attempt.ts"
import * as Keyring from "../src/internal/keyring.ts"

const joe = { customerId: "1", name: "Joe", email: "joe@example.com", phone: "+1", address: { country: "US" } }

for (const isCurrent of [true, false]) {
  it.effect(`${isCurrent ? "writes" : "does not write"} a change when its lease ${isCurrent ? "is valid" : "expired"} after the read`, () =>
    Effect.gen(function*() {
      const keyring = yield* Keyring.make([Redacted.make(randomBytes(32).toString("base64"))])
      const owner = { receipt: Receipt.make(randomUUID()), customerId: "1" }
      const head = {
        ...owner,
        ...keyring.encrypt(owner, `{"customerId":"1","change":{"vip":2}}`),
        seq: 1,
        lane: 0,
        attempts: 0,
        failingSince: undefined,
        trace: undefined,
        acceptedAt: 0
      }
      const lease = { isCurrent: Effect.succeed(isCurrent), isHeld: Effect.succeed(true), fork: () => Effect.void }
      const exit = yield* Effect.exit(Attempt.run({ customers: yield* CustomerService, head, keyring, lease }))
      assert.strictEqual(Exit.isInterrupted(exit), !isCurrent)
      const [customer] = yield* (yield* CustomersMemory).records
      assert.strictEqual(customer?.vip, isCurrent ? 2 : undefined)
    }).pipe(Effect.provide(CustomersMemory.layer([joe]))))
}
