import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { closeSync, openSync, writeSync } from "node:fs"
import * as FileProblem from "../FileProblem.ts"
import type { Problem } from "../Problem.ts"

/**
 * Adds text to a file that only grows, and is there when something has been written. When it ends, the text is with the operating
 * system and survives the program.
 */
export type Append = (text: string) => Effect.Effect<void, Problem>

/** Opens a file until the scope closes. Once a text could not be written whole, no other is: it would follow on the torn one. */
export const open = (file: string): Effect.Effect<Append, never, Scope.Scope> =>
  Effect.gen(function*() {
    let descriptor: number | undefined
    let outcome: Exit.Exit<void, Problem> = Exit.void
    let kept = ""
    let waiting: Array<(exit: Exit.Exit<void, Problem>) => void> = []

    const write = (): void => {
      const text = kept
      const resumes = waiting
      kept = ""
      waiting = []
      if (text !== "" && Exit.isSuccess(outcome)) {
        try {
          // its lines tell who the customers are
          descriptor ??= openSync(file, "a", 0o600)
          const bytes = Buffer.from(text)
          // not in another thread: handing it over would cost more than the write
          for (let written = 0; written < bytes.byteLength;) written += writeSync(descriptor, bytes, written)
        } catch (error) {
          outcome = Exit.fail(FileProblem.unwritable(file)(error))
        }
      }
      for (const resume of resumes) resume(outcome)
    }

    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        write()
        if (descriptor !== undefined) closeSync(descriptor)
      })
    )
    return (text) =>
      Effect.async((resume) => {
        kept += text
        // one write for all that comes in while the event loop goes round once
        if (waiting.push(resume) === 1) setImmediate(write)
      })
  })
