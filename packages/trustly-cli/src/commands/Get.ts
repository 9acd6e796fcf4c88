import { CustomerService } from "effect-trustly"
import * as Effect from "effect/Effect"
import * as CommandLine from "../CommandLine.ts"
import * as CustomerView from "../CustomerView.ts"
import * as Otlp from "../Otlp.ts"
import * as Output from "../Output.ts"
import { failed, whenInterrupted } from "../Problem.ts"
import { customerId, readView, viewOptions } from "./shared.ts"

export const get = CommandLine.makeCommand({
  name: "get",
  summary: "Show a customer as Trustly holds it.",
  description: ["Shows a customer as Trustly holds it. Secrets are hidden unless --reveal is given."],
  argument: customerId,
  groups: [{ title: "Options", options: [...viewOptions, Otlp.option] }],
  examples: ["get 1001165729", "get 1001165729 --json"],
  run: (given) =>
    Effect.gen(function*() {
      const view = yield* readView(given)
      const customers = yield* CustomerService
      const customer = yield* Effect.flatMap(customers.get(given.argument), CustomerView.toWire)
      if (view.json) {
        return yield* Output.print(Output.formatJson(view.reveal ? customer : CustomerView.redact(customer)))
      }
      const { strong } = yield* Output.style
      yield* Output.print(
        strong(`customer ${Output.escapeControls(given.argument)}`),
        ...CustomerView.rows(customer, view.reveal)
      )
    }).pipe(whenInterrupted(() => failed("Stopped before the customer was shown")))
})
