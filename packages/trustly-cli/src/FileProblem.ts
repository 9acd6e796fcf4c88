/** What is said of a file that cannot be read or written, without its content. */
import type * as PlatformError from "@effect/platform/Error"
import * as Predicate from "effect/Predicate"
import type { Problem } from "./Problem.ts"
import { stopped, usage } from "./Problem.ts"

const unread: Readonly<Partial<Record<PlatformError.SystemErrorReason, string>>> = {
  NotFound: "there is no such file",
  PermissionDenied: "the file may not be read"
}

export const unreadable = (name: string) => (error: PlatformError.PlatformError): Problem =>
  usage(`${name}: ${(error._tag === "SystemError" && unread[error.reason]) || "the file cannot be read"}`)

export const directory = (name: string): Problem => usage(`${name}: that is a directory, a file is needed`)

const unwritten: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the quota is used up",
  EACCES: "it is not allowed",
  EPERM: "it is not allowed",
  EROFS: "the disk is read-only"
}

/** A file that the work depends on: without it nothing more is done. */
export const unwritable = (file: string) => (error: unknown): Problem => {
  const code = Predicate.hasProperty(error, "code") ? String(error.code) : ""
  return stopped(`${file} cannot be written: ${unwritten[code] ?? `it fails (${code})`}`)
}
