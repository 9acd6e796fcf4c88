/** This package and graphile-worker, with the same customers client, on the same database. */
import { NodeHttpClient } from "@effect/platform-node"
import type { SqlClient } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { SqliteClient } from "@effect/sql-sqlite-node"
import { Duration, Layer, ManagedRuntime, Redacted } from "effect"
import { CustomerService } from "effect-trustly"
import { Logger, run } from "graphile-worker"
import { CustomerDelivery } from "../src/index.ts"
import { updateOf } from "./load.ts"

export const key = Buffer.alloc(32, 7).toString("base64")
const options = { keys: [Redacted.make(key)], maxBacklog: 10_000_000 } as const

export interface Contender {
  readonly enqueue: (customerId: string, vip: number) => Promise<unknown>
  readonly stop: () => Promise<void>
}

const customers = (baseUrl: string) =>
  CustomerService.layer({ accessId: "id", accessKey: Redacted.make("right"), baseUrl }).pipe(
    Layer.provide(NodeHttpClient.layerUndici)
  )

const contender = async <E>(layer: Layer.Layer<CustomerDelivery, E>): Promise<Contender> => {
  const runtime = ManagedRuntime.make(layer)
  const delivery = await runtime.runPromise(CustomerDelivery)
  return {
    enqueue: (customerId, vip) => runtime.runPromise(delivery.enqueue({ customerId, update: updateOf(vip) })),
    stop: () => runtime.dispose()
  }
}

const sqlite = (filename: string) => SqliteClient.layer({ filename })
const postgres = (url: string) => PgClient.layer({ url: Redacted.make(url), idleTimeout: Duration.minutes(1) })

const delivering = <E>(baseUrl: string, database: Layer.Layer<SqlClient.SqlClient, E>) =>
  contender(CustomerDelivery.layer(options).pipe(Layer.provide([customers(baseUrl), database])))

export const embedded = (baseUrl: string, filename: string): Promise<Contender> => delivering(baseUrl, sqlite(filename))

export const onPostgres = (baseUrl: string, url: string): Promise<Contender> => delivering(baseUrl, postgres(url))

/** Without delivery: what an update costs at least. */
export const update = async (baseUrl: string): Promise<Contender> => {
  const runtime = ManagedRuntime.make(customers(baseUrl))
  const service = await runtime.runPromise(CustomerService)
  return {
    enqueue: (customerId, vip) => runtime.runPromise(service.update(customerId, updateOf(vip))),
    stop: () => runtime.dispose()
  }
}

export const embeddedProducer = (filename: string): Promise<Contender> =>
  contender(CustomerDelivery.layerProducer(options).pipe(Layer.provide(sqlite(filename))))

/** graphile-worker with a queue per customer, which keeps the order and sends one change of a customer at a time. */
export const graphileWorker = async (baseUrl: string, connectionString: string): Promise<Contender> => {
  const runtime = ManagedRuntime.make(customers(baseUrl))
  const service = await runtime.runPromise(CustomerService)
  const runner = await run({
    connectionString,
    concurrency: 16,
    maxPoolSize: 20,
    noHandleSignals: true,
    pollInterval: 200,
    taskList: {
      update: async (payload) => {
        const { customerId, vip } = payload as { readonly customerId: string; readonly vip: number }
        await runtime.runPromise(service.update(customerId, updateOf(vip)))
      }
    },
    // its default prints a line for every job
    logger: new Logger(() => () => {})
  })
  return {
    enqueue: (customerId, vip) => runner.addJob("update", { customerId, vip }, { queueName: customerId }),
    stop: async () => {
      await runner.stop()
      await runtime.dispose()
    }
  }
}
