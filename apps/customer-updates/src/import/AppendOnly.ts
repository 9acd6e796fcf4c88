import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { closeSync, openSync, writeSync } from "node:fs"
import * as FileProblem from "../FileProblem.ts"
import type { Problem } from "../Problem.ts"

/** A file that only grows, and is there when something has been written. */
export interface AppendOnly {
  /** Writes text. When it ends, the text is with the operating system and survives the program. */
  readonly append: (text: string) => Effect.Effect<void, Problem>
  /** Keeps text for the next write: a write for each line costs more than the line. */
  readonly later: (text: string) => Effect.Effect<void>
}

/** Opens a file until the scope closes. Once a text could not be written whole, no other is: it would follow on the torn one. */
export const open = (file: string): Effect.Effect<AppendOnly, never, Scope.Scope> =>
  Effect.gen(function*() {
    let descriptor: number | undefined
    let broken: Problem | undefined
    let kept = ""

    const append = (text: string): Effect.Effect<void, Problem> =>
      Effect.suspend(() => {
        if (broken !== undefined) return Effect.fail(broken)
        if (kept + text === "") return Effect.void
        // not in another thread: handing it over would cost more than the write
        return Effect.try({
          try: () => {
            // its lines tell who the customers are
            descriptor ??= openSync(file, "a", 0o600)
            const bytes = Buffer.from(kept + text)
            kept = ""
            for (let written = 0; written < bytes.byteLength;) written += writeSync(descriptor, bytes, written)
          },
          catch: (error) => {
            broken = FileProblem.unwritable(file)(error)
            return broken
          }
        })
      })

    yield* Effect.addFinalizer(() =>
      Effect.zipRight(
        Effect.ignore(append("")),
        Effect.sync(() => {
          if (descriptor !== undefined) closeSync(descriptor)
        })
      )
    )
    return {
      append,
      later: (text) =>
        Effect.sync(() => {
          kept += text
        })
    }
  })
