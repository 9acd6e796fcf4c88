import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"

/** A failure of the program itself that its user can mend: one line, and the exit status. It holds no value of a customer. */
export class Problem extends Data.TaggedError("Problem")<{ readonly message: string; readonly status: 1 | 2 | 3 }> {}

/** The command line, a file or the configuration has to change; nothing was sent. */
export const usage = (message: string): Problem => new Problem({ message, status: 2 })

/** The command line was right, and yet it did not work. */
export const failed = (message: string): Problem => new Problem({ message, status: 1 })

/** Stopped before the end; the same command goes on from there. */
export const stopped = (message: string): Problem => new Problem({ message, status: 3 })

const interrupted: FiberRef.FiberRef<Option.Option<Problem>> = FiberRef.unsafeMake(Option.none())

/** A command that is stopped has not done its work: that is a failure, where a server that is stopped has just ended. */
export const interruptedAs = (problem: Problem) =>
  // an interrupted fiber can fail with nothing else, so that is remembered; the innermost knows best
  Effect.onInterrupt(() => FiberRef.update(interrupted, Option.orElseSome(() => problem)))

/** The failure that it is to have been stopped, if it is one. */
export const interruption: Effect.Effect<Option.Option<Problem>> = FiberRef.get(interrupted)

/** The same, for a command that has failed by being stopped. */
export const whenInterrupted = (message: string) => interruptedAs(failed(message))
