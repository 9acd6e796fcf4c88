/** A file that only grows, for records that have to survive the death of the program. Only its owner can read it. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { closeSync, constants, openSync, writeSync } from "node:fs"
import * as FileProblem from "../FileProblem.ts"
import type { Problem } from "../Problem.ts"

/** Appends text, or bytes as they are. When it ends, the operating system has them. */
export type Append = (data: string | Uint8Array) => Effect.Effect<void, Problem>

// a link in its place would send customers' data somewhere else
const flags = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NOFOLLOW

/** Opens a file until the scope closes. After a failed write nothing more is written: it would follow a torn record. */
export const open = (file: string): Effect.Effect<Append, never, Scope.Scope> =>
  Effect.gen(function*() {
    let descriptor: number | undefined
    let outcome: Exit.Exit<void, Problem> = Exit.void
    let pending: Array<Uint8Array> = []
    let waiting: Array<(exit: Exit.Exit<void, Problem>) => void> = []

    const flush = (): void => {
      const bytes = Buffer.concat(pending)
      const resumes = waiting
      pending = []
      waiting = []
      if (bytes.byteLength > 0 && Exit.isSuccess(outcome)) {
        try {
          descriptor ??= openSync(file, flags, 0o600)
          // synchronous, because a write in another thread costs more to hand over than to do
          for (let written = 0; written < bytes.byteLength;) written += writeSync(descriptor, bytes, written)
        } catch (error) {
          outcome = Exit.fail(FileProblem.unwritable(file, 3)(error))
        }
      }
      for (const resume of resumes) resume(outcome)
    }

    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        flush()
        if (descriptor !== undefined) closeSync(descriptor)
      })
    )
    return (data) =>
      Effect.async((resume) => {
        pending.push(typeof data === "string" ? Buffer.from(data) : data)
        // one write for everything that arrives in a turn of the event loop
        if (waiting.push(resume) === 1) setImmediate(flush)
      })
  })
