/** Puts the program together: HTTP client, configuration, retry policy, and commands. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { CustomerService, TrustlyRetry } from "effect-trustly"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as CommandLine from "./CommandLine.ts"
import { makeAll } from "./commands/all.ts"
import * as Http from "./Http.ts"
import * as Output from "./Output.ts"
import * as Program from "./Program.ts"
import * as Report from "./Report.ts"

// credentials, base URL, and deadline come from TRUSTLY_*
const Trustly = CustomerService.layerConfig().pipe(Layer.provide(Http.layer))

// the retry policy comes from TRUSTLY_RETRY_*
const Customers = Layer.unwrapEffect(
  Effect.map(
    TrustlyRetry.config,
    (options) => CustomerService.withRetry(Report.announced(TrustlyRetry.policy(options)))(Trustly)
  )
)

const program = {
  ...Program.info,
  description: "Shows, updates, and imports customers at Trustly (Pay by Bank, North America).",
  sections: Program.sections,
  commands: makeAll({ retrying: Customers, trustly: Trustly })
}

CommandLine.run(program, process.argv.slice(2), Output.print).pipe(
  Program.reportFailure,
  // sends the remaining traces after the failure was reported
  Effect.scoped,
  Effect.provide(NodeContext.layer),
  Program.runMain({ disableErrorReporting: true, disablePrettyLogger: true, teardown: Program.teardown })
)
