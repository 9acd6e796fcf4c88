/** Background tasks: counting the backlog, and pruning old changes. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { StorageError } from "../DeliveryError.ts"
import * as Metrics from "./metrics.ts"
import type { Outbox } from "./outbox.ts"

const countInterval = Duration.seconds(1)
const pruneInterval = Duration.minutes(1)
/** Batches are small because SQLite blocks all other writes while a batch is being deleted. */
const pruneBatchSize = 500
const pruneBatchPause = Duration.millis(50)

/** Counts changes immediately and then every second, and sets the gauges. Returns the most recent number of queued changes. */
export const count = (outbox: Outbox): Effect.Effect<Effect.Effect<number>, StorageError, Scope.Scope> =>
  Effect.gen(function*() {
    let queued = 0
    const refresh = Effect.gen(function*() {
      const counts = yield* outbox.counts
      const paused = yield* outbox.paused
      const now = yield* Clock.currentTimeMillis
      queued = counts.queued
      const age = counts.oldestQueued === undefined ? 0 : now - DateTime.toEpochMillis(counts.oldestQueued)
      yield* Metric.set(Metrics.backlog, counts.queued)
      yield* Metric.set(Metrics.deadLetters, counts.failed)
      yield* Metric.set(Metrics.oldest, Math.max(0, age) / 1_000)
      yield* Metric.set(Metrics.paused, Option.isSome(paused) ? 1 : 0)
    })
    yield* refresh
    yield* Effect.ignore(refresh).pipe(
      Effect.schedule(Schedule.fixed(countInterval)),
      Effect.forkScoped
    )
    return Effect.sync(() => queued)
  })

/** Deletes delivered and discarded changes that are older than `retention` milliseconds. */
export const prune = (outbox: Outbox, retention: number): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    while ((yield* outbox.prune(now - retention, pruneBatchSize)) === pruneBatchSize) {
      yield* Effect.sleep(pruneBatchPause)
    }
  }).pipe(
    Effect.ignore,
    Effect.repeat(Schedule.spaced(pruneInterval)),
    Effect.forkScoped,
    Effect.asVoid
  )
