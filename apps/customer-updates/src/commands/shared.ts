/** What several commands take and show alike. */
import * as Args from "@effect/cli/Args"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"

const customerId = Args.text({ name: "customerId" }).pipe(
  Args.withDescription("Trustly's identifier of the customer."),
  // what looks like an option is one that is not known; nobody is called so
  Args.mapEffect((id) =>
    id.startsWith("-") ? Effect.fail(HelpDoc.p("Missing argument <customerId>")) : Effect.succeed(id)
  )
)

const json = Options.boolean("json").pipe(Options.withDescription("Print one JSON document, as on the wire."))

const reveal = Options.boolean("reveal").pipe(
  Options.withDescription("Show the tax id, national id, date of birth and license number, which are hidden otherwise.")
)

/** Which customer, and how to show it. */
export const shown = { customerId, json, reveal }
