import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FastCheck } from "effect"
import { TrustlyServerError } from "effect-trustly"
import * as Failures from "../../src/import/Failures.ts"
import * as Journal from "../../src/import/Journal.ts"
import * as LineSet from "../../src/import/LineSet.ts"
import * as OwnFile from "../../src/import/OwnFile.ts"
import type { Problem } from "../../src/Problem.ts"
import { fromJson } from "../program.ts"

const input: Journal.Header = { sha256: "0".repeat(64), format: "ndjson" }

const file = Effect.flatMap(
  FileSystem.FileSystem,
  (fs) => Effect.map(fs.makeTempDirectoryScoped(), (directory) => `${directory}/a.journal`)
)

/** Records something in a journal, and closes it. */
const record = (name: string, writes: (journal: Journal.Journal) => Effect.Effect<unknown, Problem>) =>
  Effect.scoped(Effect.flatMap(Journal.open(name, input), writes))

const lastLine = 1_000_000

const read = (name: string, header = input) => Journal.read(name, header, lastLine)

describe("a journal", () => {
  it.scoped("says which lines began and how they ended, over several runs", () =>
    Effect.gen(function*() {
      const name = yield* file
      assert.strictEqual(yield* read(name), Journal.nothing)
      yield* record(name, ({ begin, done, failed }) =>
        Effect.all([begin(1), begin(9), done(1), begin(lastLine), failed(lastLine, "TrustlyNotFoundError")]))
      yield* record(name, ({ begin, failed }) =>
        Effect.all([begin(2), failed(3, "TrustlyNotFoundError")]))
      const past = yield* read(name)
      assert.deepStrictEqual([past.done, [...past.failed]], [1, [["TrustlyNotFoundError", 2]]])
      assert.deepStrictEqual([1, 2, 3, 9, lastLine, 999_999].map(past.isEnded), [true, false, true, false, true, false])
      assert.deepStrictEqual([1, 2, 3, 9, lastLine].map(past.isBegun), [true, true, false, true, true])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("never takes a record that was cut off for another one", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const name = yield* file
      yield* record(name, ({ done }) => done(1234))
      const content = yield* fs.readFileString(name)
      const start = content.indexOf("done")
      for (let length = start; length <= content.length; length++) {
        yield* fs.writeFileString(name, content.slice(0, length))
        yield* record(name, ({ failed }) => failed(7, "Defect"))
        const past = yield* read(name)
        const isComplete = length >= content.length - 1
        assert.deepStrictEqual(
          [past.done, past.failed.get("Defect")],
          [isComplete ? 1 : 0, 1],
          content.slice(start, length)
        )
        assert.deepStrictEqual([1, 12, 123, 1234, 7].map(past.isEnded), [false, false, false, isComplete, true])
      }
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("counts lines, however many records a line has", () =>
    Effect.gen(function*() {
      const name = yield* file
      yield* record(name, ({ begin, done, failed }) =>
        Effect.all([begin(1), done(1), done(1), failed(1, "Defect"), failed(2, "Defect"), failed(2, "Defect")]))
      const past = yield* read(name)
      assert.deepStrictEqual([past.done, [...past.failed]], [1, [["Defect", 1]]])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("counts a failed line as done once it was marked", () =>
    Effect.gen(function*() {
      const name = yield* file
      yield* record(name, ({ failed }) => Effect.all([failed(1, "Defect"), failed(2, "Defect")]))
      yield* Journal.markDone(name, [2])
      const past = yield* read(name)
      assert.deepStrictEqual([past.done, [...past.failed], past.isEnded(2)], [1, [["Defect", 1]], true])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("is read with the line ends of Windows", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const name = yield* file
      yield* record(name, ({ begin, done, failed }) => Effect.all([begin(1), done(1), failed(2, "Defect")]))
      const content = yield* fs.readFileString(name)
      yield* fs.writeFileString(name, content.replaceAll("\n", "\r\n"))
      const past = yield* read(name)
      assert.deepStrictEqual([past.done, [...past.failed]], [1, [["Defect", 1]]])
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("is refused for another input", () =>
    Effect.gen(function*() {
      const name = yield* file
      yield* record(name, ({ done }) => done(1))
      for (const other of [{ ...input, sha256: "1" }, { ...input, format: "csv" }]) {
        const { message, status } = yield* Effect.flip(read(name, other))
        assert.match(message, /^The file changed since its import started.*--restart/)
        assert.strictEqual(status, 2)
      }
    }).pipe(Effect.provide(NodeContext.layer)))

  const header = "{\"sha256\":\"x\",\"format\":\"csv\"}"
  const damages: Readonly<Record<string, string>> = {
    "is empty": "",
    "has only blank lines": "\n\n",
    "starts with a blank line": `\n${header}\ndone 1.\n`,
    "has no header": "done 1.\n",
    "has a header that was cut off": `${header.slice(0, -5)}\ndone 1.\n`,
    "has another JSON object as its header": "{\"sentinel\":1}\ndone 1.\n"
  }
  for (const [what, content] of Object.entries(damages)) {
    it.scoped(`is refused if it ${what}, and the refusal names --restart`, () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const name = yield* file
        yield* fs.writeFileString(name, content, { mode: 0o600 })
        const { message, status } = yield* Effect.flip(read(name))
        assert.match(message, /(has no header|is empty), so it cannot say which lines were sent\..*--restart/)
        assert.notInclude(message, "sentinel")
        assert.strictEqual(status, 2)
      }).pipe(Effect.provide(NodeContext.layer)))
  }

  it.scoped("is refused if it names a line that the input does not have", () =>
    Effect.gen(function*() {
      for (const line of [0, 8, 999_999_999_999_999]) {
        const name = yield* file
        yield* record(name, ({ done }) => done(line))
        assert.match((yield* Effect.flip(Journal.read(name, input, 7))).message, /names line \d+, .*--restart/)
      }
    }).pipe(Effect.provide(NodeContext.layer)))
})

describe("a file beside the input is refused", () => {
  it.scoped("if it is a symbolic link, a folder, or readable by others", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      yield* fs.writeFileString(`${folder}/open`, "", { mode: 0o644 })
      yield* fs.symlink(`${folder}/missing`, `${folder}/link`)
      const refused: Readonly<Record<string, RegExp>> = {
        link: /is a symbolic link\. Remove it/,
        "": /is not a regular file\. Remove it/,
        open: /has mode 0644, expected 0600/
      }
      for (const [name, line] of Object.entries(refused)) {
        const problem = yield* Effect.flip(OwnFile.exists(`${folder}/${name}`))
        assert.match(problem.message, line)
        assert.strictEqual(problem.status, 2)
      }
      yield* fs.chmod(`${folder}/open`, 0o600)
      assert.isTrue(yield* OwnFile.exists(`${folder}/open`))
      assert.deepStrictEqual((yield* fs.readDirectory(folder)).length, 2)
    }).pipe(Effect.provide(NodeContext.layer)))
})

it.prop(
  "a set of lines has exactly the lines that were added",
  { lines: FastCheck.array(FastCheck.integer({ min: 1, max: 100_000 })) },
  ({ lines }) => {
    const set = LineSet.make()
    for (const line of lines) set.add(line)
    const near = lines.flatMap((line) => [line - 1, line, line + 1])
    assert.deepStrictEqual(near.map(set.has), near.map((line) => lines.includes(line)))
  }
)

it.scoped("a failure record is written once, also if the end of its line was not recorded", () =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const name = yield* file
    const write = (isEnded: (line: number) => boolean, ...lines: ReadonlyArray<number>) =>
      Effect.scoped(
        Effect.flatMap(Failures.open(name, isEnded), (add) =>
          Effect.forEach(lines, (line) =>
            add(line, { customerId: "1", line: "mine" }, new TrustlyServerError({ operation: "update" }))))
      )
    yield* write(
      () => false,
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

it.scoped("a failure record of more than 1 MiB is kept when an import continues", () =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const name = yield* file
    const text = "\u0001".repeat(1_000_000)
    const open = Failures.open(name, () => true)
    yield* Effect.scoped(
      Effect.flatMap(open, (add) => add(1, { text }, new TrustlyServerError({ operation: "update" })))
    )
    yield* Effect.scoped(Effect.flatMap(open, (add) => add(2, {}, undefined)))
    const [first, second] = (yield* fs.readFileString(name)).trim().split("\n").map(fromJson)
    assert.isTrue(first.text === text)
    assert.deepStrictEqual([first.line, second.line], [1, 2])
    assert.deepStrictEqual(yield* Failures.lineNumbers(name), [1, 2])
  }).pipe(Effect.provide(NodeContext.layer)))

it.scoped("lines of a failures file that are not records are kept as they are when an import continues", () =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const name = yield* file
    const kept = Buffer.concat([
      Buffer.from("{\"customerId\":\"1\",\"change\":{\"vip\":2}}\r\n\n"),
      Buffer.from("J\xf6rg\n", "latin1"),
      Buffer.alloc(9_000_000, "x"),
      Buffer.from("\n")
    ])
    const cut = Buffer.from("{\"customerId\":\"2\",\"change\":{\"vip\":2}}")
    yield* fs.writeFile(name, Buffer.concat([kept, cut]), { mode: 0o600 })
    yield* Effect.scoped(Failures.open(name, () => false))
    assert.isTrue(kept.equals(yield* fs.readFile(name)))
  }).pipe(Effect.provide(NodeContext.layer)))
