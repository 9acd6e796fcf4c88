import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck } from "effect"
import { TrustlyServerError } from "effect-trustly"
import * as Failures from "../../src/import/Failures.ts"
import * as Journal from "../../src/import/Journal.ts"
import * as LineSet from "../../src/import/LineSet.ts"
import type { Problem } from "../../src/Problem.ts"
import { fromJson } from "../program.ts"

const input: Journal.Input = { sha256: "0".repeat(64), format: "ndjson" }

const file = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => Effect.map(fs.makeTempDirectoryScoped(), (directory) => `${directory}/a.journal`)
)

/** What is recorded while the journal is open. */
const record = (name: string, writes: (journal: Journal.Journal) => Effect.Effect<unknown, Problem>) =>
  Effect.scoped(Effect.flatMap(Journal.open(name, input), writes))

describe("a journal", () => {
  it.scoped("tells what had begun and how it ended, over several runs", () =>
    Effect.gen(function*() {
      const name = yield* file
      assert.strictEqual(yield* Journal.read(name, input), Journal.nothing)
      yield* record(name, ({ begin, done, failed }) =>
        Effect.all([begin(1), begin(9), done(1), begin(1_000_000), failed(1_000_000, "TrustlyNotFoundError")]))
      yield* record(name, ({ begin, failed }) =>
        Effect.all([begin(2), failed(3, "TrustlyNotFoundError")]))
      const past = yield* Journal.read(name, input)
      assert.deepStrictEqual([past.done, [...past.failed]], [1, [["TrustlyNotFoundError", 2]]])
      assert.deepStrictEqual([1, 2, 3, 9, 1_000_000, 999_999].map(past.isEnded), [
        true,
        false,
        true,
        false,
        true,
        false
      ])
      assert.deepStrictEqual([1, 2, 3, 9, 1_000_000].map(past.isBegun), [true, true, false, true, true])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("takes no record that was cut for another one, wherever it was cut", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const name = yield* file
      yield* record(name, ({ done }) => done(1234))
      const whole = yield* fs.readFileString(name)
      const start = whole.indexOf("done")
      for (let length = start; length <= whole.length; length++) {
        yield* fs.writeFileString(name, whole.slice(0, length))
        yield* record(name, ({ failed }) => failed(7, "Defect"))
        const past = yield* Journal.read(name, input)
        const isWhole = length >= whole.length - 1
        assert.deepStrictEqual([past.done, past.failed.get("Defect")], [isWhole ? 1 : 0, 1], whole.slice(start, length))
        assert.deepStrictEqual([1, 12, 123, 1234, 7].map(past.isEnded), [false, false, false, isWhole, true])
      }
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("is of one input, and of no other file", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const name = yield* file
      yield* record(name, ({ done }) => done(1))
      for (const other of [{ ...input, sha256: "1" }, { ...input, format: "csv" }]) {
        assert.match((yield* Effect.flip(Journal.read(name, other))).message, /--restart/)
      }
      yield* fs.writeFileString(name, "{\"sentinel\":1}\n")
      assert.match((yield* Effect.flip(Journal.read(name, input))).message, /^[^{]+ is no journal of an import/)
    }).pipe(Effect.provide(NodeContext.layer)))
})

it.prop(
  "a set of lines holds what was added and nothing else",
  { lines: FastCheck.array(FastCheck.integer({ min: 1, max: 100_000 })) },
  ({ lines }) => {
    const set = LineSet.make()
    for (const line of lines) set.add(line)
    const near = lines.flatMap((line) => [line - 1, line, line + 1])
    assert.deepStrictEqual(near.map(set.has), near.map((line) => lines.includes(line)))
  }
)

it.scoped("failures of lines whose end was not recorded are written once", () =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const name = yield* file
    const write = (isEnded: (line: number) => boolean, ...lines: ReadonlyArray<number>) =>
      Effect.scoped(Effect.flatMap(Failures.open(name, isEnded), (add) =>
        Effect.forEach(lines, (line) =>
          add(line, { customerId: "1", line: "mine" }, new TrustlyServerError({})))))
    yield* write(
      () =>
        false,
      1,
      2,
      3
    )
    yield* fs.writeFileString(name, "{\"customerId\":\"4\",\"li", { flag: "a" })
    yield* write((line) => line === 2, 1, 4)
    const all = (yield* fs.readFileString(name)).trim().split("\n").map(fromJson)
    assert.deepStrictEqual(all.map(({ customerId, line }) => [customerId, line]), [["1", 2], ["1", 1], ["1", 4]])
    const { mode } = yield* fs.stat(name)
    assert.strictEqual(mode & 0o777, 0o600)
  }).pipe(Effect.provide(NodeContext.layer)))
