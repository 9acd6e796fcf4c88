import * as Terminal from "@effect/platform/Terminal"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope, TestClock } from "effect"
import { vi } from "vitest"
import * as Journal from "../../src/import/Journal.ts"
import * as Progress from "../../src/import/Progress.ts"
import * as Tally from "../../src/import/Tally.ts"
import { screen } from "../commands.ts"
import { fromJson } from "../program.ts"

it.scoped("--json prints every ten seconds how far the import is", () =>
  Effect.gen(function*() {
    const shown: Array<string> = []
    const tally = Tally.make({ ...Journal.nothing, done: 1000 }, 2604)
    yield* Progress.show(tally, Infinity, true).pipe(Effect.provideService(Terminal.Terminal, screen(shown)))
    tally.done += 400
    Tally.addFailure(tally, "TrustlyServerError")
    tally.retries = 3
    yield* TestClock.adjust("9 seconds")
    assert.deepStrictEqual(shown, [])
    yield* TestClock.adjust("11 seconds")
    const both = { ended: 401, lines: 1604, percent: 25, retries: 3, failed: 1 }
    assert.deepStrictEqual(shown.map(fromJson), [
      { progress: { ...both, perSecond: 40, secondsLeft: 30 } },
      { progress: { ...both, perSecond: 20, secondsLeft: 60 } }
    ])
  }))

/** Makes stderr a terminal until the scope closes, and returns what is written to it. */
const terminal = Effect.acquireRelease(
  Effect.sync(() => {
    const written: Array<string> = []
    const { columns, isTTY } = process.stderr
    const write = vi.spyOn(process.stderr, "write").mockImplementation((text) => written.push(String(text)) > 0)
    Object.assign(process.stderr, { columns: 80, isTTY: true })
    const restore = () => {
      Object.assign(process.stderr, { columns, isTTY })
      write.mockRestore()
    }
    return { written, restore }
  }),
  ({ restore }) => Effect.sync(restore)
)

const clearLine = "\r\u001b[K"

it.scoped("a terminal shows a bar that grows in place, and its line is empty again after the import", () =>
  Effect.gen(function*() {
    const { written } = yield* terminal
    const tally = Tally.make(Journal.nothing, 4)
    const importing = yield* Scope.make()
    yield* Progress.show(tally, Infinity, false).pipe(
      Effect.provideService(Terminal.Terminal, screen([])),
      Scope.extend(importing)
    )
    yield* TestClock.adjust("1 seconds")
    tally.done = 1
    yield* TestClock.adjust("1 seconds")
    const drawn = written.join("")
    const [, first = "", ...more] = drawn.split(clearLine)
    assert.match(first, /^░+ 0 %/)
    assert.match(more.at(-1) ?? "", /^█+░+ 25 %/)
    assert.notInclude(drawn, "\n")
    yield* Scope.close(importing, Exit.void)
    assert.strictEqual(written.at(-1), clearLine)
    const { length } = written
    yield* TestClock.adjust("1 seconds")
    assert.strictEqual(written.length, length)
  }))

/** The progress after ten seconds in which so many lines ended. */
const after = (done: number, total: number | undefined, limit = Infinity) => {
  const tally = Tally.make(Journal.nothing, total)
  tally.done = done
  return Progress.measure(tally, limit, 10)
}

describe("the progress", () => {
  it("grows with the lines that ended, however small the file is", () => {
    assert.deepStrictEqual([0, 1, 3, 5].map((done) => after(done, 5).percent), [0, 20, 60, 100])
    assert.strictEqual(after(0, 5).secondsLeft, undefined)
  })

  it("is relative to --limit", () => {
    assert.deepStrictEqual([after(5, 5000, 10).percent, after(5, 5000, 10).secondsLeft], [50, 10])
  })

  it("has no percentage for a stream, whose number of lines is unknown", () => {
    assert.deepStrictEqual([after(5, undefined).percent, after(5, undefined).secondsLeft], [undefined, undefined])
  })

  it("is complete for a file without lines", () => {
    assert.strictEqual(after(0, 0).percent, 100)
  })

  it("fits into a terminal of 60 to 200 columns", () => {
    const large = { ...after(1_234_567, 9_999_999), perSecond: 12_345, retries: 123_456, failed: 123_456 }
    for (let columns = 60; columns <= 200; columns++) {
      for (const measured of [after(0, 5), after(152, 5000), after(7, undefined), large]) {
        const bar = Progress.bar(measured, columns)
        assert.isBelow(bar.length, columns)
        assert.match(bar, /lines/)
      }
    }
  })
})
