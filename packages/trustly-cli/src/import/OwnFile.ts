/** Checks and creates the files that an import keeps beside its input. They are for their owner only. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import type { Stats } from "node:fs"
import { promises as fs } from "node:fs"
import * as FileProblem from "../FileProblem.ts"
import type { Problem } from "../Problem.ts"
import { usage } from "../Problem.ts"
import * as AppendFile from "./AppendFile.ts"

const ownerOnly = 0o600

/** The status of a file itself, not of what a link points at; none if it does not exist. */
const lstat = (file: string): Effect.Effect<Option.Option<Stats>, Problem> =>
  Effect.tryPromise({
    try: () =>
      fs.lstat(file).then(
        Option.some,
        (error) =>
          Predicate.hasProperty(error, "code") && error.code === "ENOENT" ? Option.none() : Promise.reject(error)
      ),
    catch: FileProblem.unreadable(file)
  })

/** Creates a file for its owner only. Fails if there is one. */
const create = (file: string): Effect.Effect<void, Problem> =>
  Effect.tryPromise({
    try: () => fs.writeFile(file, "", { mode: ownerOnly, flag: "wx" }),
    catch: FileProblem.unwritable(file, 2)
  })

const createAnew = (file: string): Effect.Effect<void, Problem> => Effect.zipRight(remove(file), create(file))

/** Creates a file that exists until the scope closes, and longer if something was written to it. */
export const createUnlessEmpty = (file: string): Effect.Effect<void, Problem, Scope.Scope> =>
  Effect.acquireRelease(
    create(file),
    () =>
      Effect.ignore(Effect.flatMap(lstat(file), (found) =>
        Option.exists(found, ({ size }) => size === 0)
          ? remove(file)
          : Effect.void))
  )

/** Writes a file by another name first, so that it is there with all of its content or not at all. */
export const replace = (
  file: string,
  write: (append: AppendFile.Append) => Effect.Effect<void, Problem>
): Effect.Effect<void, Problem> =>
  Effect.gen(function*() {
    const temporary = `${file}.new`
    yield* createAnew(temporary)
    yield* Effect.scoped(Effect.flatMap(AppendFile.open(temporary), write))
    yield* Effect.tryPromise({ try: () => fs.rename(temporary, file), catch: FileProblem.unwritable(file, 2) })
  })

/** Some file systems, such as exFAT, give every file the same mode. A new file beside this one shows whether this is one of them. */
const hasModes = (file: string): Effect.Effect<boolean, Problem> =>
  Effect.gen(function*() {
    const probe = `${file}.new`
    yield* createAnew(probe)
    const found = yield* lstat(probe)
    yield* remove(probe)
    return Option.exists(found, ({ mode }) => (mode & 0o777) === ownerOnly)
  })

/** Whether the file exists. Refuses one that this program cannot have written: a link, or a file that others can read. */
export const exists = (file: string): Effect.Effect<boolean, Problem> =>
  Effect.gen(function*() {
    const found = yield* lstat(file)
    if (Option.isNone(found)) return false
    const { mode } = found.value
    if (found.value.isSymbolicLink()) {
      return yield* usage(`${file} is a symbolic link. Remove it, and run the import again`)
    }
    if (!found.value.isFile()) return yield* usage(`${file} is not a regular file. Remove it, and run the import again`)
    if ((mode & 0o777) !== ownerOnly && (yield* hasModes(file))) {
      return yield* usage(
        `${file} has mode 0${
          (mode & 0o777).toString(8)
        }, expected 0600: another program wrote it, or others can read it. ` +
          `If it is yours, run chmod 600 on it; else remove it`
      )
    }
    return true
  })

export const remove = (file: string): Effect.Effect<void, Problem> =>
  Effect.tryPromise({ try: () => fs.rm(file, { force: true }), catch: FileProblem.unwritable(file, 2) })
