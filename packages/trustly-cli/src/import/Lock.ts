/**
 * Lets one import of a file run at a time, also across containers and hosts that share a volume: a lock directory beside the file
 * whose time of modification is a heartbeat.
 */
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
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

class AlreadyHeld extends Data.TaggedError("AlreadyHeld") {}

const held = (directory: string): Problem => usage(`Another import of this file is running: it holds ${directory}`)

const describeFailure = (directory: string) => (error: unknown): AlreadyHeld | Problem => {
  const code = Predicate.hasProperty(error, "code") ? error.code : undefined
  if (code === "ELOCKED") return new AlreadyHeld()
  return code === "ENOTDIR"
    ? usage(`${directory} is in the way of the lock. Remove it`)
    : FileProblem.unwritable(directory, 2)(error)
}

/** The time of the last heartbeat; none if the lock is gone. */
const lastHeartbeat = (directory: string): Effect.Effect<number | undefined> =>
  Effect.promise(() => fs.stat(directory).then(({ mtimeMs }) => mtimeMs, () => undefined))

/** Fails as soon as a heartbeat shows that the holder is alive. Ends when the lock is gone or stale. */
const watch = (directory: string): Effect.Effect<void, Problem> =>
  Effect.gen(function*() {
    const first = yield* lastHeartbeat(directory)
    for (let waited = 0; waited <= staleAfter + heartbeat; waited += 250) {
      yield* Effect.sleep("250 millis")
      const latest = yield* lastHeartbeat(directory)
      if (latest === undefined) return
      if (latest !== first) return yield* held(directory)
    }
  })

export interface Held {
  /** Never succeeds, and fails when another process took over the lock, as it does after this one was suspended. */
  readonly lost: Effect.Effect<never, Problem>
}

/** Holds the lock until the scope closes. A lock that a crash left is taken over within a minute. */
export const acquire = (directory: string): Effect.Effect<Held, Problem, Scope.Scope> =>
  Effect.gen(function*() {
    const lost = yield* Deferred.make<never, Problem>()
    const runSync = Runtime.runSync(yield* Effect.runtime())
    const onCompromised = () => {
      const problem = resumable(
        `Import stopped: another process took over ${directory}. Once that import has ended, the same command continues`
      )
      runSync(Deferred.fail(lost, problem))
    }
    const options = {
      lockfilePath: directory,
      // the file need not exist, and its path is canonical already
      realpath: false,
      stale: staleAfter,
      update: heartbeat,
      onCompromised
    }
    const take = Effect.gen(function*() {
      const existed = (yield* lastHeartbeat(directory)) !== undefined
      const release = yield* Effect.tryPromise({
        try: () => lockfile.lock(directory, options),
        catch: describeFailure(directory)
      })
      return { existed, release }
    })
    const wait = Effect.gen(function*() {
      yield* Output.printError(`${directory} exists. Checking for up to 30 s whether that import is still running`)
      yield* watch(directory)
      return yield* Effect.catchTag(take, "AlreadyHeld", () => Effect.fail(held(directory)))
    })
    const { existed } = yield* Effect.acquireRelease(
      Effect.catchTag(take, "AlreadyHeld", () => wait),
      // a lock that was lost cannot be released
      ({ release }) => Effect.promise(() => release().catch(constVoid))
    )
    // two processes can take over at the same moment, each removing what it takes for stale: the first heartbeat finds out
    if (existed) yield* Effect.raceFirst(Deferred.await(lost), Effect.sleep(heartbeat * 1.5))
    return { lost: Deferred.await(lost) }
  })
