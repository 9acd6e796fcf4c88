/**
 * Which customers this process may send for. Every customer belongs to one of 256 lanes, and a lane has one process at a time: it holds
 * a lease, which ends by itself unless it is renewed. What is sent under a lease is cut off when the lease ends, so a process that hung
 * sends nothing for lanes that have moved.
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
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { createHash, randomUUID } from "node:crypto"
import type { StorageError } from "../DeliveryError.ts"
import { orStorageError } from "./storage.ts"

const laneCount = 256

/** The lane of a customer: stored with it, so every version of this package must answer the same. */
export const laneOf = (customerId: string): number => createHash("sha256").update(customerId).digest().readUInt8(0)

export interface Lease {
  /** Whether a request may start now. */
  readonly isCurrent: Effect.Effect<boolean>
  /**
   * Runs an effect in a fiber of its own, which is interrupted when the lease ends. The lane is not handed over before that fiber has
   * ended.
   */
  readonly fork: (effect: Effect.Effect<void>) => Effect.Effect<void>
}

export interface Lanes {
  /** The lanes held now; absent when it is all of them. */
  readonly held: Effect.Effect<ReadonlyArray<number> | undefined>
  readonly lease: (lane: number) => Option.Option<Lease>
  /** Waits until all that was forked has ended. */
  readonly idle: Effect.Effect<void>
  readonly interrupt: Effect.Effect<void>
}

/** All lanes, without an end, for a process that has the database for itself. */
export const single: Effect.Effect<Lanes, never, Scope.Scope> = Effect.map(FiberSet.make<void>(), (fibers) => {
  const lease: Lease = {
    isCurrent: Effect.succeed(true),
    fork: (effect) => Effect.asVoid(FiberSet.run(fibers, effect))
  }
  return {
    held: Effect.succeed(undefined),
    lease: () => Option.some(lease),
    idle: FiberSet.awaitEmpty(fibers),
    interrupt: FiberSet.clear(fibers)
  }
})

/** A lease that ends when its lock has not been renewed in time. */
class LockLease implements Lease {
  isReleased = false
  renewedAt: bigint
  readonly fibers: FiberSet.FiberSet<void>

  constructor(renewedAt: bigint, fibers: FiberSet.FiberSet<void>) {
    this.renewedAt = renewedAt
    this.fibers = fibers
  }

  isCurrentAt(now: bigint): boolean {
    return !this.isReleased && now - this.renewedAt < leaseNanos
  }

  get isCurrent(): Effect.Effect<boolean> {
    return Effect.map(Clock.currentTimeNanos, (now) => this.isCurrentAt(now))
  }

  fork(effect: Effect.Effect<void>): Effect.Effect<void> {
    return Effect.asVoid(FiberSet.run(this.fibers, effect))
  }
}

/** After a lock has not been renewed for this long, another runner takes it. */
const lockExpiration = Duration.seconds(5)
/** A lease ends before its lock, by more than it takes to notice and to cut off requests. */
const leaseNanos = 4_000_000_000n
const leaseCheck = Duration.millis(250)

// not awaited: what cannot be interrupted must not keep the other leases from ending
const interrupt = (fibers: FiberSet.FiberSet<void>) => Effect.forkDaemon(FiberSet.clear(fibers))

const shardingConfig = (id: string) =>
  ShardingConfig.layer({
    // no runner is ever called: the address only has to be unique
    runnerAddress: Option.some(RunnerAddress.make(id, 0)),
    shardsPerGroup: laneCount,
    // also how long the engine waits for a renewal before it gives up all lanes
    shardLockRefreshInterval: Duration.millis(1_500),
    shardLockExpiration: lockExpiration,
    shardLockDisableAdvisory: true,
    refreshAssignmentsInterval: Duration.millis(500),
    entityMessagePollInterval: Duration.seconds(1)
  })

// shards count from 1
const laneOfShard = (shardId: ShardId): number => shardId.id - 1

