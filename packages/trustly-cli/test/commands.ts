/** Runs the commands in the process of the test, for what need not be seen from outside. */
import * as Command from "@effect/cli/Command"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { Effect, Layer } from "effect"
import { CustomerService } from "effect-trustly"
import * as Arguments from "../src/Arguments.ts"
import { demo } from "../src/commands/Demo.ts"
import { get } from "../src/commands/Get.ts"
import { importing } from "../src/commands/Import.ts"
import { sandbox } from "../src/commands/Sandbox.ts"
import { update } from "../src/commands/Update.ts"
import type { Problem } from "../src/Problem.ts"
import * as Program from "../src/Program.ts"
import * as Report from "../src/Report.ts"

// every operation is a defect: nothing may be sent
const nobody = CustomerService.layerTest()

export const all = Command.withSubcommands(Program.command, [get, update, importing(nobody), sandbox, demo])

export const environment = Layer.merge(NodeContext.layer, Program.parser)

const silent = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(
    Effect.console,
    (console) => Effect.withConsole(effect, { ...console, error: () => Effect.void, log: () => Effect.void })
  )

export const parse = <Name extends string, E, R, A, S, E2 = never, R2 = never>(
  command: Command.Command<Name, R, E, A>,
  args: ReadonlyArray<string>,
  services: Layer.Layer<S, E2, R2>
) =>
  Arguments.prepare(["node", "main", ...args]).pipe(
    Effect.flatMap(Command.run(command, Program.info)),
    silent,
    Effect.provide(Layer.merge(environment, services))
  )

/** What is said of a command that fails. */
export const refused = <R = never>(
  args: ReadonlyArray<string>,
  customers: Layer.Layer<CustomerService, never, R> = nobody
): Effect.Effect<Problem, void, R> =>
  Effect.flatMap(
    Effect.flip(parse(all, args, customers)),
    (failure) => failure._tag === "OutputClosed" ? Effect.dieMessage("closed") : Effect.succeed(Report.problem(failure))
  )
