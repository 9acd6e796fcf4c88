/** The delivery loop: finds due customers, sends their changes in order, and records the result of each attempt. */
import type { CustomerService } from "effect-trustly"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { type StorageError, UnexpectedDefect } from "../DeliveryError.ts"
import type { AttemptError, PauseReason } from "../DeliveryStatus.ts"
import * as Attempt from "./attempt.ts"
import type { Lanes, Lease } from "./lanes.ts"
import * as Metrics from "./metrics.ts"
import type { Head, Outbox, Result } from "./outbox.ts"
import type { Settings } from "./settings.ts"
import * as Verdict from "./verdict.ts"

const storageRetryInterval = Duration.seconds(1)
/** After this many changes or this long, a customer yields its slot to other customers. */
const maxChangesPerTurn = 8
const maxTurnMillis = 1_000
/** It is not an outage if fewer customers than this fail at the same time. */
const minFailingInOutage = 4
/** If this many customers in a row get responses that are not in Trustly's format, the base URL is probably wrong. */
const suspectsUntilPause = 10

interface Settled {
  readonly result: Result
  /** Milliseconds until the customer's next attempt. */
  readonly wait?: number
}

const retryLater = (error: AttemptError, wait: number, failingSince?: number): Settled => ({
  result: { _tag: "Retry", error, failingSince },
  wait
})

/** Monotonic, unlike the system's time, which can be set. */
const uptimeMillis = Effect.map(Clock.currentTimeNanos, (nanos) => Number(nanos) / 1_000_000)

/** Whether this fiber was interrupted, rather than the effect it ran. */
const isInterrupted = Effect.map(Effect.exit(Effect.interruptible(Effect.void)), Exit.isFailure)

export interface Sender {
  /** Polls for due changes now. */
  readonly wake: Effect.Effect<void>
}

