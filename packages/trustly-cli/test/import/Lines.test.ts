import { assert, describe, it } from "@effect/vitest"
import { Chunk, Effect, FastCheck, Stream } from "effect"
import * as Lines from "../../src/import/Lines.ts"

const encoder = new TextEncoder()

const splitAll = (...chunks: ReadonlyArray<Uint8Array>) =>
  Effect.map(Stream.runCollect(Lines.split(Stream.fromIterable(chunks))), Chunk.toReadonlyArray)

const split = (...chunks: ReadonlyArray<string>) => splitAll(...chunks.map((chunk) => encoder.encode(chunk)))

describe("the lines of a text", () => {
  const cases: Readonly<Record<string, readonly [text: string, lines: ReadonlyArray<Lines.Line>]>> = {
    "no text": ["", []],
    "a line without a newline at its end": ["a", [{ line: 1, text: "a" }]],
    "a line with a newline at its end": ["a\n", [{ line: 1, text: "a" }]],
    "line ends of Windows": ["a\r\nb\r\n", [{ line: 1, text: "a\r" }, { line: 2, text: "b\r" }]],
    "a byte order mark": ["\ufeffa\nb", [{ line: 1, text: "a" }, { line: 2, text: "b" }]],
    "blank lines, which are counted": ["\n \t\na\n\n", [{ line: 3, text: "a" }]],
    "line ends of other kinds, which do not count": ["a\u2028b\u0085c\n", [{ line: 1, text: "a\u2028b\u0085c" }]]
  }
  for (const [what, [text, lines]] of Object.entries(cases)) {
    it.effect(what, () => Effect.map(split(text), (all) => assert.deepStrictEqual(all, lines)))
  }

  it.effect.prop(
    "are the same however the bytes come in",
    {
      texts: FastCheck.array(FastCheck.string({ unit: "grapheme" }).map((text) => `x${text.replaceAll("\n", "")}`)),
      cuts: FastCheck.array(FastCheck.double({ min: 0, max: 1, noNaN: true }))
    },
    ({ cuts, texts }) =>
      Effect.gen(function*() {
        const bytes = encoder.encode(texts.join("\n"))
        const at = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)), bytes.length]
        at.sort((a, b) => a - b)
        const chunks = at.slice(1).map((to, index) => bytes.slice(at[index], to))
        assert.deepStrictEqual(yield* splitAll(...chunks), texts.map((text, index) => ({ line: index + 1, text })))
      })
  )

  it.effect("have no text if they are too long, and leave those around them intact", () =>
    Effect.gen(function*() {
      const piece = new Uint8Array(Lines.maxBytes).fill(0x78)
      const ten = Stream.concat(
        Stream.concat(Stream.make(encoder.encode("a\n")), Stream.take(Stream.repeatValue(piece), 10)),
        Stream.make(encoder.encode("\nb"))
      )
      const lines = Chunk.toReadonlyArray(yield* Stream.runCollect(Lines.split(ten)))
      assert.deepStrictEqual(lines, [{ line: 1, text: "a" }, { line: 2 }, { line: 3, text: "b" }])
      const [longest] = yield* splitAll(piece)
      assert.strictEqual(longest?.text?.length, Lines.maxBytes)
    }))

  it.effect("have no text if they are not UTF-8, and leave the next one intact", () =>
    Effect.map(
      splitAll(Uint8Array.of(0x61, 0xff, 0x0a), Uint8Array.of(0xc3), Uint8Array.of(0xa4, 0x0a, 0xe2)),
      (lines) => assert.deepStrictEqual(lines, [{ line: 1 }, { line: 2, text: "ä" }, { line: 3 }])
    ))
})
