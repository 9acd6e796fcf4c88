/** One import of a file at a time: a file beside it names the process that is at work. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as FileProblem from "../FileProblem.ts"
import type { Problem } from "../Problem.ts"
import { usage } from "../Problem.ts"

const isAlive = (pid: number): boolean => {
  // an import in a container may have the number that the one before it had there
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // it lives and belongs to somebody else
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

const held = (file: string, pid: number): Problem =>
  usage(`The file is being imported by process ${pid}. If that is no import, remove ${file}`)

/** Holds the lock until the scope closes. The lock of a process that died is taken over. */
export const acquire = (file: string): Effect.Effect<void, Problem, FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const own = `${file}.${process.pid}`
    const holder = (of: string) => Effect.map(Effect.orElseSucceed(fs.readFileString(of), () => ""), Number)

    // as a link, so that it is never there without the number in it
    const create = fs.writeFileString(own, `${process.pid}`, { mode: 0o600 }).pipe(
      Effect.zipRight(fs.link(own, file)),
      Effect.as(true),
      Effect.catchIf(
        (error) => error._tag === "SystemError" && error.reason === "AlreadyExists",
        () => Effect.succeed(false)
      ),
      Effect.ensuring(Effect.ignore(fs.remove(own))),
      Effect.mapError(FileProblem.unwritable(file))
    )

    const abandon = Effect.gen(function*() {
      const before = yield* holder(file)
      if (isAlive(before)) return yield* held(file, before)
      yield* Effect.ignore(fs.rename(file, own))
      const moved = yield* holder(own)
      // another one was quicker to find it abandoned, and has taken it
      if (isAlive(moved)) yield* Effect.ignore(fs.link(own, file))
      yield* Effect.ignore(fs.remove(own))
    })

    const take = Effect.gen(function*() {
      if (yield* create) return
      yield* abandon
      if (!(yield* create)) return yield* held(file, yield* holder(file))
    })
    yield* Effect.acquireRelease(take, () => Effect.ignore(fs.remove(file)))
  })
