/** `npm run backend`: the backend next to a local sandbox, and a database that is deleted at the end. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { TrustlySandbox } from "effect-trustly-sandbox"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { randomBytes } from "node:crypto"
import * as Backend from "./Backend.ts"
import * as Problem from "./Problem.ts"

const program = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const sandbox = yield* TrustlySandbox
  const settings = new Map([
    ["TRUSTLY_BASE_URL", sandbox.url],
    ["TRUSTLY_ACCESS_ID", sandbox.accessId],
    ["TRUSTLY_ACCESS_KEY", Redacted.value(sandbox.accessKey)],
    ["DELIVERY_FILE", path.join(yield* fs.makeTempDirectoryScoped(), "delivery.db")],
    ["DELIVERY_KEYS", randomBytes(32).toString("base64")]
  ])
  const json = "-H 'content-type: application/json'"
  yield* Effect.withConfigProvider(
    Backend.run((url) =>
      Console.log(`Dead letters: ${url}
Trustly:      ${new URL(sandbox.url).origin}

Change a customer. Trustly gets it even when it is down, or this process is killed, in between:
  curl -i ${json} -d '{"change":{"vip":2}}' ${url}/customers/1001165729/changes
Save a profile of your own and the change for Trustly in one transaction:
  curl -i ${json} -d '{"tier":3,"newsletter":true}' ${url}/customers/1001165729/profile
Make a dead letter, with a customer whom Trustly does not know:
  curl -i ${json} -d '{"change":{"vip":2}}' ${url}/customers/unknown/changes`)
    ),
    ConfigProvider.orElse(ConfigProvider.fromMap(settings), ConfigProvider.fromEnv)
  )
})

program.pipe(
  Effect.scoped,
  Effect.provide([TrustlySandbox.layer(), NodeContext.layer]),
  Problem.report,
  NodeRuntime.runMain({ disableErrorReporting: true, disablePrettyLogger: true, teardown: Problem.teardown })
)
