import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Either, Fiber, Option, Schedule, TestServices } from "effect"
import { vi } from "vitest"
import * as Lock from "../../src/import/Lock.ts"
import { takeOver } from "./files.ts"

const inFolder = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped()
  return { directory: `${folder}/a.lock`, fs, content: fs.readDirectory(folder) }
})

/** Holds the lock until `release` runs. */
const hold = (directory: string) =>
  Effect.gen(function*() {
    const [held, release] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    const fiber = yield* Effect.fork(Effect.scoped(Effect.gen(function*() {
      yield* Lock.acquire(directory)
      yield* Deferred.succeed(held, undefined)
      yield* Deferred.await(release)
    })))
    yield* Deferred.await(held)
    return { release: Effect.zipRight(Deferred.succeed(release, undefined), Fiber.join(fiber)) }
  })

describe("the lock of an import", () => {
  it.scopedLive("is a directory while it is held, and is gone after that", () =>
    Effect.gen(function*() {
      const { content, directory, fs } = yield* inFolder
      const { release } = yield* hold(directory)
      assert.strictEqual((yield* fs.stat(directory)).type, "Directory")
      yield* release
      assert.deepStrictEqual(yield* content, [])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("is refused while its holder shows a heartbeat, whatever its process is", () =>
    Effect.gen(function*() {
      const { content, directory } = yield* inFolder
      const { release } = yield* hold(directory)
      const { message, status } = yield* Effect.flip(Effect.scoped(Lock.acquire(directory)))
      assert.deepStrictEqual([status, message], [2, `Another import of this file is running: it holds ${directory}`])
      assert.deepStrictEqual(yield* content, ["a.lock"])
      yield* release
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("is waited for, and taken when its holder releases it", () =>
    Effect.gen(function*() {
      const { content, directory, fs } = yield* inFolder
      // no heartbeat
      yield* fs.makeDirectory(directory)
      const waiting = yield* Effect.fork(Effect.scoped(Lock.acquire(directory)))
      yield* Effect.sleep("300 millis")
      yield* fs.remove(directory, { recursive: true })
      yield* Fiber.join(waiting)
      assert.deepStrictEqual(yield* content, [])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("is taken over if a crash left it, by one process only", () =>
    Effect.gen(function*() {
      const { content, directory, fs } = yield* inFolder
      yield* fs.makeDirectory(directory)
      yield* fs.utimes(directory, 0, 0)
      const { release } = yield* hold(directory)
      const second = yield* Effect.either(Effect.scoped(Lock.acquire(directory)))
      assert.isTrue(Either.isLeft(second))
      yield* release
      assert.deepStrictEqual(yield* content, [])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("is taken over without a wait if its last heartbeat was a minute ago", () =>
    Effect.gen(function*() {
      const { directory, fs } = yield* inFolder
      yield* fs.makeDirectory(directory)
      const minuteAgo = (yield* Clock.currentTimeMillis) / 1000 - 60
      yield* fs.utimes(directory, minuteAgo, minuteAgo)
      const write = yield* Effect.acquireRelease(
        Effect.sync(() => vi.spyOn(process.stderr, "write")),
        (spy) => Effect.sync(() => spy.mockRestore())
      )
      // a wait is announced on stderr; it ends when the lock is gone
      const isAnnounced = Effect.sync(() => write.mock.calls.length > 0)
      yield* Effect.repeat(isAnnounced, { until: (yes) => yes, schedule: Schedule.spaced("10 millis") }).pipe(
        Effect.zipRight(fs.remove(directory, { recursive: true })),
        Effect.fork
      )
      yield* Lock.acquire(directory)
      assert.deepStrictEqual(write.mock.calls, [])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("is lost by one of two processes that take it over at the same moment, before that one starts", () =>
    Effect.gen(function*() {
      const { directory, fs } = yield* inFolder
      yield* fs.makeDirectory(directory)
      yield* fs.utimes(directory, 0, 0)
      // the clock of the test stands still, so that only a loss can end the check after the takeover
      const acquiring = yield* Effect.fork(Effect.scoped(Lock.acquire(directory)))
      const isTaken = fs.stat(directory).pipe(
        Effect.map(({ mtime }) => Option.exists(mtime, (at) => at.getTime() > 0)),
        Effect.orElseSucceed(() => false)
      )
      yield* Effect.raceFirst(
        TestServices.provideLive(
          Effect.repeat(isTaken, { until: (yes) => yes, schedule: Schedule.spaced("1 millis") })
        ),
        Fiber.join(acquiring)
      )
      yield* TestServices.provideLive(takeOver(directory))
      const { message, status } = yield* Effect.flip(Fiber.join(acquiring))
      assert.strictEqual(status, 3)
      assert.match(message, /^Import stopped: another process took over .*a\.lock\./)
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("is reported as lost when another process took it over", () =>
    Effect.gen(function*() {
      const { directory, fs } = yield* inFolder
      const { lost } = yield* Lock.acquire(directory)
      yield* takeOver(directory)
      const { message, status } = yield* Effect.flip(lost)
      assert.strictEqual(status, 3)
      assert.match(message, /^Import stopped: another process took over .*a\.lock\./)
      // that of the other process stays
      assert.isTrue(yield* fs.exists(directory))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("cannot be taken where nothing can be written, or where a file has its name", () =>
    Effect.gen(function*() {
      const { directory, fs } = yield* inFolder
      const missing = yield* Effect.flip(Effect.scoped(Lock.acquire("/nowhere/at/all.lock")))
      assert.deepStrictEqual([missing.status, missing.message], [
        2,
        "Cannot write /nowhere/at/all.lock: no such file or directory"
      ])
      yield* fs.writeFileString(directory, "")
      yield* fs.utimes(directory, 0, 0)
      const inTheWay = yield* Effect.flip(Effect.scoped(Lock.acquire(directory)))
      assert.match(inTheWay.message, /is in the way of the lock\. Remove it$/)
    }).pipe(Effect.provide(NodeContext.layer)))
})
