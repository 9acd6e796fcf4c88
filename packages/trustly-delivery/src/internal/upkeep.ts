/** What runs beside delivery: counting the backlog, and pruning changes that ended long ago. */
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
/** Small steps: while a step runs, an SQLite database accepts nothing. */
const pruneStep = 500
const pruneRest = Duration.millis(50)

/** Counts now and then once a second, and sets the gauges. The answer is the number of queued changes when last counted. */
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
      Effect.schedule(Schedule.spaced(countInterval)),
      Effect.forkScoped
    )
    return Effect.sync(() => queued)
  })

/** Deletes changes that ended longer ago than the retention, in milliseconds. */
export const prune = (outbox: Outbox, retention: number): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    while ((yield* outbox.prune(now - retention, pruneStep)) === pruneStep) yield* Effect.sleep(pruneRest)
  }).pipe(
    Effect.ignore,
    Effect.repeat(Schedule.spaced(pruneInterval)),
    Effect.forkScoped,
    Effect.when(() => Number.isFinite(retention)),
    Effect.asVoid
  )
