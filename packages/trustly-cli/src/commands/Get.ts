import * as Command from "@effect/cli/Command"
import { CustomerService } from "effect-trustly"
import * as Effect from "effect/Effect"
import * as CustomerView from "../CustomerView.ts"
import * as Otlp from "../Otlp.ts"
import * as Output from "../Output.ts"
import { whenInterrupted } from "../Problem.ts"
import { shown } from "./shared.ts"

export const get = Command.make(
  "get",
  { ...shown, otlp: Otlp.option },
  ({ customerId, json, reveal }) =>
    Effect.gen(function*() {
      const customers = yield* CustomerService
      const record = yield* customers.get(customerId)
      const customer = yield* CustomerView.wire(record)
      if (json) return yield* Output.print(Output.json(reveal ? customer : CustomerView.masked(customer)))
      const { strong } = yield* Output.style
      yield* Output.print(strong(`customer ${Output.harmless(customerId)}`), ...CustomerView.lines(customer, reveal))
    }).pipe(whenInterrupted("Stopped before the customer was shown"))
).pipe(
  Command.withDescription("Shows a customer as Trustly holds it.")
)
