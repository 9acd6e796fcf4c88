/** The loop that delivers: finds the customers that are due, sends their changes in order, and records how each attempt ended. */
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
import type { StorageError } from "../DeliveryError.ts"
import type { AttemptError, PauseReason } from "../DeliveryStatus.ts"
import * as Attempt from "./attempt.ts"
import type { Lanes, Lease } from "./lanes.ts"
import * as Metrics from "./metrics.ts"
import type { Head, Outbox, Result } from "./outbox.ts"
import type { Settings } from "./settings.ts"
import * as Verdict from "./verdict.ts"

const storageRetryInterval = Duration.seconds(1)
/** A customer with much queued lets the others go first after this many changes or this long. */
const changesInTurn = 8
const millisInTurn = 1_000
/** Fewer customers that fail at the same time are not an outage. */
const fewestInOutage = 4
/** This many customers in a row that an unknown host does not know: the base URL is wrong. */
const suspectsUntilPause = 10

interface Settled {
  readonly result: Result
  /** Milliseconds until the customer's next attempt. */
  readonly wait?: number
}

const again = (error: AttemptError, wait: number, failingSince?: number): Settled => ({
  result: { _tag: "Retry", error, failingSince },
  wait
})

export interface Sender {
  /** Looks for work now. */
  readonly wake: Effect.Effect<void>
}

