/** Implements the routes. */
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { CustomerBatch, issuesOf, TrustlyValidationError } from "effect-trustly"
import type { Receipt } from "effect-trustly-delivery"
import { CustomerDelivery, StorageError } from "effect-trustly-delivery"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { IdempotencyHeaders } from "./Api.ts"
import { Api, Profile } from "./Api.ts"
import * as Database from "./Database.ts"
import { Profiles } from "./Profiles.ts"
import * as Prometheus from "./Prometheus.ts"
import * as RequestBody from "./RequestBody.ts"

const decodeChange = (customerId: string, body: unknown) =>
  Effect.gen(function*() {
    if (!Predicate.isReadonlyRecord(body)) return yield* RequestBody.invalid("", "an object")
    // the path identifies the customer
    const named = ["customerId", "externalId"].filter((key) => Object.hasOwn(body, key))
    if (named.length > 0) {
      const issues = named.map((path) => ({ path, problem: "unknown" as const }))
      return yield* new TrustlyValidationError({ operation: "modify", issues })
    }
    const command = yield* CustomerBatch.decode({ ...body, customerId })
    return "customerId" in command ? command : yield* RequestBody.invalid("customerId", "an identifier")
  })

const decodeProfile = (body: unknown) =>
  Effect.mapError(
    Schema.decodeUnknown(Profile)(body),
    (error) => new TrustlyValidationError({ operation: "modify", issues: issuesOf(error) })
  )

const withinLimit = Database.withinLimit(new StorageError({ reason: "Unavailable" }))

const optionsOf = (headers: typeof IdempotencyHeaders.Type) => ({ idempotencyKey: headers["idempotency-key"] })

const accepted = (receipt: Receipt) =>
  HttpServerResponse.unsafeJson({ receipt }, { status: 202, headers: { location: `/changes/${receipt}` } })

const changes = HttpApiBuilder.group(Api, "changes", (handlers) =>
  Effect.gen(function*() {
    const delivery = yield* CustomerDelivery
    const profiles = yield* Profiles
    return handlers
      .handleRaw("accept", ({ headers, path }) =>
        Effect.gen(function*() {
          const change = yield* decodeChange(path.customerId, yield* RequestBody.json)
          return accepted(yield* withinLimit(delivery.enqueue(change, optionsOf(headers))))
        }))
      .handleRaw("saveProfile", ({ path }) =>
        Effect.gen(function*() {
          const profile = yield* decodeProfile(yield* RequestBody.json)
          return accepted(yield* withinLimit(profiles.save(path.customerId, profile)))
        }))
      .handle("status", ({ path }) => withinLimit(delivery.status(path.receipt)))
  }))

const deadLetters = HttpApiBuilder.group(Api, "deadLetters", (handlers) =>
  Effect.gen(function*() {
    const delivery = yield* CustomerDelivery
    return handlers
      .handle("list", ({ urlParams: { after, limit } }) =>
        Effect.gen(function*() {
          // one extra item shows whether there is a next page
          const found = Chunk.toReadonlyArray(
            yield* withinLimit(Stream.runCollect(Stream.take(delivery.failed({ after }), limit + 1)))
          )
          const items = found.slice(0, limit)
          const last = items.at(-1)
          return found.length > limit && last !== undefined ? { items, next: last.receipt } : { items }
        }))
      .handle("retry", ({ path: { receipt }, urlParams }) =>
        Effect.as(withinLimit(delivery.retry(receipt, urlParams)), { receipt }))
      .handle("discard", ({ path }) =>
        withinLimit(delivery.discard(path.receipt)))
  }))

const health = HttpApiBuilder.group(Api, "health", (handlers) =>
  Effect.map(CustomerDelivery, (delivery) =>
    handlers
      .handle("live", () => Effect.succeed({ live: true as const }))
      .handle("ready", () =>
        withinLimit(Effect.all([delivery.state, delivery.counts])).pipe(
          Effect.map(([state, counts]) => ({ delivery: state, ...counts }))
        ))
      .handle("metrics", () => Prometheus.text)))

export const layer = HttpApiBuilder.api(Api).pipe(Layer.provide([changes, deadLetters, health]))
