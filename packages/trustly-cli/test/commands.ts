/** Runs the commands in the process of the test, where a process of their own would show nothing more. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import type { FileSystem } from "@effect/platform/FileSystem"
import * as Terminal from "@effect/platform/Terminal"
import type { Layer, Scope } from "effect"
import { Effect } from "effect"
import { CustomerService } from "effect-trustly"
import * as CommandLine from "../src/CommandLine.ts"
import { makeAll } from "../src/commands/all.ts"
import * as Output from "../src/Output.ts"
import type { Problem } from "../src/Problem.ts"
import * as Program from "../src/Program.ts"
import * as Report from "../src/Report.ts"

/** A terminal that keeps what is shown. */
export const screen = (shown: Array<string>): Terminal.Terminal => ({
  columns: Effect.succeed(80),
  rows: Effect.succeed(24),
  isTTY: Effect.succeed(false),
  readInput: Effect.dieMessage("not used"),
  readLine: Effect.dieMessage("not used"),
  display: (text) => Effect.sync(() => shown.push(text))
})

// every operation is a defect: nothing may be sent
const unused = CustomerService.layerTest()

/** Runs a command line, and returns what it printed on stdout, and its failure. */
export const runInProcess = <E extends Report.Failure = never>(
  args: ReadonlyArray<string>,
  customers: Layer.Layer<CustomerService, E>
) =>
  Effect.gen(function*() {
    const shown: Array<string> = []
    const program: CommandLine.Program<Report.Failure, FileSystem | Terminal.Terminal | Scope.Scope> = {
      ...Program.info,
      description: "",
      sections: Program.sections,
      commands: makeAll({ retrying: customers, trustly: customers })
    }
    const failure = yield* CommandLine.run(program, args, Output.print).pipe(
      Effect.as(undefined),
      Effect.merge,
      Effect.scoped,
      Effect.provideService(Terminal.Terminal, screen(shown)),
      Effect.provide(NodeContext.layer)
    )
    return { stdout: shown.join(""), failure }
  })

/** The help that a command line prints. */
export const printed = (...args: ReadonlyArray<string>): Effect.Effect<string> =>
  Effect.map(runInProcess(args, unused), ({ stdout }) => stdout)

/** The problem that a command line is refused with. */
export const refused = (
  args: ReadonlyArray<string>,
  customers: Layer.Layer<CustomerService> = unused
): Effect.Effect<Problem> =>
  Effect.flatMap(
    runInProcess(args, customers),
    ({ failure }) => failure === undefined ? Effect.dieMessage("did not fail") : Effect.succeed(Report.problem(failure))
  )
