/** Puts the program together: the HTTP client, the configuration, the retry policy and the commands. */
import * as Command from "@effect/cli/Command"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { CustomerService, TrustlyRetry } from "effect-trustly"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Arguments from "./Arguments.ts"
import { demo } from "./commands/Demo.ts"
import { get } from "./commands/Get.ts"
import { importing } from "./commands/Import.ts"
import { sandbox } from "./commands/Sandbox.ts"
import { update } from "./commands/Update.ts"
import * as Otlp from "./Otlp.ts"
import * as Program from "./Program.ts"
import * as Report from "./Report.ts"

// credentials, base URL and deadline come from TRUSTLY_*
const Trustly = CustomerService.layerConfig().pipe(Layer.provide(NodeHttpClient.layerUndici))

// how to try again comes from TRUSTLY_RETRY_*
const Customers = Layer.unwrapEffect(
  Effect.map(
    TrustlyRetry.config,
    (options) => CustomerService.withRetry(Report.announced(TrustlyRetry.policy(options)))(Trustly)
  )
)

const run = Program.command.pipe(
  Command.withSubcommands([
    Otlp.exporting(Command.provide(get, Customers)),
    Otlp.exporting(Command.provide(update, Customers)),
    Otlp.exporting(importing(Trustly)),
    sandbox,
    demo
  ]),
  Command.run(Program.info)
)

Arguments.prepare(process.argv).pipe(
  Effect.flatMap(run),
  Program.reported,
  // what is left of traces is sent when everything has been told
  Effect.scoped,
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain({ disableErrorReporting: true, disablePrettyLogger: true, teardown: Program.teardown })
)
