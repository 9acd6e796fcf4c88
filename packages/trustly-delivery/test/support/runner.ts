/**
 * A small backend for the process tests. Reads commands from stdin, one JSON object per line, and prints events to stdout.
 * `{"enqueue": {"customers": [...], "from": 1, "to": 9}}` prints `accepted {receipt} {customerId} {vip}` for each change.
 */
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import type { SqlClient, SqlError } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { SqliteClient } from "@effect/sql-sqlite-node"
import type { ConfigError } from "effect"
import { Config, Effect, Layer, Option, Schema, Stream } from "effect"
import { CustomerService } from "effect-trustly"
import { createInterface } from "node:readline"
import { CustomerDelivery, DeliveryConfig, Receipt } from "../../src/index.ts"

const Command = Schema.Union(
  Schema.Struct({
    enqueue: Schema.Struct({ customers: Schema.Array(Schema.String), from: Schema.Int, to: Schema.Int })
  }),
  Schema.Struct({ status: Receipt }),
  Schema.Struct({ state: Schema.Literal(true) })
)

const print = (...words: ReadonlyArray<string>) => Effect.sync(() => process.stdout.write(`${words.join(" ")}\n`))

const updateOf = (customerId: string, vip: number) => ({
  customerId,
  update: { name: "Sentinel Name", email: "sentinel@example.com", phone: "+1", address: { country: "US" }, vip }
})

const program = Effect.gen(function*() {
  const delivery = yield* CustomerDelivery
  const lines = createInterface({ input: process.stdin })

  const enqueue = (customerId: string, vip: number) =>
    delivery.enqueue(
      vip % 2 === 0 ? updateOf(customerId, vip) : { customerId, change: { vip, email: "sentinel@example.com" } }
    ).pipe(
      Effect.flatMap((receipt) => print("accepted", receipt, customerId, String(vip))),
      Effect.catchAll((error) =>
        print("rejected", error._tag, error._tag === "StorageError" ? error.reason : "-", customerId, String(vip))
      )
    )

  const runCommand = (command: typeof Command.Type) => {
    if ("enqueue" in command) {
      const { customers, from, to } = command.enqueue
      return Effect.forEach(
        customers,
        (customerId) =>
          Effect.forEach(
            Array.from({ length: to - from + 1 }, (_, index) => from + index),
            (vip) => enqueue(customerId, vip),
            { discard: true }
          ),
        { concurrency: "unbounded", discard: true }
      ).pipe(
        Effect.zipRight(print("enqueued"))
      )
    }
    if ("status" in command) {
      return Effect.flatMap(
        Effect.either(delivery.status(command.status)),
        (status) => print("status", status._tag === "Right" ? status.right._tag : status.left._tag)
      )
    }
    return Effect.flatMap(
      Effect.all([Effect.either(delivery.counts), Effect.either(delivery.state)]),
      (countsAndState) => print("state", JSON.stringify(countsAndState))
    )
  }

  yield* print("started")
  yield* Stream.fromAsyncIterable(lines, String).pipe(
    Stream.orDie,
    Stream.runForEach((line) =>
      Effect.forkDaemon(Effect.flatMap(Schema.decode(Schema.parseJson(Command))(line), runCommand))
    )
  )
  return yield* Effect.never
})

const sqlite = SqliteClient.layerConfig({ filename: Config.string("DELIVERY_FILE") })
const postgres = PgClient.layerConfig({ url: Config.redacted("DATABASE_URL") })
const database: Layer.Layer<SqlClient.SqlClient, ConfigError.ConfigError | SqlError.SqlError> = Layer.unwrapEffect(
  Effect.map(
    Config.option(Config.string("DATABASE_URL")),
    (url): Layer.Layer<SqlClient.SqlClient, ConfigError.ConfigError | SqlError.SqlError> =>
      Option.isSome(url) ? postgres : sqlite
  )
)

const delivery = Layer.unwrapEffect(Effect.gen(function*() {
  const isProducer = yield* Config.withDefault(Config.boolean("PRODUCER"), false)
  return isProducer ? CustomerDelivery.layerProducer(yield* DeliveryConfig.config) : CustomerDelivery.layerConfig()
}))

program.pipe(
  Effect.provide(delivery.pipe(
    Layer.provide(CustomerService.layerConfig()),
    Layer.provide(NodeHttpClient.layerUndici),
    Layer.provide(database)
  )),
  NodeRuntime.runMain
)