/** Lanes that are spread over all runners on a database. Closing the scope hands them over at once. */
export const cluster: Effect.Effect<Lanes, StorageError, SqlClient.SqlClient | Scope.Scope> = Effect.gen(function*() {
  const leases = new Map<number, LockLease>()
  // made here, so that closing the scope drains them before they are interrupted
  const fibersOfLanes = yield* Effect.replicateEffect(FiberSet.make<void>(), laneCount)

  /** Grants a lease with every lock that is taken or renewed, and waits for what is in flight before a lock is given back. */
  const leasing = (storage: RunnerStorage.RunnerStorage["Type"]): RunnerStorage.RunnerStorage["Type"] => ({
    ...storage,
    acquire: (address, shardIds) =>
      Effect.gen(function*() {
        const asked = yield* Clock.currentTimeNanos
        const acquired = yield* storage.acquire(address, shardIds)
        for (const lane of acquired.map(laneOfShard)) {
          yield* endLease(leases.get(lane))
          const fibers = fibersOfLanes[lane]
          if (fibers !== undefined) leases.set(lane, new LockLease(asked, fibers))
        }
        return acquired
      }),
    refresh: (address, shardIds) =>
      Effect.gen(function*() {
        const asked = yield* Clock.currentTimeNanos
        const renewed = yield* storage.refresh(address, shardIds)
        for (const lane of renewed.map(laneOfShard)) {
          const lease = leases.get(lane)
          if (lease !== undefined) lease.renewedAt = asked
        }
        return renewed
      }),
    release: (address, shardId) =>
      Effect.zipRight(endLeases([laneOfShard(shardId)]), storage.release(address, shardId)),
    releaseAll: (address) => Effect.zipRight(endLeases([...leases.keys()]), storage.releaseAll(address))
  })

  /** A lock that was lost and taken again is another lease. */
  const endLease = (lease: LockLease | undefined) =>
    Effect.suspend(() => {
      if (lease === undefined) return Effect.void
      lease.isReleased = true
      return interrupt(lease.fibers)
    })

  const endLeases = (lanes: ReadonlyArray<number>) =>
    Effect.suspend(() => {
      const ending = lanes.flatMap((lane) => leases.get(lane) ?? [])
      for (const lease of ending) lease.isReleased = true
      return Effect.forEach(ending, ({ fibers }) => FiberSet.awaitEmpty(fibers), { discard: true })
    })

  const runnerStorage = Layer.effect(RunnerStorage.RunnerStorage, Effect.map(RunnerStorage.RunnerStorage, leasing))
    .pipe(
      // runners that start together on an empty database collide when they create the tables
      Layer.provide(Layer.retry(
        SqlRunnerStorage.layerWith({ prefix: "trustly_delivery" }),
        Schedule.intersect(Schedule.recurs(10), Schedule.jittered(Schedule.spaced("200 millis")))
      ))
    )

  yield* Sharding.layer.pipe(
    Layer.provide([runnerStorage, Runners.layerNoop, RunnerHealth.layerNoop]),
    Layer.provide(MessageStorage.layerNoop),
    Layer.provide(shardingConfig(randomUUID())),
    Layer.build,
    orStorageError
  )

  const cutOff = Effect.flatMap(Clock.currentTimeNanos, (now) =>
    Effect.forEach(
      [...leases.values()].filter((lease) => !lease.isReleased && !lease.isCurrentAt(now)),
      ({ fibers }) => interrupt(fibers),
      { discard: true }
    ))
  yield* Effect.forkScoped(Effect.repeat(cutOff, Schedule.spaced(leaseCheck)))

  const ofEach = (effect: (fibers: FiberSet.FiberSet<void>) => Effect.Effect<void>) =>
    Effect.suspend(() => Effect.forEach([...leases.values()], ({ fibers }) => effect(fibers), { discard: true }))
  return {
    held: Effect.map(Clock.currentTimeNanos, (now) => {
      const lanes = [...leases].flatMap(([lane, lease]) => lease.isCurrentAt(now) ? [lane] : [])
      return lanes.length === laneCount ? undefined : lanes
    }),
    lease: (lane) => Option.fromNullable(leases.get(lane)),
    idle: ofEach(FiberSet.awaitEmpty),
    interrupt: ofEach(FiberSet.clear)
  }
})
