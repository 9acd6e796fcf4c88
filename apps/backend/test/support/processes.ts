/** The backend as a process of its own, with Trustly's sandbox or a fake of it beside it. */
import { Effect, Redacted, Schedule } from "effect"
import type { TrustlySandbox } from "effect-trustly-sandbox"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { ask } from "../../../../packages/trustly-sandbox/test/ask.ts"
import { waitFor } from "../../../../packages/trustly/test/waiting.ts"
import { bundlePath } from "./bundle.ts"

export const key = Buffer.alloc(32, 7).toString("base64")

export interface Process {
  /** What it has printed to both outputs. */
  readonly output: () => string
  readonly url: Effect.Effect<string>
  readonly exitCode: Effect.Effect<number | null>
  readonly kill: (signal: NodeJS.Signals) => Effect.Effect<void>
}

export type Environment = Readonly<Record<string, string>>

/** Starts the backend with nothing in its environment but what is given. It is killed at the end of the scope. */
export const start = (environment: Environment) =>
  Effect.acquireRelease(
    Effect.sync((): Process => {
      const child = spawn(process.execPath, [bundlePath], { env: environment, stdio: ["ignore", "pipe", "pipe"] })
      let output = ""
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => output += String(chunk))
      const ended = once(child, "close")
      return {
        output: () => output,
        url: Effect.suspend(() => {
          const found = /Listening on (http:\/\/[^"\s]+)/.exec(output)?.[1]
          if (found !== undefined) return Effect.succeed(found)
          return child.exitCode === null ? Effect.fail("not yet") : Effect.dieMessage(`exited: ${output}`)
        }).pipe(Effect.retry(Schedule.spaced("50 millis")), Effect.orDie, waitFor("the start of the backend")),
        exitCode: Effect.promise(() => ended).pipe(Effect.map(() => child.exitCode)),
        kill: (signal) => Effect.sync(() => child.kill(signal))
      }
    }),
    (started) => Effect.zipRight(started.kill("SIGKILL"), started.exitCode)
  )

export const environmentOf = ({ accessId, accessKey, url }: TrustlySandbox.Service, file: string): Environment => ({
  PORT: "0",
  TRUSTLY_BASE_URL: url,
  TRUSTLY_ACCESS_ID: accessId,
  TRUSTLY_ACCESS_KEY: Redacted.value(accessKey),
  DELIVERY_KEYS: key,
  DELIVERY_FILE: file,
  DELIVERY_BASE_DELAY: "50 millis",
  DELIVERY_MAX_DELAY: "200 millis",
  DELIVERY_PROBE_INTERVAL: "200 millis"
})

/** Asks again until the response is as expected. */
export const until = (url: string, isExpected: (text: string) => boolean) =>
  ask(url).pipe(
    Effect.map(({ text }) => text),
    Effect.filterOrFail(isExpected, () => "not yet"),
    Effect.retry(Schedule.spaced("50 millis")),
    Effect.orDie,
    waitFor(`the expected response of ${url}`)
  )
