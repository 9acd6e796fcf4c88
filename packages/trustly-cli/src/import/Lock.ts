/**
 * Lets one import of a file run at a time, also across containers and hosts that share a volume: a lock directory beside the file
 * whose time of modification is a heartbeat.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import { promises as fs } from "node:fs"
import lockfile from "proper-lockfile"
import * as FileProblem from "../FileProblem.ts"
import * as Output from "../Output.ts"
import type { Problem } from "../Problem.ts"
import { resumable, usage } from "../Problem.ts"

const heartbeat = 2000

/** A lock without a heartbeat for so long was left by a crash. Clocks of hosts may differ by less than this. */
const staleAfter = 30_000

const hasCode = (error: unknown, ...codes: ReadonlyArray<string>): boolean =>
  Predicate.hasProperty(error, "code") && codes.some((code) => code === error.code)

const held = (directory: string): Problem => usage(`Another import of this file is running: it holds ${directory}`)

/** Fails as soon as the heartbeat shows that the holder is alive. Ends when the lock is gone or stale. */
const observe = (directory: string): Effect.Effect<void, Problem> =>
  Effect.gen(function*() {
    const beat = Effect.tryPromise({
      try: () => fs.stat(directory).then(({ mtimeMs }) => mtimeMs),
      catch: (error) => error
    }).pipe(Effect.orElseSucceed(() => undefined))
    const first = yield* beat
    for (let waited = 0; waited <= staleAfter + heartbeat; waited += 250) {
      yield* Effect.sleep("250 millis")
      const now = yield* beat
      if (now === undefined) return
      if (now !== first) return yield* held(directory)
    }
  })

/**
 * Holds the lock until the scope closes. A lock that a crash left is taken over within a minute. The returned effect never succeeds,
 * and fails when another process took over the lock, as after this one was suspended.
 */
export const acquire = (directory: string): Effect.Effect<Effect.Effect<never, Problem>, Problem, Scope.Scope> =>
  Effect.gen(function*() {
    const lost = yield* Deferred.make<never, Problem>()
    const runSync = Runtime.runSync(yield* Effect.runtime())
    const options = {
      lockfilePath: directory,
      // the file need not exist, and its path is canonical already
      realpath: false,
      stale: staleAfter,
      update: heartbeat,
      onCompromised: () => {
        runSync(Deferred.fail(
          lost,
          resumable(
            `Import stopped: another process took over ${directory}. Once that import has ended, the same command continues`
          )
        ))
      }
    }
    const take = Effect.tryPromise({ try: () => lockfile.lock(directory, options), catch: (error) => error })

    const acquired = Effect.gen(function*() {
      const existed = yield* Effect.promise(() => fs.stat(directory).then(() => true, () => false))
      const release = yield* take
      return { existed, release }
    })
    const waiting = Effect.gen(function*() {
      yield* Output.printError(`${directory} exists. Checking for up to 30 s whether that import is still running`)
      yield* observe(directory)
      return yield* acquired
    })
    const { existed } = yield* Effect.acquireRelease(
      acquired.pipe(
        Effect.catchIf((error) => hasCode(error, "ELOCKED"), () => waiting),
        Effect.mapError((error) => {
          if (hasCode(error, "ELOCKED")) return held(directory)
          if (hasCode(error, "ENOTDIR")) return usage(`${directory} is in the way of the lock. Remove it`)
          return FileProblem.unwritable(directory, 2)(error)
        })
      ),
      ({ release }) => Effect.promise(() => release().catch(() => {}))
    )
    // two processes can take over at the same moment, each removing what it takes for stale: the first heartbeat finds out
    if (existed) yield* Effect.raceFirst(Deferred.await(lost), Effect.sleep(heartbeat * 1.5))
    return Deferred.await(lost)
  })
