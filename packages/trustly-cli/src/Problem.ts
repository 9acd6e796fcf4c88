/** Failures that the user can fix, with the exit status that goes with each. */
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

/**
 * How the program ended. 1: failed. 2: the command line, a file, or the configuration has to change. 3: an import stopped, and the
 * same command continues it.
 */
export type FailureStatus = 1 | 2 | 3

/** A failure to report in one line. It contains no value of a customer. */
export class Problem extends Data.TaggedError("Problem")<{
  readonly message: string
  readonly status: FailureStatus
}> {}

export const failed = (message: string): Problem => new Problem({ message, status: 1 })

export const usage = (message: string): Problem => new Problem({ message, status: 2 })

export const resumable = (message: string): Problem => new Problem({ message, status: 3 })

/** Turns an interruption, as by Ctrl-C, into a failure. Of nested ones, the innermost is reported. */
export const whenInterrupted =
  (problem: () => Problem) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | Problem, R> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.catchAllCause(
        restore(effect),
        (cause): Effect.Effect<never, E | Problem> =>
          Cause.isInterruptedOnly(cause) ? Effect.fail(problem()) : Effect.failCause(cause)
      )
    )
