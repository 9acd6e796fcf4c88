#!/usr/bin/env node
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { run, SandboxCliError } from "../cli.ts"

// a closed stdout, such as that of `| head`, would throw
process.stdout.on("error", () => undefined)

run(process.argv.slice(2)).pipe(
  Effect.tapError(({ message }) => Console.error(message)),
  Effect.provide(NodeFileSystem.layer),
  NodeRuntime.runMain({
    disableErrorReporting: true,
    teardown: (exit, onExit) => {
      if (Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause)) return onExit(0)
      const failure: unknown = Option.getOrUndefined(Cause.failureOption(exit.cause))
      onExit(failure instanceof SandboxCliError ? failure.status : 1)
    }
  })
)
