/** Validates an input without sending anything. */
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
  /** Whether to print what would be sent, besides what is wrong. */
  readonly isDryRun: boolean
  readonly limit: number
  readonly json: boolean
}

const fieldsOf = (command: Command): ReadonlyArray<string> =>
  Object.keys("update" in command ? command.update : command.change)

const identifierOf = (command: Command): readonly [name: string, id: string] =>
  "customerId" in command ? ["customerId", command.customerId] : ["externalId", command.externalId]

type Described = Exclude<Entry, { readonly _tag: "Nothing" }>

const toJson = (entry: Described) => {
  if (entry._tag === "Bad") return { line: entry.line, issues: entry.error.issues }
  const { command } = entry
  const kind = "update" in command ? "update" : "change"
  return { line: entry.line, [kind]: fieldsOf(command), ...Object.fromEntries([identifierOf(command)]) }
}

const describe = (entry: Described): string => {
  if (entry._tag === "Bad") return `line ${entry.line}: ${entry.error.message.replace(/^.*? refused: /, "")}`
  const [name, id] = identifierOf(entry.command)
  const kind = "update" in entry.command ? "update" : "change"
  return `line ${entry.line}: ${kind} of ${name} ${id}: ${fieldsOf(entry.command).join(", ")}`
}

/** Prints each invalid line, and in a dry run what would be sent for the others. Fails if there are invalid lines. */
export const run = (
  source: Source,
  { isDryRun, json, limit, past }: Settings
): Effect.Effect<void, Problem, Terminal.Terminal> =>
  Effect.gen(function*() {
    let valid = 0
    let invalid = 0
    let before = 0
    let unchecked = 0
    yield* Stream.runForEachChunk(source.items, (items) =>
      Effect.gen(function*() {
        const lines: Array<string> = []
        for (const item of items) {
          if (past.isEnded(item.line)) {
            before += 1
            continue
          }
          if (valid + invalid >= limit) {
            unchecked += 1
            continue
          }
          const entry = item.decode()
          if (entry._tag === "Bad") invalid += 1
          else valid += 1
          if (entry._tag === "Bad" || (entry._tag === "Command" && isDryRun)) {
            lines.push(json ? JSON.stringify(toJson(entry)) : describe(entry))
          }
        }
        if (lines.length > 0) yield* Output.print(...lines.map(Output.escapeControls))
      }))
    yield* Output.print(
      json
        ? JSON.stringify({ valid, invalid, before, remaining: unchecked })
        : [
          `${count(valid, "valid line")}, ${count(invalid, "invalid line")}`,
          ...(before === 0 ? [] : [`${count(before, "line")} ended in an earlier run`]),
          ...(unchecked === 0 ? [] : [`${count(unchecked, "line")} not checked`])
        ].join(", ").concat(". Nothing was sent")
    )
    if (invalid > 0) return yield* failed(`${count(invalid, "line")} cannot be imported`)
  })
