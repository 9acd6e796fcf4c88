/** Counts how the lines of an import ended. */
import type { CustomerBatch } from "effect-trustly"
import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Past } from "./Journal.ts"

export interface Tally {
  /** Lines that are done, also in earlier runs. */
  done: number
  /** Lines that failed, also in earlier runs, by the name of the error. */
  readonly failed: Map<string, number>
  /** Lines that ended in earlier runs. */
  readonly before: number
  /** Number of lines of the input, unknown for a stream. */
  readonly total: number | undefined
  /** Lines that an earlier run began without recording their end, and that were sent again. */
  repeated: number
  retries: number
  /** Lines that failed in this run, though their update may have been applied. */
  unclear: number
}

const sum = (counts: ReadonlyMap<string, number>): number => Array.from(counts.values()).reduce((a, b) => a + b, 0)

export const make = ({ done, failed }: Past, total: number | undefined): Tally => ({
  done,
  failed: new Map(failed),
  before: done + sum(failed),
  total,
  repeated: 0,
  retries: 0,
  unclear: 0
})

export const failures = ({ failed }: Tally): number => sum(failed)

/** Lines that ended, also in earlier runs. */
const ended = (tally: Tally): number => tally.done + failures(tally)

/** Lines that ended in this run. */
export const endedNow = (tally: Tally): number => ended(tally) - tally.before

/** Lines that have not ended; none if the number of lines is unknown. */
export const remaining = (tally: Tally): number => tally.total === undefined ? 0 : tally.total - ended(tally)

export const addFailure = ({ failed }: Tally, errorName: string): void => {
  failed.set(errorName, (failed.get(errorName) ?? 0) + 1)
}

/** The error that a command ended with; none for a defect of the service. */
export const errorOf = ({ exit }: CustomerBatch.Result) =>
  Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined

export const toJson = (tally: Tally) => ({
  done: tally.done,
  failed: failures(tally),
  failures: Object.fromEntries(tally.failed),
  remaining: remaining(tally),
  before: tally.before,
  repeated: tally.repeated,
  retries: tally.retries,
  unclear: tally.unclear
})

/** A number with its noun. */
export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString("en-US")} ${n === 1 ? one : many}`

/** The summary for people. */
export const lines = (tally: Tally): ReadonlyArray<string> => [
  `${count(tally.done, "line")} done, ${failures(tally).toLocaleString("en-US")} failed${
    remaining(tally) > 0 ? `, ${remaining(tally).toLocaleString("en-US")} remaining` : ""
  }`,
  ...Array.from(tally.failed, ([errorName, n]) => `  ${errorName}: ${count(n, "line")}`),
  ...(tally.before > 0 ? [`  ${count(tally.before, "line")} ended in an earlier run`] : []),
  ...(tally.repeated > 0
    ? [`  ${count(tally.repeated, "line was", "lines were")} sent again, because an earlier run did not record the end`]
    : []),
  ...(tally.unclear > 0
    ? [`  ${count(tally.unclear, "failed update", "failed updates")} may have been applied`]
    : []),
  `  ${count(tally.retries, "retry", "retries")}`
]
