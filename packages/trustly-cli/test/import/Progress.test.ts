import * as Terminal from "@effect/platform/Terminal"
import { assert, it } from "@effect/vitest"
import { Effect, TestClock } from "effect"
import * as Journal from "../../src/import/Journal.ts"
import * as Progress from "../../src/import/Progress.ts"
import * as Tally from "../../src/import/Tally.ts"
import { fromJson } from "../program.ts"
import { screen } from "./files.ts"

it.scoped("a program hears each ten seconds how far the import is", () =>
  Effect.gen(function*() {
    const shown: Array<string> = []
    const tally = Tally.make({ ...Journal.nothing, done: 1000 })
    yield* Progress.show({ tally, share: () => 0.25 }, true).pipe(
      Effect.provideService(Terminal.Terminal, screen(shown))
    )
    tally.done += 400
    Tally.addFailure(tally, "TrustlyServerError")
    tally.retries = 3
    yield* TestClock.adjust("9 seconds")
    assert.deepStrictEqual(shown, [])
    yield* TestClock.adjust("11 seconds")
    assert.deepStrictEqual(shown.map(fromJson), [
      { progress: { ended: 401, perSecond: 40, retries: 3, failed: 1, secondsLeft: 30, percent: 25 } },
      { progress: { ended: 401, perSecond: 20, retries: 3, failed: 1, secondsLeft: 60, percent: 25 } }
    ])
  }))
