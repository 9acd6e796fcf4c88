/** Runs the program as its users do: as a process, against a sandbox in the test. */
import { assert } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { main } from "./bundle.ts"

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Options {
  readonly env?: Readonly<Record<string, string>>
  /** Where it runs. Default: the folder of the package. */
  readonly cwd?: string
  /** What it reads from stdin; `open` for an input that does not end. */
  readonly stdin?: string | Uint8Array
  /** The user that runs it. */
  readonly uid?: number | undefined
  readonly onStart?: (process: Running) => void
  /** Called with the output so far, on each piece of it. */
  readonly onOutput?: (process: Running, stdout: string) => void
}

export interface Running {
  readonly stop: (signal: NodeJS.Signals) => void
  /** Writes to an open stdin. `onTaken` is called when the program has read what does not fit into the pipe. */
  readonly write: (text: string, onTaken: () => void) => void
  /** Closes the reading end of stdout, as `head` does. */
  readonly closeOutput: () => void
}

const start = (
  args: ReadonlyArray<string>,
  { cwd, env, onOutput, onStart, stdin, uid }: Options,
  signal: AbortSignal
): Promise<Ended> => {
  // not the environment of the tests, which may contain real credentials
  const child = spawn(process.execPath, [main, ...args], {
    cwd: cwd ?? fileURLToPath(new URL("..", import.meta.url)),
    env: { ...env },
    ...(uid === undefined ? {} : { uid }),
    signal,
    killSignal: "SIGKILL"
  })
  let stdout = ""
  let stderr = ""
  const running: Running = {
    stop: (name) => child.kill(name),
    write: (text, onTaken) => child.stdin.write(text, onTaken),
    closeOutput: () => child.stdout.destroy()
  }
  onStart?.(running)
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text
    onOutput?.(running, stdout)
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text
  })
  // it may end before it has read everything
  child.stdin.on("error", () => {})
  if (stdin !== "open") child.stdin.end(stdin ?? "")
  return once(child, "close").then(([status]) => ({ status, stdout, stderr }))
}

/** Runs the program without credentials. */
export const run = (args: ReadonlyArray<string>, options: Options = {}): Effect.Effect<Ended> =>
  Effect.promise((signal) => start(args, options, signal))

/** The environment that leads to the sandbox. */
export const environment = Effect.map(TrustlySandbox, ({ accessId, accessKey, url }) => ({
  TRUSTLY_BASE_URL: url,
  TRUSTLY_ACCESS_ID: accessId,
  TRUSTLY_ACCESS_KEY: Redacted.value(accessKey),
  TRUSTLY_RETRY_BASE_DELAY: "5 millis"
}))

/** Runs the program with the credentials of the sandbox. */
export const runWith = (
  args: ReadonlyArray<string>,
  options: Options = {}
): Effect.Effect<Ended, never, TrustlySandbox> =>
  Effect.flatMap(environment, (env) => run(args, { ...options, env: { ...env, ...options.env } }))

/** One line on stderr, nothing on stdout, and this status. */
export const assertRefused = (ended: Ended, status: number, line: RegExp): void => {
  assert.deepStrictEqual({ ...ended, stderr: "" }, { status, stdout: "", stderr: "" }, ended.stderr)
  assert.match(ended.stderr, /^[^\n]+\n$/)
  assert.match(ended.stderr, line)
  assert.notMatch(ended.stderr, /\bat .+:\d+:\d+/)
}

/** What the sandbox saw: the methods and the fields of each request, in their order. */
export const seen = Effect.flatMap(
  TrustlySandbox,
  ({ requests }) => Effect.map(requests, (all) => all.map(({ fields, method }) => [method, ...fields].join(" ")))
)

export const customerId = "1001165729"

/** Invented secrets that must not appear anywhere. */
export const sentinels = {
  taxId: "sentinel-tax-id",
  nationalId: "sentinel-national-id",
  dateOfBirth: "sentinel-birth-date",
  number: "sentinel-license"
}

export const customer = {
  name: "Ann Example",
  email: "ann@example.com",
  phone: "+1 5550100",
  address: { country: "US", address1: "1 Example Road", city: "Reno", state: "NV", zip: "89501" },
  taxId: sentinels.taxId,
  nationalId: sentinels.nationalId,
  dateOfBirth: sentinels.dateOfBirth,
  driverLicense: { number: sentinels.number, state: "NV" },
  vip: 2
}

export const assertNoSecret = (...ended: ReadonlyArray<Ended>): void => {
  for (const { stderr, stdout } of ended) assert.notInclude(stdout + stderr, "sentinel")
}

export const fromJson = (text: string) => JSON.parse(text)

export const toJson = (value: unknown): string => JSON.stringify(value)
