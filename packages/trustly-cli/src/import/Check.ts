/** Looks at an input without sending anything. */
import type * as Terminal from "@effect/platform/Terminal"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Output from "../Output.ts"
import type { Problem } from "../Problem.ts"
import { failed } from "../Problem.ts"
import type { Command, Entry } from "./Entry.ts"
import type { Past } from "./Journal.ts"
import type { Source } from "./Source.ts"
import { count } from "./Tally.ts"

interface Settings {
  readonly past: Past
  /** Whether to tell what would be sent, besides what is wrong. */
  readonly commands: boolean
  readonly limit: number
  readonly json: boolean
}

const fieldsOf = (command: Command): ReadonlyArray<string> =>
  Object.keys("update" in command ? command.update : command.change)

const customerOf = (command: Command) =>
  "customerId" in command ? { customerId: command.customerId } : { externalId: command.externalId }

const described = (entry: Exclude<Entry, { readonly _tag: "Nothing" }>) => {
  if (entry._tag === "Bad") return { line: entry.line, issues: entry.error.issues }
  const { command } = entry
  const kind = "update" in command ? "update" : "change"
  return { line: command.line, [kind]: fieldsOf(command), ...customerOf(command) }
}

const told = (entry: Exclude<Entry, { readonly _tag: "Nothing" }>): string => {
  if (entry._tag === "Bad") return `line ${entry.line}: ${entry.error.message.replace(/^.*? refused: /, "")}`
  const { command } = entry
  const [[kind, id]] = [Object.entries(customerOf(command))[0] ?? ["", ""]]
  return `line ${command.line}: ${"update" in command ? "update" : "change"} of ${kind} ${id}: ${
    fieldsOf(command).join(", ")
  }`
}

/** Tells of every line that is no command, and of the others if they are asked for. Fails when there are bad ones. */
export const run = (
  source: Source,
  { commands, json, limit, past }: Settings
): Effect.Effect<void, Output.OutputClosed | Problem, Terminal.Terminal> =>
  Effect.gen(function*() {
    let good = 0
    let bad = 0
    let before = 0
    yield* Stream.runForEachChunk(source.entries(), (entries) =>
      Effect.gen(function*() {
        const lines: Array<string> = []
        for (const entry of entries) {
          const line = entry._tag === "Command" ? entry.command.line : entry.line
          if (past.isEnded(line)) {
            before += 1
            continue
          }
          if (entry._tag === "Bad") bad += 1
          else good += 1
          if (entry._tag === "Bad" || (entry._tag === "Command" && commands && good <= limit)) {
            lines.push(json ? JSON.stringify(described(entry)) : told(entry))
          }
        }
        if (lines.length > 0) yield* Output.print(...lines.map(Output.harmless))
      }))
    const total = { good, bad, before }
    yield* Output.print(
      json
        ? JSON.stringify(total)
        : `${count(good, "line")} good, ${count(bad, "line")} bad${
          before === 0 ? "" : `, ${count(before, "line")} ended before`
        }; nothing was sent`
    )
    if (bad > 0) return yield* failed(`${count(bad, "line")} cannot be imported as it stands`)
  })