export const make = (
  { customers, drain, lanes, outbox, settings }: {
    readonly customers: CustomerService.Service
    readonly lanes: Lanes
    readonly outbox: Outbox
    readonly settings: Settings
    /** Runs when the scope closes: waits for in-flight requests, or interrupts them. */
    readonly drain: Effect.Effect<unknown>
  }
): Effect.Effect<Sender, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { baseDelay, concurrency, giveUpAfter, keyring, maxDelay, probeInterval } = settings

    const wakes = yield* Queue.sliding<void>(1)
    const wake = Effect.asVoid(Queue.offer(wakes, undefined))
    const inFlight = new Set<string>()
    const suspects = new Set<string>()
    let isStopping = false
    // number of results that the database has not stored yet: while it is not zero, no new request starts
    let unrecorded = 0
    // these two on the monotonic clock
    let rateLimitedUntil = 0
    let lastFailureAt = -Infinity
    // customers with failed attempts since the last attempt that Trustly accepted or rejected
    const failing = new Set<string>()

    /** Whether Trustly seems to be down. During an outage, one customer at a time is enough to detect when it is back. */
    const isOutage = (): boolean => failing.size >= Math.max(concurrency, minFailingInOutage)

    /** Retries a database operation until it succeeds. */
    const retryUntilStored = <A>(effect: Effect.Effect<A, StorageError>): Effect.Effect<A> =>
      Effect.catchAll(effect, (error) => {
        const isFirstFailure = unrecorded === 0
        return Effect.acquireUseRelease(
          Effect.sync(() => unrecorded++),
          () =>
            Effect.logWarning("Cannot record a delivery result: the database failed. Retrying every second", error)
              .pipe(
                Effect.when(() => isFirstFailure),
                Effect.zipRight(Effect.interruptible(Effect.sleep(storageRetryInterval)))
              ),
          () => Effect.sync(() => unrecorded--)
        ).pipe(Effect.zipRight(Effect.suspend(() => retryUntilStored(effect))))
      })

    /** Retries an operation whose failure must not stop other customers: a transaction of the program can lock the customer's row. */
    const untilStored = <A>(effect: Effect.Effect<A, StorageError>): Effect.Effect<A> =>
      Effect.catchAll(effect, () =>
        Effect.zipRight(
          Effect.interruptible(Effect.sleep(storageRetryInterval)),
          untilStored(effect)
        ))

    /** Returns whole milliseconds, because the Postgres columns are integers. */
    const backoff = (attempts: number): Effect.Effect<number> =>
      Effect.map(
        Random.nextRange(0.5, 1),
        (factor) => Math.ceil(factor * Math.min(maxDelay, baseDelay * 2 ** Math.min(attempts, 30)))
      )

    const pause = (reason: PauseReason, error: AttemptError, now: number) =>
      Effect.zipRight(
        outbox.pause({ reason, since: now, probeAt: now + probeInterval }),
        Effect.logWarning(`Delivery is paused: ${reason}`).pipe(Effect.annotateLogs({ error: error._tag }))
      )

    const settleError = (
      { error, head, isProbe, now, verdict }: {
        readonly head: Head
        readonly error: AttemptError
        readonly verdict: Verdict.Verdict
        readonly now: number
        readonly isProbe: boolean
      }
    ): Effect.Effect<Settled, StorageError> =>
      Effect.gen(function*() {
        const failed: Settled = { result: { _tag: "Failed", error } }
        switch (verdict._tag) {
          case "Delivered":
            return { result: { _tag: "Delivered", error } }
          case "Unsendable":
            return failed
          case "Pause":
            yield* pause(verdict.reason, error, now)
            return retryLater(error, 0)
          case "Failed": {
            if (!verdict.isSuspect) {
              suspects.clear()
              return failed
            }
            suspects.add(head.customerId)
            if (isProbe) return retryLater(error, 0)
            if (suspects.size < suspectsUntilPause) return failed
            yield* pause("NotTrustly", error, now)
            return retryLater(error, 0)
          }
          case "Wait":
            return retryLater(error, yield* backoff(head.attempts))
          case "Retry": {
            const wait = Math.ceil(Duration.toMillis(verdict.wait))
            lastFailureAt = yield* uptimeMillis
            if (verdict.appliesToAllCustomers && wait > 0) {
              rateLimitedUntil = Math.max(rateLimitedUntil, lastFailureAt + wait)
            }
            if (!isOutage()) failing.add(head.customerId)
            // while delivery is paused, no change becomes a dead letter
            if (isProbe) return retryLater(error, 0)
            const failingSince = head.failingSince ?? now
            return now - failingSince >= giveUpAfter
              ? failed
              : retryLater(error, Math.max(wait, yield* backoff(head.attempts)), failingSince)
          }
        }
      })

    const settle = (head: Head, outcome: Option.Option<AttemptError>, now: number, isProbe: boolean) =>
      Effect.gen(function*() {
        if (Option.isNone(outcome)) suspects.clear()
        const verdict = Option.map(outcome, Verdict.fromError)
        const settled: Settled = Option.isSome(outcome) && Option.isSome(verdict)
          ? yield* settleError({ head, error: outcome.value, verdict: verdict.value, now, isProbe })
          : { result: { _tag: "Delivered" } }
        const isAnswered = Option.isNone(verdict) || verdict.value._tag === "Delivered" ||
          verdict.value._tag === "Failed"
        if (isAnswered) failing.clear()
        if (isProbe && isAnswered && settled.result._tag !== "Retry") {
          yield* outbox.resume
          yield* Effect.logInfo("Delivery has resumed")
        }
        return settled
      })

    const counters = { Delivered: Metrics.delivered, Failed: Metrics.failed, Retry: Metrics.retried }

    interface Turn {
      readonly lease: Lease
      readonly isProbe: boolean
      readonly sent: number
      readonly startedAt: number
    }

    /** Sends one change. Returns the customer's next change if the turn is not over. */
    const deliver = (head: Head, { isProbe, lease, sent, startedAt }: Turn): Effect.Effect<Option.Option<Head>> =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(Effect.interruptible(Attempt.run({ customers, head, keyring, lease })))
        if (Exit.isFailure(exit) && ((yield* isInterrupted) || !(yield* lease.isCurrent))) return Option.none()
        const outcome = Exit.getOrElse(exit, () => Option.some(new UnexpectedDefect()))
        const now = yield* Clock.currentTimeMillis
        const { result, wait } = yield* retryUntilStored(settle(head, outcome, now, isProbe))
        // another process may hold the lane now, and may already have delivered the change
        if (result._tag !== "Delivered" && !(yield* lease.isHeld)) return Option.none()
        const uptime = yield* uptimeMillis
        const wantsNext = wait === undefined && !isProbe && !isStopping && sent < maxChangesPerTurn &&
          uptime - startedAt < maxTurnMillis && uptime >= rateLimitedUntil
        const next = yield* retryUntilStored(outbox.record({ head, result, endedAt: now, wantsNext }))
        yield* Metric.increment(counters[result._tag])
        if (!wantsNext) yield* untilStored(outbox.postpone(head.customerId, now + (wait ?? 0)))
        return next
      })

    /** Runs the turn of one customer. Can be interrupted only while it sends a request or waits to retry a database operation. */
    const runTurn = (first: Head, lease: Lease, isProbe: boolean): Effect.Effect<void> =>
      Effect.gen(function*() {
        const startedAt = yield* uptimeMillis
        let head = Option.some(first)
        for (let sent = 1; Option.isSome(head) && (yield* lease.isCurrent); sent++) {
          head = yield* deliver(head.value, { lease, isProbe, sent, startedAt })
        }
      }).pipe(
        Effect.catchAllCause((cause) =>
          Cause.isInterruptedOnly(cause)
            ? Effect.void
            : Effect.logError("Unexpected defect while delivering a customer's changes")
        ),
        Effect.ensuring(Effect.suspend(() => {
          inFlight.delete(first.customerId)
          return wake
        }))
      )

    const startTurn = (head: Head, isProbe: boolean): Effect.Effect<void> =>
      Effect.uninterruptible(Effect.suspend(() => {
        const lease = lanes.lease(head.lane)
        if (Option.isNone(lease)) return Effect.void
        inFlight.add(head.customerId)
        return lease.value.fork(runTurn(head, lease.value, isProbe))
      }))

    const probe = (now: number, held: ReadonlyArray<number> | undefined) =>
      Effect.gen(function*() {
        const paused = yield* outbox.paused
        if (Option.isNone(paused) || paused.value.probeAt > now) return
        const [head] = yield* outbox.due({ now, lanes: held, limit: 1, excludedCustomerIds: [], isProbe: true })
        if (head !== undefined && (yield* outbox.claimProbe(now, now + probeInterval))) yield* startTurn(head, true)
      })

    const poll = Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      const uptime = yield* uptimeMillis
      if (uptime < rateLimitedUntil || unrecorded > 0) return
      if (isOutage() && (inFlight.size > 0 || uptime < lastFailureAt + baseDelay)) return
      const limit = isOutage() ? 1 : concurrency - inFlight.size
      const held = yield* lanes.held
      if (limit === 0 || held?.length === 0) return
      const heads = yield* outbox.due({ now, lanes: held, limit, excludedCustomerIds: [...inFlight], isProbe: false })
      yield* Effect.forEach(heads, (head) => startTurn(head, false), { discard: true })
      if (heads.length === 0 && inFlight.size === 0) yield* probe(now, held)
    })

    const waitForWork = Effect.gen(function*() {
      const wait = yield* outbox.nextPollDelay(yield* Clock.currentTimeMillis)
      yield* Number.isFinite(wait) ? Effect.timeoutOption(Queue.take(wakes), wait) : Queue.take(wakes)
    })

    let isStorageDown = false
    const pollSafely = Effect.zipRight(waitForWork, poll).pipe(
      Effect.tap(() => {
        isStorageDown = false
      }),
      Effect.catchAll((error) => {
        const isFirstFailure = !isStorageDown
        isStorageDown = true
        return Effect.logWarning("Cannot read the database. Retrying every second", error).pipe(
          Effect.when(() => isFirstFailure),
          Effect.zipRight(Effect.sleep(storageRetryInterval))
        )
      }),
      Effect.catchAllDefect(() => Effect.logError("Unexpected defect while polling for due changes"))
    )

    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        isStopping = true
        return drain
      })
    )
    yield* wake
    yield* pollSafely.pipe(
      Effect.forever,
      Effect.interruptible,
      Effect.forkScoped
    )
    return { wake }
  })
