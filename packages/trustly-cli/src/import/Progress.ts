/** How far an import is: a bar on a terminal, a line now and then elsewhere. */
import type * as Terminal from "@effect/platform/Terminal"
import { Presets, SingleBar } from "cli-progress"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Output from "../Output.ts"
import type { Tally } from "./Tally.ts"
import * as Tallies from "./Tally.ts"

/** What is known of an import under way. */
export interface Progress {
  readonly tally: Tally
  /** How much of the input has been read, from 0 to 1; unknown of the standard input. */
  readonly share: () => number | undefined
}

const shown = ({ share, tally }: Progress, startedAt: number, now: number) => {
  const seconds = (now - startedAt) / 1000
  const part = share()
  return {
    ended: Tallies.ended(tally),
    perSecond: seconds > 0 ? Math.round(Tallies.ended(tally) / seconds) : 0,
    retries: tally.retries,
    failed: Tallies.failures(tally),
    secondsLeft: part !== undefined && part > 0 ? Math.round(seconds * (1 - part) / part) : undefined,
    percent: part === undefined ? undefined : Math.floor(part * 100)
  }
}

type Shown = ReturnType<typeof shown>

const counts = ({ ended, failed, perSecond, retries, secondsLeft }: Shown): string =>
  `${ended} lines, ${perSecond}/s, ${retries} retries, ${failed} failed${
    secondsLeft === undefined ? "" : `, ${secondsLeft} s left`
  }`

const line = (now: Shown): string => `${now.percent === undefined ? "" : `${now.percent} %, `}${counts(now)}`

const withBar = (progress: Progress, startedAt: number): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function*() {
    const bar = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const single = new SingleBar({
          format: "{bar} {percentage} % | {counts}",
          stream: process.stderr,
          hideCursor: true
        }, Presets.shades_classic)
        single.start(100, 0, { counts: "" })
        return single
      }),
      (single) => Effect.sync(() => single.stop())
    )
    const draw = Effect.map(Clock.currentTimeMillis, (now) => {
      const state = shown(progress, startedAt, now)
      bar.update(state.percent ?? 0, { counts: counts(state) })
    })
    // drawn once more before it stops, so that it does not stand at where it was a moment ago
    yield* Effect.addFinalizer(() => draw)
    yield* Effect.forkScoped(Effect.repeat(draw, Schedule.spaced("200 millis")))
  })

/** Shows the progress until the scope closes, for people or for programs. */
export const show = (
  progress: Progress,
  json: boolean
): Effect.Effect<void, never, Scope.Scope | Terminal.Terminal> =>
  Effect.flatMap(Clock.currentTimeMillis, (startedAt) => {
    if (!json && process.stderr.isTTY && progress.share() !== undefined) return withBar(progress, startedAt)
    const tell = (state: Shown) =>
      json ? Effect.ignore(Output.print(JSON.stringify({ progress: state }))) : Output.tell(line(state))
    return Effect.flatMap(Clock.currentTimeMillis, (now) => tell(shown(progress, startedAt, now))).pipe(
      Effect.schedule(Schedule.spaced("10 seconds")),
      Effect.forkScoped,
      Effect.asVoid
    )
  })
