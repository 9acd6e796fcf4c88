import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { TrustlySandbox } from "effect-trustly-sandbox"
import type { Running } from "./program.ts"
import { assertRefused, customerId, run, runServer } from "./program.ts"

/** What is to be set, out of what the sandbox prints. */
const exported = (text: string): Record<string, string> =>
  Object.fromEntries(
    Array.from(text.matchAll(/^export (\w+)='([^']*)'$/gm), ([, name = "", value = ""]) => [name, value])
  )

describe.concurrent("sandbox", () => {
  it.live("prints what an update needs, fails as told, and ends when it is interrupted", () =>
    Effect.gen(function*() {
      const started = yield* Deferred.make<{ readonly process: Running; readonly text: string }>()
      const onOutput = (process: Running, text: string) => {
        if (text.includes("Ctrl-C")) Deferred.unsafeDone(started, Effect.succeed({ process, text }))
      }
      const args = ["sandbox", "--port", "0", "--access-id", "ann", "--fault", "status=503,operation=get,next=1"]
      const fiber = yield* Effect.fork(runServer(args, { onOutput }))
      const { process, text } = yield* Deferred.await(started)
      const env = { ...exported(text), TRUSTLY_RETRY_BASE_DELAY: "1 millis" }
      assert.match(text, /^A local Trustly at (http:\/\/127\.0\.0\.1:\d+)\/api\/v1\nLook at .* \1\/\n/)
      assert.match(text, /^npx tsx src\/main\.ts update 1001165729 /m)

      const ended = yield* run(["get", customerId], { env })
      assert.match(ended.stderr, /^CustomerService\.get: Trustly failed \(HTTP 503, code 100\)\. Trying again in .*\n$/)
      assert.deepStrictEqual([ended.status, ended.stdout.split("\n")[0]], [0, `customer ${customerId}`])

      process.stop("SIGINT")
      assert.deepStrictEqual(yield* fiber, { status: 0, stdout: text, stderr: "" })
    }))

  it.live("ends when it is terminated", () =>
    Effect.gen(function*() {
      const { status, stderr } = yield* runServer(["sandbox", "--port", "0"], {
        onOutput: ({ stop }) => stop("SIGTERM")
      })
      assert.deepStrictEqual([status, stderr], [0, ""])
    }))

  it.live("says in a line that the port is taken", () =>
    Effect.gen(function*() {
      const { url } = yield* TrustlySandbox
      assertRefused(
        yield* run(["sandbox", "--port", new URL(url).port]),
        1,
        /the port is taken: give another with --port/
      )
    }).pipe(Effect.provide(TrustlySandbox.layer())))
})

// one after the other: it is timed
describe("demo", () => {
  it.live(
    "begins at once, shows a retry, each kind of failure and an import, and never looks at the environment",
    () =>
      Effect.gen(function*() {
        let begun = 0
        let firstLine = Infinity
        const ended = yield* run(["demo"], {
          env: {
            TRUSTLY_BASE_URL: "https://sandbox.trustly.one/api/v1",
            TRUSTLY_ACCESS_ID: "a",
            TRUSTLY_ACCESS_KEY: "b"
          },
          onStart: () => begun = performance.now(),
          onOutput: () => firstLine = Math.min(firstLine, performance.now() - begun)
        })
        assert.deepStrictEqual([ended.status, ended.stderr], [0, ""])
        assert.isBelow(firstLine, 3000)
        assert.match(ended.stdout, /HTTP 503, code 100\)\. Trying again in 1 s\n/)
        assert.match(
          ended.stdout,
          /attempt 1: POST .*, HTTP 503\n.*attempt 2: POST .*, HTTP 200\n.*customer 1001165729 updated\n/
        )
        assert.match(ended.stdout, /vip +\(none\) -> 2\n/)
        assert.deepStrictEqual(
          Array.from(ended.stdout.matchAll(/^ +(Trustly\w+Error, \w+),/gm), ([, line]) => line),
          [
            "TrustlyValidationError, NotSent",
            "TrustlyValidationError, Rejected",
            "TrustlyAuthError, Rejected",
            "TrustlyNotFoundError, Rejected",
            "TrustlyRejectedError, Rejected",
            "TrustlyRateLimitError, Rejected",
            "TrustlyServerError, Unknown",
            "TrustlyNetworkError, NotSent",
            "TrustlyDecodeError, Applied"
          ]
        )
        assert.match(ended.stdout, /9 of 9 failing calls ended as they have to\n/)
        assert.match(ended.stdout, /\n1,000 lines done, 0 failed\n {2}\d+ retries\n$/)
      }),
    { retry: 2 }
  )

  it.live("ends without a word when its reader has seen enough", () =>
    Effect.gen(function*() {
      const ended = yield* run(["demo"], { onOutput: ({ closeOutput }) => closeOutput() })
      assert.deepStrictEqual([ended.status, ended.stderr], [0, ""])
      assert.notInclude(ended.stdout, "failing calls")
    }))
})
