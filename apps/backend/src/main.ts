/** Starts the backend. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as Backend from "./Backend.ts"
import * as Problem from "./Problem.ts"

NodeRuntime.runMain(Problem.report(Backend.run((url) => Effect.logInfo(`Listening on ${url}`))), {
  disableErrorReporting: true,
  disablePrettyLogger: true,
  teardown: Problem.teardown
})
