/** Shows how far an import is: a bar on a terminal, a line every ten seconds elsewhere. */
import type * as Terminal from "@effect/platform/Terminal"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Output from "../Output.ts"
import type { Tally } from "./Tally.ts"
import * as Tallies from "./Tally.ts"

/** How far the import is. Percent and time left are unknown if the number of lines is. */
export const measure = (tally: Tally, limit: number, seconds: number) => {
  const ended = Tallies.endedNow(tally)
  const toDo = tally.total === undefined ? undefined : Math.min(limit, tally.total - tally.before)
  return {
    ended,
    lines: toDo,
    percent: toDo === undefined ? undefined : toDo === 0 ? 100 : Math.floor(ended / toDo * 100),
    perSecond: seconds > 0 ? Math.round(ended / seconds) : 0,
    secondsLeft: toDo === undefined || ended === 0 ? undefined : Math.round(seconds / ended * (toDo - ended)),
    retries: tally.retries,
    failed: Tallies.failures(tally)
  }
}

export type Measured = ReturnType<typeof measure>

const count = (n: number): string => n.toLocaleString("en-US")

const describe = ({ ended, failed, lines, perSecond, percent, retries, secondsLeft }: Measured): string =>
  [
    `${percent === undefined ? "" : `${percent} %  `}${count(ended)}${
      lines === undefined ? "" : ` of ${count(lines)}`
    } lines`,
    ...(secondsLeft === undefined ? [] : [`${count(secondsLeft)} s left`]),
    `${count(failed)} failed`,
    `${count(perSecond)}/s`,
    `${count(retries)} retries`
  ].join(", ")

const longestBar = 30

/** A bar and as much of the text as fits into the columns of a terminal. */
export const bar = (measured: Measured, columns: number): string => {
  const text = describe(measured)
  // the last column stays free: some terminals wrap when it is written
  const width = Math.min(longestBar, columns - 1 - text.length - 1)
  if (measured.percent === undefined || width < 5) return text.slice(0, columns - 1)
  const filled = Math.floor(width * measured.percent / 100)
  return `${"█".repeat(filled)}${"░".repeat(width - filled)} ${text}`
}

const clearLine = "\r\u001b[K"

const showBar = (current: Effect.Effect<Measured>): Effect.Effect<void, never, Scope.Scope> => {
  const draw = Effect.map(current, (measured) => {
    process.stderr.write(`${clearLine}${bar(measured, process.stderr.columns)}`)
  })
  return Effect.addFinalizer(() => Effect.sync(() => process.stderr.write(clearLine))).pipe(
    Effect.zipRight(Effect.forkScoped(Effect.repeat(draw, Schedule.spaced("200 millis")))),
    Effect.asVoid
  )
}

/** Shows the progress until the scope closes, for people or for programs. At most `limit` lines are imported. */
export const show = (
  tally: Tally,
  limit: number,
  json: boolean
): Effect.Effect<void, never, Scope.Scope | Terminal.Terminal> =>
  Effect.gen(function*() {
    const startedAt = yield* Clock.currentTimeNanos
    const current = Effect.map(
      Clock.currentTimeNanos,
      (now) => measure(tally, limit, Number(now - startedAt) / 1e9)
    )
    if (!json && process.stderr.isTTY) return yield* showBar(current)
    const print = (measured: Measured) =>
      json ? Effect.ignore(Output.print(JSON.stringify({ progress: measured }))) : Output.printError(describe(measured))
    yield* Effect.flatMap(current, print).pipe(Effect.schedule(Schedule.spaced("10 seconds")), Effect.forkScoped)
  })
