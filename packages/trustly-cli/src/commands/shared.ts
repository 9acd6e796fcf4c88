/** Options that several commands have. */
import * as Effect from "effect/Effect"
import type { Given } from "../CommandLine.ts"
import * as CommandLine from "../CommandLine.ts"

export const customerId = { name: "customerId", help: "Trustly's identifier of the customer." }

const json = CommandLine.flag("json", "Print the customer as one JSON document, in Trustly's format.")

const reveal = CommandLine.flag(
  "reveal",
  "Show the tax id, national id, date of birth, and license number, which are hidden otherwise."
)

/** How to show a customer. */
export const viewOptions = [json, reveal]

export const readView = (given: Given) => Effect.all({ json: given.get(json), reveal: given.get(reveal) })
