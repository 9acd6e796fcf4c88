/** The update that a line of the import is compared with, made so many times. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CustomerService, TrustlyRetry } from "effect-trustly"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { customer, enrolledAt } from "../../trustly/bench/payload.ts"

const [, , count = "0", concurrency = "1"] = process.argv

const update = { ...customer, enrollDate: DateTime.unsafeMake(enrolledAt) }

const Customers = CustomerService.layerConfig().pipe(
  CustomerService.withRetry(TrustlyRetry.policy()),
  Layer.provide(NodeHttpClient.layerUndici)
)

const worker = (first: number) =>
  Effect.gen(function*() {
    const customers = yield* CustomerService
    for (let at = first; at < Number(count); at += Number(concurrency)) {
      yield* customers.update(`${1_000_000_000 + at}`, update)
    }
  })

const workers = Array.from({ length: Number(concurrency) }, (_, first) => worker(first))

Effect.all(workers, { concurrency: "unbounded", discard: true }).pipe(
  Effect.provide(Customers),
  NodeRuntime.runMain
)