export const make = (
  { customers, drain, lanes, outbox, settings }: {
    readonly customers: CustomerService.Service
    readonly lanes: Lanes
    readonly outbox: Outbox
    readonly settings: Settings
    /** What to do with requests that are in flight when the scope closes. */
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
    // results that the database has not taken yet; nothing is sent that could not be recorded
    let unrecorded = 0
    let heldUntil = 0
    let lastFailureAt = 0
    // the customers whose attempts failed since the last one that did not
    const failing = new Set<string>()

    /** Trustly is down for everybody: one customer at a time is enough to see when it is back. */
    const isOutage = (): boolean => failing.size >= Math.max(concurrency, fewestInOutage)

    /** Tries until the database takes it. */
    const stored = <A>(effect: Effect.Effect<A, StorageError>): Effect.Effect<A> =>
      Effect.catchAll(effect, (error) => {
        const isNews = unrecorded === 0
        return Effect.acquireUseRelease(
          Effect.sync(() => unrecorded++),
          () =>
            Effect.logWarning("Delivery waits for the database to record a result", error).pipe(
              Effect.when(() => isNews),
              Effect.zipRight(Effect.interruptible(Effect.sleep(storageRetryInterval)))
            ),
          () => Effect.sync(() => unrecorded--)
        ).pipe(Effect.zipRight(Effect.suspend(() => stored(effect))))
      })

    /** Whole milliseconds: Postgres takes no others. */
    const backoff = (attempts: number): Effect.Effect<number> =>
      Effect.map(
        Random.nextRange(0.5, 1),
        (part) => Math.ceil(part * Math.min(maxDelay, baseDelay * 2 ** Math.min(attempts, 30)))
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
          case "Pause":
            yield* pause(verdict.reason, error, now)
            return again(error, 0)
          case "Failed": {
            if (!verdict.isSuspect) {
              suspects.clear()
              return failed
            }
            suspects.add(head.customerId)
            if (isProbe) return again(error, 0)
            if (suspects.size < suspectsUntilPause) return failed
            yield* pause("NotTrustly", error, now)
            return again(error, 0)
          }
          case "Wait":
            return again(error, yield* backoff(head.attempts))
          case "Retry": {
            const wait = Math.ceil(Duration.toMillis(verdict.wait))
            if (verdict.isForAll && wait > 0) heldUntil = Math.max(heldUntil, now + wait)
            if (!isOutage()) failing.add(head.customerId)
            lastFailureAt = now
            // while paused, nothing becomes a dead letter
            if (isProbe) return again(error, 0)
            const failingSince = head.failingSince ?? now
            return now - failingSince >= giveUpAfter
              ? failed
              : again(error, Math.max(wait, yield* backoff(head.attempts)), failingSince)
          }
        }
      })

    const settle = (head: Head, outcome: Option.Option<AttemptError>, now: number, isProbe: boolean) =>
      Effect.gen(function*() {
        if (Option.isNone(outcome)) suspects.clear()
        const verdict = Option.map(outcome, Verdict.of)
        const settled: Settled = Option.isSome(outcome) && Option.isSome(verdict)
          ? yield* settleError({ head, error: outcome.value, verdict: verdict.value, now, isProbe })
          : { result: { _tag: "Delivered" } }
        if (Option.isNone(verdict) || verdict.value._tag === "Delivered" || verdict.value._tag === "Failed") {
          failing.clear()
        }
        if (isProbe && settled.result._tag !== "Retry") {
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
      readonly began: number
    }

    /** Sends one change. The answer is the customer's next one, where it is still the customer's turn. */
    const deliver = (head: Head, { began, isProbe, lease, sent }: Turn): Effect.Effect<Option.Option<Head>> =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(Effect.interruptible(Attempt.make({ customers, head, keyring, lease })))
        if (Exit.isFailure(exit)) return Option.none()
        const now = yield* Clock.currentTimeMillis
        const { result, wait } = yield* stored(settle(head, exit.value, now, isProbe))
        // who holds the lane now may have delivered it
        if (result._tag !== "Delivered" && !(yield* lease.isCurrent)) return Option.none()
        const wantsNext = wait === undefined && !isProbe && !isStopping && sent < changesInTurn &&
          now - began < millisInTurn && now >= heldUntil
        const next = yield* stored(outbox.record({ head, result, endedAt: now, wantsNext }))
        yield* Metric.increment(counters[result._tag])
        if (!wantsNext) yield* stored(outbox.postpone(head.customerId, now + (wait ?? 0)))
        return next
      })

    /** The turn of a customer. It cannot be interrupted but while it sends, or waits for the database. */
    const turn = (first: Head, lease: Lease, isProbe: boolean): Effect.Effect<void> =>
      Effect.gen(function*() {
        const began = yield* Clock.currentTimeMillis
        let head = Option.some(first)
        for (let sent = 1; Option.isSome(head) && (yield* lease.isCurrent); sent++) {
          head = yield* deliver(head.value, { lease, isProbe, sent, began })
        }
      }).pipe(
        Effect.catchAllCause((cause) =>
          Cause.isInterruptedOnly(cause) ? Effect.void : Effect.logError("The turn of a customer died")
        ),
        Effect.ensuring(Effect.suspend(() => {
          inFlight.delete(first.customerId)
          return wake
        }))
      )

    const start = (head: Head, isProbe: boolean): Effect.Effect<void> =>
      Effect.uninterruptible(Effect.suspend(() => {
        const lease = lanes.lease(head.lane)
        if (Option.isNone(lease)) return Effect.void
        inFlight.add(head.customerId)
        return lease.value.fork(turn(head, lease.value, isProbe))
      }))

    const probe = (now: number, held: ReadonlyArray<number> | undefined) =>
      Effect.gen(function*() {
        const paused = yield* outbox.paused
        if (Option.isNone(paused) || paused.value.probeAt > now) return
        const [head] = yield* outbox.due({ now, lanes: held, limit: 1, except: [], isProbe: true })
        if (head !== undefined && (yield* outbox.claimProbe(now, now + probeInterval))) yield* start(head, true)
      })

    const look = Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      if (now < heldUntil || unrecorded > 0) return
      if (isOutage() && (inFlight.size > 0 || now < lastFailureAt + baseDelay)) return
      const limit = isOutage() ? 1 : concurrency - inFlight.size
      const held = yield* lanes.held
      if (limit === 0 || held?.length === 0) return
      const heads = yield* outbox.due({ now, lanes: held, limit, except: [...inFlight], isProbe: false })
      yield* Effect.forEach(heads, (head) => start(head, false), { discard: true })
      if (heads.length === 0 && inFlight.size === 0) yield* probe(now, held)
    })

    const waitForWork = Effect.gen(function*() {
      const wait = yield* outbox.nextLook(yield* Clock.currentTimeMillis)
      yield* Number.isFinite(wait) ? Effect.timeoutOption(Queue.take(wakes), wait) : Queue.take(wakes)
    })

    let isStorageDown = false
    const lookSafely = Effect.zipRight(waitForWork, look).pipe(
      Effect.tap(() => {
        isStorageDown = false
      }),
      Effect.catchAll((error) => {
        const isNews = !isStorageDown
        isStorageDown = true
        return Effect.logWarning("Delivery cannot read the database, and goes on when it can", error).pipe(
          Effect.when(() => isNews),
          Effect.zipRight(Effect.sleep(storageRetryInterval))
        )
      }),
      Effect.catchAllDefect(() => Effect.logError("A look for changes to deliver died"))
    )

    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        isStopping = true
        return drain
      })
    )
    yield* wake
    yield* lookSafely.pipe(
      Effect.forever,
      Effect.interruptible,
      Effect.forkScoped
    )
    return { wake }
  })
