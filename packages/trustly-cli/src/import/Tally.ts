/** What an import has come to so far. */
import type { CustomerBatch } from "effect-trustly"
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Past } from "./Journal.ts"

export interface Tally {
  /** Lines that are done: in this run and before it. */
  done: number
  /** Lines that failed, in this run and before it, by the class of their error. */
  readonly failed: Map<string, number>
  /** Lines that had ended before this run. */
  readonly before: number
  /** Lines that an earlier run had begun without recording their end, and that were begun again. */
  repeated: number
  retries: number
  /** Lines that failed in this run though their update may have been applied. */
  unclear: number
}

const sum = (counts: ReadonlyMap<string, number>): number => Array.from(counts.values()).reduce((a, b) => a + b, 0)

export const make = ({ done, failed }: Past): Tally => ({
  done,
  failed: new Map(failed),
  before: done + sum(failed),
  repeated: 0,
  retries: 0,
  unclear: 0
})

export const failures = ({ failed }: Tally): number => sum(failed)

/** Lines that ended in this run. */
export const ended = (tally: Tally): number => tally.done + failures(tally) - tally.before

export const addFailure = ({ failed }: Tally, errorClass: string): void => {
  failed.set(errorClass, (failed.get(errorClass) ?? 0) + 1)
}

/** The error that a command ended with; none where the service had a defect. */
export const errorOf = ({ exit }: CustomerBatch.Result) =>
  Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined

/** The same as data. */
export const toJson = (tally: Tally) => ({
  done: tally.done,
  failed: failures(tally),
  failures: Object.fromEntries(tally.failed),
  before: tally.before,
  repeated: tally.repeated,
  retries: tally.retries,
  unclear: tally.unclear
})

/** A number with what it counts. */
export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString("en-US")} ${n === 1 ? one : many}`

/** The summary, line by line. */
export const lines = (tally: Tally): ReadonlyArray<string> => [
  `${count(tally.done, "line")} done, ${failures(tally).toLocaleString("en-US")} failed`,
  ...Array.from(tally.failed, ([errorClass, n]) => `  ${errorClass}: ${count(n, "line")}`),
  ...(tally.before > 0 ? [`  ${count(tally.before, "line")} had ended before`] : []),
  ...(tally.repeated > 0
    ? [`  ${count(tally.repeated, "line was", "lines were")} sent again, because the earlier end was not recorded`]
    : []),
  ...(tally.unclear > 0
    ? [`  ${count(tally.unclear, "update that failed", "updates that failed")} may have been applied`]
    : []),
  `  ${count(tally.retries, "retry", "retries")}`
]
