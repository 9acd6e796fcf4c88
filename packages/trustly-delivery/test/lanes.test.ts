import { SqlClient, Statement } from "@effect/sql"
import { SqliteClient } from "@effect/sql-sqlite-node"
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { eventLoopTurns, waitFor } from "../../trustly/test/waiting.ts"
import * as Lanes from "../src/internal/lanes.ts"

const sqlite = SqliteClient.layer({ filename: ":memory:" })

/** Builds lanes in a scope of their own, and waits until this process holds all of them. */
const holdAllLanes = Effect.gen(function*() {
  const scope = yield* Scope.make()
  const lanes = yield* Scope.extend(Lanes.cluster, scope)
  yield* Effect.repeat(Effect.zipRight(Effect.sleep("20 millis"), lanes.held), { until: (held) => held === undefined })
  return { lease: yield* lanes.lease(0), close: Scope.close(scope, Exit.void) }
})

const locks = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`SELECT shard_id FROM trustly_delivery_locks`)

/** Between `stop` and `resume`, the statements that renew what `tables` names never end. */
const makeRenewals = (tables: RegExp) => {
  let isStuck = false
  return {
    stop: () => {
      isStuck = true
    },
    resume: () => {
      isStuck = false
    },
    transformer: (statement: Statement.Statement<unknown>) =>
      isStuck && tables.test(statement.compile()[0]) ? Effect.never : Effect.succeed(statement)
  }
}

const cases = {
  "while it is held": { tables: /UPDATE\s+"trustly_delivery_(?:locks|runners)"/, isClosing: false },
  "while only the locks cannot be renewed": { tables: /UPDATE\s+"trustly_delivery_locks"/, isClosing: false },
  "while the process ends": { tables: /UPDATE\s+"trustly_delivery_(?:locks|runners)"/, isClosing: true }
}

for (const [when, { isClosing, tables }] of Object.entries(cases)) {
  it.live(`interrupts what runs under a lease when its lock is not renewed in time, ${when}`, () => {
    const renewals = makeRenewals(tables)
    return Effect.gen(function*() {
      const { close, lease } = yield* holdAllLanes
      const interrupted = yield* Deferred.make<boolean>()
      // such as one that waits for the database: it must not delay the interruption of the others
      const isStuck = yield* Effect.makeLatch()
      yield* lease.fork(Effect.uninterruptible(isStuck.await))
      yield* lease.fork(
        Effect.never.pipe(
          Effect.onInterrupt(() =>
            Effect.flatMap(lease.isCurrent, (isCurrent) => Deferred.succeed(interrupted, isCurrent))
          )
        )
      )
      renewals.stop()
      const closing = isClosing ? yield* Effect.fork(close) : undefined
      assert.isFalse(
        yield* waitFor("the interruption")(Deferred.await(interrupted)),
        "Interrupted while the lease was current"
      )
      yield* isStuck.open
      renewals.resume()
      yield* closing === undefined ? close : Fiber.join(closing)
    }).pipe(Statement.withTransformer(renewals.transformer), Effect.provide(sqlite))
  })
}

it.live("interrupts what runs beside an uninterruptible fiber when the process ends", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const lanes = yield* Scope.extend(Lanes.single, scope)
    const lease = yield* lanes.lease(0)
    const isStuck = yield* Effect.makeLatch()
    const interrupted = yield* Effect.makeLatch()
    yield* lease.fork(Effect.uninterruptible(isStuck.await))
    yield* lease.fork(Effect.onInterrupt(Effect.never, () => interrupted.open))
    yield* Effect.yieldNow()
    const interruption = yield* Effect.fork(lanes.interrupt)
    yield* waitFor("the interruption")(interrupted.await)
    yield* isStuck.open
    yield* Fiber.join(interruption)
    yield* Scope.close(scope, Exit.void)
  }))

it.live("releases a lock only after what runs under its lease has ended, and without waiting until the lock expires", () => {
  const events: Array<string> = []
  const recordReleases = (statement: Statement.Statement<unknown>) =>
    Effect.sync(() => {
      if (/DELETE FROM\s+"trustly_delivery_locks"/.test(statement.compile()[0])) events.push("released")
      return statement
    })
  return Effect.gen(function*() {
    const { close, lease } = yield* holdAllLanes
    const response = yield* Deferred.make<void>()
    yield* lease.fork(Effect.zipRight(Deferred.await(response), Effect.sync(() => events.push("ended"))))
    const closing = yield* Effect.fork(close)
    yield* Effect.repeat(Effect.zipRight(Effect.sleep("20 millis"), lease.isCurrent), {
      until: (isCurrent) => !isCurrent
    })
    yield* eventLoopTurns(10)
    yield* Deferred.succeed(response, undefined)
    yield* Fiber.join(closing)
    assert.deepStrictEqual(events, ["ended", "released"])
    assert.strictEqual((yield* locks).length, 0)
  }).pipe(Statement.withTransformer(recordReleases), Effect.provide(sqlite))
})
