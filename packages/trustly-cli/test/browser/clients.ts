/** What asks a sandbox besides its page: the program, a shell, and the service. */
import { Command, FetchHttpClient } from "@effect/platform"
import { NodeContext } from "@effect/platform-node"
import { assert } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { CustomerService } from "effect-trustly"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { fileURLToPath } from "node:url"

const program = fileURLToPath(new URL("../../src/main.ts", import.meta.url))

/** Runs the program as a user does, with the sandbox as its Trustly; gives back its standard output. */
export const cli = (...args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { accessId, accessKey, url } = yield* TrustlySandbox
    return yield* Command.make(process.execPath, "--import", "tsx", program, ...args).pipe(
      Command.env({
        TRUSTLY_BASE_URL: url,
        TRUSTLY_ACCESS_ID: accessId,
        TRUSTLY_ACCESS_KEY: Redacted.value(accessKey)
      }),
      Command.string,
      Effect.provide(NodeContext.layer)
    )
  })

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
