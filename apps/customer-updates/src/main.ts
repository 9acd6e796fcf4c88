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
import { sandbox } from "./commands/Sandbox.ts"
import { update } from "./commands/Update.ts"
import * as Program from "./Program.ts"
import * as Report from "./Report.ts"

// credentials, base URL and deadline come from TRUSTLY_*, how to try again from TRUSTLY_RETRY_*
const Customers = Layer.unwrapEffect(
  Effect.map(TrustlyRetry.config, (options) =>
    CustomerService.layerConfig().pipe(
      CustomerService.withRetry(Report.announced(TrustlyRetry.policy(options)))
    ))
).pipe(Layer.provide(NodeHttpClient.layerUndici))

const run = Program.command.pipe(
  Command.withSubcommands([
    Command.provide(get, Customers),
    Command.provide(update, Customers),
    sandbox,
    demo
  ]),
  Command.run(Program.info)
)

Arguments.prepare(process.argv).pipe(
  Effect.flatMap(run),
  Program.reported,
  Effect.provide(NodeContext.layer),
  NodeRuntime.runMain({ disableErrorReporting: true, disablePrettyLogger: true, teardown: Program.teardown })
)
