import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { TrustlySandbox } from "effect-trustly-sandbox"
import type { Running } from "./program.ts"
import { assertRefused, customerId, run } from "./program.ts"

/** What is to be set, out of what the sandbox prints. */
const exported = (text: string): Record<string, string> =>
  Object.fromEntries(
    Array.from(text.matchAll(/^export (\w+)='([^']*)'$/gm), ([, name = "", value = ""]) => [name, value])
  )

describe("sandbox", () => {
  it.live("prints what an update needs, fails as its rules say, and ends with status 0 when interrupted", () =>
    Effect.gen(function*() {
      const started = yield* Deferred.make<{ readonly process: Running; readonly text: string }>()
      const onOutput = (process: Running, text: string) => {
        if (text.includes("Ctrl-C")) Deferred.unsafeDone(started, Effect.succeed({ process, text }))
      }
      const args = ["sandbox", "--port", "0", "--access-id", "ann", "--fault", "status=503,operation=get,next=1"]
      const fiber = yield* Effect.fork(run(args, { onOutput }))
      const { process, text } = yield* Deferred.await(started)
      const env = { ...exported(text), TRUSTLY_RETRY_BASE_DELAY: "1 millis" }
      assert.match(text, /^Trustly sandbox: (http:\/\/127\.0\.0\.1:\d+)\/api\/v1\nPage: \1\/\n/)

      const ended = yield* run(["get", customerId], { env })
      assert.match(ended.stderr, /^[^\n]+HTTP 503[^\n]+ Retrying in [^\n]+\n$/)
      assert.deepStrictEqual([ended.status, ended.stdout.split("\n")[0]], [0, `customer ${customerId}`])

      process.stop("SIGINT")
      assert.deepStrictEqual(yield* fiber, { status: 0, stdout: text, stderr: "" })
    }))

  it.live("ends with status 0 when it is terminated", () =>
    Effect.gen(function*() {
      const { status, stderr } = yield* run(["sandbox", "--port", "0"], {
        onOutput: ({ stop }) => stop("SIGTERM")
      })
      assert.deepStrictEqual([status, stderr], [0, ""])
    }))

  it.live("refuses an empty host", () =>
    Effect.gen(function*() {
      assertRefused(yield* run(["sandbox", "--host", ""]), 2, /^--host must be an IP address/)
    }))

  it.live("reports that the port is in use", () =>
    Effect.gen(function*() {
      const { url } = yield* TrustlySandbox
      assertRefused(
        yield* run(["sandbox", "--port", new URL(url).port]),
        1,
        /^Port \d+ is already in use\. Choose another one with --port/
      )
    }).pipe(Effect.provide(TrustlySandbox.layer())))
})
