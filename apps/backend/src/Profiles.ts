/** Customer profiles in this backend's own table, as an example of the outbox. */
import * as SqlClient from "@effect/sql/SqlClient"
import { CustomerDelivery, StorageError } from "effect-trustly-delivery"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Profile } from "./Api.ts"

const make = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const delivery = yield* CustomerDelivery

  // retried, because two runners that start on an empty database can collide
  yield* Effect.retry(
    sql`CREATE TABLE IF NOT EXISTS profiles (customer_id TEXT PRIMARY KEY, tier INTEGER NOT NULL, newsletter INTEGER NOT NULL)`,
    { times: 5 }
  )

  // Postgres ends the transaction if this process hangs in it, or waits longer for the customer's row
  const setTimeouts = sql.onDialectOrElse({
    pg: () =>
      sql`
      SELECT set_config('idle_in_transaction_session_timeout', '5s', true), set_config('lock_timeout', '5s', true)`,
    orElse: () => Effect.void
  })

  return {
    /** Saves the profile and accepts the change for Trustly in one transaction: both are stored, or neither is. */
    save: Effect.fn("Profiles.save")(
      (customerId: string, { newsletter, tier }: typeof Profile.Type) =>
        sql.withTransaction(Effect.gen(function*() {
          yield* setTimeouts
          // first, because it validates its input
          const receipt = yield* delivery.enqueue({ customerId, change: { vip: tier } }).pipe(
            // without a key there is no conflict
            Effect.catchTag("IdempotencyConflict", Effect.die)
          )
          yield* sql`
            INSERT INTO profiles ${sql.insert({ customer_id: customerId, tier, newsletter: newsletter ? 1 : 0 })}
            ON CONFLICT (customer_id) DO UPDATE SET tier = excluded.tier, newsletter = excluded.newsletter`
          return receipt
        })),
      // an error of the driver can hold the values of a statement, and a COMMIT that fails is a defect
      Effect.catchTag("SqlError", StorageError.fromUnknown),
      Effect.catchAllDefect(StorageError.fromUnknown)
    )
  }
})

export class Profiles extends Context.Tag("backend/Profiles")<Profiles, Effect.Effect.Success<typeof make>>() {
  static readonly layer = Layer.effect(Profiles, make)
}
