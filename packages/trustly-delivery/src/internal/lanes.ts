/**
 * Distributes customers over processes. Every customer belongs to one of 256 lanes, and one process at a time holds the lease
 * of a lane. A lease expires unless it is renewed. Requests are interrupted when their lease expires, so a process that hung does
 * not send requests for lanes that other processes have taken over.
 */
import * as MessageStorage from "@effect/cluster/MessageStorage"
import * as RunnerAddress from "@effect/cluster/RunnerAddress"
import * as RunnerHealth from "@effect/cluster/RunnerHealth"
import * as Runners from "@effect/cluster/Runners"
import * as RunnerStorage from "@effect/cluster/RunnerStorage"
import type { ShardId } from "@effect/cluster/ShardId"
import * as Sharding from "@effect/cluster/Sharding"
import * as ShardingConfig from "@effect/cluster/ShardingConfig"
import * as SqlRunnerStorage from "@effect/cluster/SqlRunnerStorage"
import type * as SqlClient from "@effect/sql/SqlClient"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Num from "effect/Number"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { createHash, randomUUID } from "node:crypto"
import type { StorageError } from "../DeliveryError.ts"
import { orStorageError } from "./storage.ts"

const laneCount = 256

/** Returns the lane of a customer. The database stores it, so every version of this package must return the same lane. */
export const laneOf = (customerId: string): number => createHash("sha256").update(customerId).digest().readUInt8(0)

export interface Lease {
  /** Whether the lease is still valid, so that a request may start. */
  readonly isCurrent: Effect.Effect<boolean>
  /** Whether no other process can have the lane yet, so that results may be recorded: also while the lane is handed over. */
  readonly isHeld: Effect.Effect<boolean>
  /**
   * Runs an effect in its own fiber, which is interrupted when the lease expires. The lane is not released before that fiber
   * has exited.
   */
  readonly fork: (effect: Effect.Effect<void>) => Effect.Effect<void>
}

export interface Lanes {
  /** The lanes that this process holds, or `undefined` if it holds all of them. */
  readonly held: Effect.Effect<ReadonlyArray<number> | undefined>
  readonly lease: (lane: number) => Option.Option<Lease>
  /** Waits until all forked fibers have exited. */
  readonly idle: Effect.Effect<void>
  /** Interrupts all forked fibers. */
  readonly interrupt: Effect.Effect<void>
}

/** Reports deliveries that end before their result is known: Trustly may receive these changes again. */
const warnAborted = (count: number, reason: string) =>
  count === 0
    ? Effect.void
    : Effect.logWarning(`Aborted ${count} ${count === 1 ? "delivery" : "deliveries"}: ${reason}`)

/** Unlike `FiberSet.clear`, does not wait: an uninterruptible fiber must not delay the others. */
const interruptFibers = (fibers: FiberSet.FiberSet<void>): Effect.Effect<void> =>
  Effect.forEach(fibers, (fiber) => Fiber.interruptAsFork(fiber, FiberId.none), { discard: true })

const awaitAll = (sets: ReadonlyArray<FiberSet.FiberSet<void>>): Effect.Effect<void> =>
  Effect.forEach(sets, (fibers) => FiberSet.awaitEmpty(fibers), { discard: true })

const interruptAll = (sets: ReadonlyArray<FiberSet.FiberSet<void>>) =>
  Effect.forEach(sets, (fibers) => FiberSet.size(fibers)).pipe(
    Effect.flatMap((sizes) => warnAborted(Num.sumAll(sizes), "the process is stopping")),
    Effect.zipRight(Effect.forEach(sets, interruptFibers, { discard: true })),
    Effect.zipRight(awaitAll(sets))
  )

/** Holds all lanes permanently, for a process that has exclusive use of the database. */
export const single: Effect.Effect<Lanes, never, Scope.Scope> = Effect.map(FiberSet.make<void>(), (fibers) => {
  const lease: Lease = {
    isCurrent: Effect.succeed(true),
    isHeld: Effect.succeed(true),
    fork: (effect) => Effect.asVoid(FiberSet.run(fibers, effect))
  }
  return {
    held: Effect.succeed(undefined),
    lease: () => Option.some(lease),
    idle: FiberSet.awaitEmpty(fibers),
    interrupt: interruptAll([fibers])
  }
})

/** A lease that expires when its lock is not renewed in time. */
class LockLease implements Lease {
  isReleased = false
  isAborted = false
  renewedAt: bigint
  readonly fibers: FiberSet.FiberSet<void>

  constructor(renewedAt: bigint, fibers: FiberSet.FiberSet<void>) {
    this.renewedAt = renewedAt
    this.fibers = fibers
  }

  hasExpiredAt(now: bigint): boolean {
    return now - this.renewedAt >= leaseDurationNanos
  }

  isCurrentAt(now: bigint): boolean {
    return !this.isReleased && !this.hasExpiredAt(now)
  }

  get isCurrent(): Effect.Effect<boolean> {
    return Effect.map(Clock.currentTimeNanos, (now) => this.isCurrentAt(now))
  }

  get isHeld(): Effect.Effect<boolean> {
    return Effect.map(Clock.currentTimeNanos, (now) => !this.hasExpiredAt(now))
  }

  fork(effect: Effect.Effect<void>): Effect.Effect<void> {
    return Effect.asVoid(FiberSet.run(this.fibers, effect))
  }
}

