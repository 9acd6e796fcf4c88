/** What goes to the terminal: text that may be coloured, that cannot do harm there, and that may find nobody to read it. */
import * as Terminal from "@effect/platform/Terminal"
import * as Config from "effect/Config"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { constVoid, identity } from "effect/Function"
import * as Predicate from "effect/Predicate"
import { styleText } from "node:util"
import type { Problem } from "./Problem.ts"
import { failed } from "./Problem.ts"

type Paint = (text: string) => string

export interface Style {
  readonly strong: Paint
  readonly faint: Paint
  readonly good: Paint
  readonly bad: Paint
}

const coloured: Style = {
  strong: (text) => styleText("bold", text),
  faint: (text) => styleText("gray", text),
  good: (text) => styleText("green", text),
  bad: (text) => styleText("yellow", text)
}

const plain: Style = { strong: identity, faint: identity, good: identity, bad: identity }

/** Whether to colour: on a terminal, unless NO_COLOR says otherwise. */
export const isColoured: Effect.Effect<boolean, never, Terminal.Terminal> = Effect.gen(function*() {
  const noColor = yield* Config.string("NO_COLOR").pipe(Config.withDefault(""))
  const terminal = yield* Terminal.Terminal
  return noColor === "" && (yield* terminal.isTTY)
}).pipe(Effect.orElseSucceed(() => false))

export const style: Effect.Effect<Style, never, Terminal.Terminal> = Effect.map(
  isColoured,
  (yes) => yes ? coloured : plain
)

/** Text of others as it may be shown: what would steer a terminal, or turn the direction of a line, is escaped as in JSON. */
export const harmless = (text: string): string =>
  text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

/** One JSON document. The escapes of {@link harmless} are those of JSON. */
export const json = (value: unknown): string => JSON.stringify(value, null, 2).split("\n").map(harmless).join("\n")

/** Whoever read the standard output has stopped, as `head` does: no reason to go on, and none to complain. */
export class OutputClosed extends Data.TaggedError("OutputClosed") {}

const closed: ReadonlySet<unknown> = new Set(["EPIPE", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"])

/** Prints lines on standard output. */
export const print = (
  ...lines: ReadonlyArray<string>
): Effect.Effect<void, OutputClosed | Problem, Terminal.Terminal> =>
  Effect.flatMap(Terminal.Terminal, (terminal) => terminal.display(lines.map((line) => `${line}\n`).join(""))).pipe(
    Effect.mapError(({ cause }) =>
      Predicate.hasProperty(cause, "code") && closed.has(cause.code)
        ? new OutputClosed()
        : failed("standard output cannot be written: what the command did stands, only its result was not shown")
    )
  )

/** Prints a line on standard error, if anybody reads it. */
export const tell = (line: string): Effect.Effect<void> =>
  Effect.async((resume) => {
    process.stderr.write(`${harmless(line)}\n`, () => resume(Effect.void))
  })

/** A closed pipe is told to the one who writes to it: as an event that nobody hears, it would end the process with a trace. */
export const tolerateClosedPipes: Effect.Effect<void> = Effect.sync(() => {
  process.stdout.on("error", constVoid)
  process.stderr.on("error", constVoid)
})
