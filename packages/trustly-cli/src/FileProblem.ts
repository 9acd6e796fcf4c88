/** Describes why a file cannot be read or written: the cause by name, never its content. */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type { FailureStatus } from "./Problem.ts"
import { Problem, usage } from "./Problem.ts"

const causes: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file would exceed the size limit",
  ENOENT: "no such file or directory",
  ENOTDIR: "a part of the path is not a directory",
  EISDIR: "it is a directory, not a file",
  ERR_FS_EISDIR: "it is a directory, not a file",
  EEXIST: "it already exists",
  ELOOP: "too many symbolic links",
  ENAMETOOLONG: "the name is too long",
  EMFILE: "too many open files",
  ENFILE: "too many open files",
  EBUSY: "it is in use",
  EIO: "the disk reported an I/O error",
  ENXIO: "it cannot be opened",
  ESTALE: "the network file system lost it",
  ETIMEDOUT: "the file system did not respond",
  ENOTEMPTY: "the directory is not empty",
  Z_BUF_ERROR: "the gzip data is cut off",
  Z_DATA_ERROR: "the gzip data is damaged"
}

/** The code of the operating system: the platform's errors wrap the error that has it. */
const codeOf = (error: unknown): Option.Option<string> => {
  if (Predicate.hasProperty(error, "code") && typeof error.code === "string") return Option.some(error.code)
  return Predicate.hasProperty(error, "cause") ? codeOf(error.cause) : Option.none()
}

const describe = (error: unknown): string =>
  Option.match(codeOf(error), {
    onNone: () => "the cause is unknown",
    onSome: (code) => causes[code] ?? code
  })

const unlessProblem = (error: unknown, make: () => Problem): Problem => error instanceof Problem ? error : make()

/** A file that cannot be read. A `Problem` stays what it is. */
export const unreadable = (name: string) => (error: unknown): Problem =>
  unlessProblem(error, () => usage(`Cannot read ${name}: ${describe(error)}`))

/** A file that cannot be written. A `Problem` stays what it is. */
export const unwritable = (name: string, status: FailureStatus) => (error: unknown): Problem =>
  unlessProblem(error, () => new Problem({ message: `Cannot write ${name}: ${describe(error)}`, status }))
