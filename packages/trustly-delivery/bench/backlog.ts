/** Fills an SQLite database with queued changes, as many as there would be after hours without Trustly. */
import { SqlClient } from "@effect/sql"
import { SqliteClient } from "@effect/sql-sqlite-node"
import { Effect, Either, Redacted } from "effect"
import { randomUUID } from "node:crypto"
import * as Keyring from "../src/internal/keyring.ts"
import { laneOf } from "../src/internal/lanes.ts"
import * as SqlOutbox from "../src/internal/sqlOutbox.ts"
import { key } from "./contenders.ts"
import { updateOf } from "./load.ts"

const step = 1_000

export const fill = (filename: string, count: number): Promise<void> =>
  Effect.gen(function*() {
    yield* SqlOutbox.make
    const sql = yield* SqlClient.SqlClient
    const keyring = Either.getOrThrow(Keyring.make([Redacted.make(key)]))
    for (let from = 0; from < count; from += step) {
      const changes = Array.from({ length: Math.min(step, count - from) }, (_, index) => {
        const customerId = `customer-${from + index}`
        const receipt = randomUUID()
        const text = JSON.stringify({ customerId, update: updateOf(1) })
        const { keyId, payload } = keyring.encrypt({ receipt, customerId }, text)
        return {
          receipt,
          accepted_seq: from + index + 1,
          customer_id: customerId,
          key_id: keyId,
          payload,
          state: "Queued",
          accepted_at: from + index
        }
      })
      const customers = changes.map(({ accepted_at, customer_id }) => ({
        customer_id,
        lane: laneOf(customer_id),
        due_at: accepted_at
      }))
      yield* sql.withTransaction(Effect.zip(
        sql`INSERT INTO trustly_delivery_changes ${sql.insert(changes)}`,
        sql`INSERT INTO trustly_delivery_customers ${sql.insert(customers)}`
      ))
    }
  }).pipe(Effect.scoped, Effect.provide(SqliteClient.layer({ filename })), Effect.runPromise)