/** Another runner takes a lock that has not been renewed for this long. */
const lockExpiration = Duration.seconds(5)
/** Shorter than `lockExpiration`, to leave enough time to detect an expired lease and interrupt its requests. */
const leaseDurationNanos = 4_000_000_000n
const leaseCheckInterval = Duration.millis(250)

/** Interrupts what runs under expired leases, and reports it once. */
const abort = (leases: ReadonlyArray<LockLease>) =>
  Effect.gen(function*() {
    let count = 0
    for (const lease of leases) {
      const size = yield* FiberSet.size(lease.fibers)
      if (size === 0 || lease.isAborted) continue
      count += size
      lease.isAborted = true
      yield* interruptFibers(lease.fibers)
    }
    yield* warnAborted(count, "the locks were not renewed in time")
  })

const shardingConfig = (id: string) =>
  ShardingConfig.layer({
    // runners never call each other: the address only has to be unique
    runnerAddress: Option.some(RunnerAddress.make(id, 0)),
    shardsPerGroup: laneCount,
    // also how long `Sharding` waits for a renewal before it gives up all lanes
    shardLockRefreshInterval: Duration.millis(1_500),
    shardLockExpiration: lockExpiration,
    shardLockDisableAdvisory: true,
    refreshAssignmentsInterval: Duration.millis(500),
    entityMessagePollInterval: Duration.seconds(1)
  })

// shards count from 1
const laneOfShard = (shardId: ShardId): number => shardId.id - 1

/** Distributes lanes over all runners that share a database. Closing the scope releases them without waiting for expiry. */
export const cluster: Effect.Effect<Lanes, StorageError, SqlClient.SqlClient | Scope.Scope> = Effect.gen(function*() {
  const leases = new Map<number, LockLease>()
  // created before `Sharding`, as is the check of leases below: closing the scope releases the lanes before it closes these
  const fibersOfLanes = yield* Effect.replicateEffect(FiberSet.make<void>(), laneCount)

  /** Grants a lease for every acquired lock, extends it on renewal, and waits for in-flight requests before releasing a lock. */
  const withLeases = (storage: RunnerStorage.RunnerStorage["Type"]): RunnerStorage.RunnerStorage["Type"] => ({
    ...storage,
    acquire: (address, shardIds) =>
      Effect.gen(function*() {
        const requestedAt = yield* Clock.currentTimeNanos
        const acquired = yield* storage.acquire(address, shardIds)
        for (const lane of acquired.map(laneOfShard)) {
          yield* endLease(leases.get(lane))
          const fibers = fibersOfLanes[lane]
          if (fibers !== undefined) leases.set(lane, new LockLease(requestedAt, fibers))
        }
        return acquired
      }),
    refresh: (address, shardIds) =>
      Effect.gen(function*() {
        const requestedAt = yield* Clock.currentTimeNanos
        const renewed = yield* storage.refresh(address, shardIds)
        for (const lane of renewed.map(laneOfShard)) {
          const lease = leases.get(lane)
          if (lease !== undefined) {
            lease.renewedAt = requestedAt
            lease.isAborted = false
          }
        }
        return renewed
      }),
    release: (address, shardId) =>
      Effect.zipRight(endLeases([laneOfShard(shardId)]), storage.release(address, shardId)),
    releaseAll: (address) => Effect.zipRight(endLeases([...leases.keys()]), storage.releaseAll(address))
  })

  /** Ends the previous lease of a lock that was lost and acquired again. */
  const endLease = (lease: LockLease | undefined) =>
    Effect.suspend(() => {
      if (lease === undefined) return Effect.void
      lease.isReleased = true
      return abort([lease])
    })

  const endLeases = (lanes: ReadonlyArray<number>) =>
    Effect.suspend(() => {
      const ending = lanes.flatMap((lane) => leases.get(lane) ?? [])
      for (const lease of ending) lease.isReleased = true
      return awaitAll(ending.map(({ fibers }) => fibers))
    })

  const runnerStorage = Layer.effect(RunnerStorage.RunnerStorage, Effect.map(RunnerStorage.RunnerStorage, withLeases))
    .pipe(
      // runners that start at the same time on an empty database can collide when they create the tables
      Layer.provide(Layer.retry(
        SqlRunnerStorage.layerWith({ prefix: "trustly_delivery" }),
        Schedule.intersect(Schedule.recurs(10), Schedule.jittered(Schedule.spaced("200 millis")))
      ))
    )

  // includes locks being released: another runner takes a lock when it expires, even if its release is unfinished
  const interruptExpiredLeases = Effect.flatMap(
    Clock.currentTimeNanos,
    (now) => abort([...leases.values()].filter((lease) => lease.hasExpiredAt(now)))
  )
  yield* Effect.forkScoped(Effect.repeat(interruptExpiredLeases, Schedule.spaced(leaseCheckInterval)))

  yield* Sharding.layer.pipe(
    Layer.provide([runnerStorage, Runners.layerNoop, RunnerHealth.layerNoop]),
    Layer.provide(MessageStorage.layerNoop),
    Layer.provide(shardingConfig(randomUUID())),
    Layer.build,
    orStorageError
  )

  return {
    held: Effect.map(Clock.currentTimeNanos, (now) => {
      const lanes = [...leases].flatMap(([lane, lease]) => lease.isCurrentAt(now) ? [lane] : [])
      return lanes.length === laneCount ? undefined : lanes
    }),
    lease: (lane) => Option.fromNullable(leases.get(lane)),
    idle: awaitAll(fibersOfLanes),
    interrupt: interruptAll(fibersOfLanes)
  }
})
