/** Writes to the terminal: text without control characters, colored where that is wanted, to readers that may be gone. */
import * as Terminal from "@effect/platform/Terminal"
import * as Config from "effect/Config"
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
}

const colored: Style = {
  strong: (text) => styleText("bold", text),
  faint: (text) => styleText("gray", text)
}

const plain: Style = { strong: identity, faint: identity }

/** Colors on a terminal, unless `NO_COLOR` is set. */
export const style: Effect.Effect<Style, never, Terminal.Terminal> = Effect.gen(function*() {
  const noColor = yield* Config.string("NO_COLOR").pipe(Config.withDefault(""))
  const terminal = yield* Terminal.Terminal
  return noColor === "" && (yield* terminal.isTTY) ? colored : plain
}).pipe(Effect.orElseSucceed(() => plain))

/** Escapes, as JSON does, what would steer a terminal or change the direction of a line. */
export const escapeControls = (text: string): string =>
  text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

/** One JSON document. The escapes of {@link escapeControls} are those of JSON. */
export const formatJson = (value: unknown): string =>
  JSON.stringify(value, null, 2).split("\n").map(escapeControls).join("\n")

const closed: ReadonlySet<unknown> = new Set(["EPIPE", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"])

/**
 * Prints lines on stdout. A reader that is gone, such as `head`, does not change what the command does, nor its exit status.
 */
export const print = (...lines: ReadonlyArray<string>): Effect.Effect<void, Problem, Terminal.Terminal> =>
  Effect.flatMap(Terminal.Terminal, (terminal) => terminal.display(lines.map((line) => `${line}\n`).join(""))).pipe(
    Effect.catchAll(({ cause }) =>
      Predicate.hasProperty(cause, "code") && closed.has(cause.code)
        ? Effect.void
        : Effect.fail(failed("Cannot write to stdout. The command did its work, but not every result was shown"))
    )
  )

/** Prints a line on stderr. */
export const printError = (line: string): Effect.Effect<void> =>
  Effect.async((resume) => {
    process.stderr.write(`${escapeControls(line)}\n`, () => resume(Effect.void))
  })

/** Keeps the process alive when a reader closes its pipe: without a listener, the `error` event would end it. */
export const tolerateClosedPipes: Effect.Effect<void> = Effect.sync(() => {
  process.stdout.on("error", constVoid)
  process.stderr.on("error", constVoid)
})
