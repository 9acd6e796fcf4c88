/** Clients of a sandbox besides its page: a shell and the service. */
import { Command, FetchHttpClient } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { CustomerService } from "effect-trustly"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../../..", import.meta.url))

/** Runs lines in a shell where the project is, and fails unless they did. */
export const shell = (lines: string) =>
  Command.make("bash", "-ec", lines).pipe(
    Command.workingDirectory(root),
    Command.stderr("inherit"),
    Command.exitCode,
    Effect.map((status) => assert.strictEqual(status, 0)),
    Effect.provide(NodeContext.layer)
  )

/** A sandbox, and the service that has it as its Trustly. */
export const withClient = (options: TrustlySandbox.Options = {}) =>
  Layer.unwrapEffect(Effect.map(TrustlySandbox, (sandbox) =>
    CustomerService.layer({
      accessId: sandbox.accessId,
      accessKey: sandbox.accessKey,
      baseUrl: sandbox.url
    }))).pipe(
      Layer.provideMerge(FetchHttpClient.layer),
      Layer.provideMerge(TrustlySandbox.layer(options))
    )
