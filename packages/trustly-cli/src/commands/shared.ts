/** What several commands take and show alike. */
import * as Args from "@effect/cli/Args"
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

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

// the ones of @effect/cli repeat what was typed
export const wholeNumber = (name: string, min: number, max: number): Options.Options<number> =>
  Options.text(name).pipe(
    Options.withPseudoName("number"),
    Options.filterMap(
      (text) =>
        /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max
          ? Option.some(Number(text))
          : Option.none(),
      `--${name}: expected a whole number ${min === 0 ? "" : `from ${min} `}up to ${max}`
    )
  )

/** Which customer, and how to show it. */
export const shown = { customerId, json, reveal }
