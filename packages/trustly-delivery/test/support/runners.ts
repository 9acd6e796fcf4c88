// @effect-diagnostics processEnv:off -- child processes inherit only PATH
/** Starts runners as child processes, sends them commands, and reads their output. */
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { runnerPath } from "./bundle.ts"

export interface Accepted {
  readonly receipt: string
  readonly customerId: string
  readonly vip: number
}

export const testKey = Buffer.alloc(32, 7).toString("base64")

const running = new Set<ChildProcess>()
const runners = new Set<Runner>()

/** Polls until a condition holds, for at least 200 s. The error on timeout has the description, and what the runners printed last. */
export const until = async (description: string, condition: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; !(await condition()); tries++) {
    if (tries > 4_000) {
      const outputs = [...runners].map(({ output }) => output.slice(-1_000))
      throw new Error(`Timed out waiting for: ${description}\n${outputs.join("\n---\n")}`)
    }
    await sleep(50)
  }
}

/** How many deliveries the runners of the test report as aborted, as on a machine that is too busy to renew locks in time. */
export const abortedDeliveries = (): number =>
  [...runners].flatMap(({ output }) => [...output.matchAll(/Aborted (\d+) deliver/g)])
    .reduce((sum, [, count]) => sum + Number(count), 0)

export const stopAll = async (): Promise<void> => {
  for (const child of running) {
    child.kill("SIGKILL")
    await once(child, "exit")
  }
  runners.clear()
}

export class Runner {
  readonly accepted: Array<Accepted> = []
  readonly rejected: Array<string> = []
  readonly lines: Array<string> = []
  readonly errors: Array<string> = []
  exitCode: number | null | undefined
  readonly #child: ChildProcess
  readonly exited: Promise<void>

  constructor(env: Record<string, string>) {
    const child = spawn(process.execPath, [runnerPath], {
      env: {
        PATH: process.env["PATH"],
        DELIVERY_KEYS: testKey,
        TRUSTLY_ACCESS_ID: "id",
        TRUSTLY_ACCESS_KEY: "right",
        ...env
      },
      stdio: ["pipe", "pipe", "pipe"]
    })
    this.#child = child
    running.add(child)
    runners.add(this)
    createInterface({ input: child.stdout }).on("line", (line) => this.#handleLine(line))
    createInterface({ input: child.stderr }).on("line", (line) => this.errors.push(line))
    child.stdin.on("error", () => {})
    this.exited = this.#waitForExit()
  }

  async #waitForExit(): Promise<void> {
    const [code] = await once(this.#child, "exit")
    this.exitCode = code
    running.delete(this.#child)
  }

  #handleLine(line: string): void {
    this.lines.push(line)
    const [event, first = "", second = "", third = ""] = line.split(" ")
    if (event === "accepted") this.accepted.push({ receipt: first, customerId: second, vip: Number(third) })
    if (event === "rejected") this.rejected.push(`${first} ${second}`)
  }

  /** The stdout and stderr of the process so far. */
  get output(): string {
    return [...this.lines, ...this.errors].join("\n")
  }

  async started(): Promise<this> {
    await until("start of a runner", () => {
      if (this.exitCode !== undefined) throw new Error(`Runner exited with ${this.exitCode}: ${this.output}`)
      return this.lines.includes("started")
    })
    return this
  }

  enqueue(customers: ReadonlyArray<string>, from: number, to: number): void {
    this.#send({ enqueue: { customers, from, to } })
  }

  async #request(command: unknown, event: string): Promise<string> {
    const before = this.lines.length
    this.#send(command)
    let found: string | undefined
    await until(event, () => {
      found = this.lines.slice(before).find((line) => line.startsWith(`${event} `))
      return found !== undefined
    })
    return found?.slice(event.length + 1) ?? ""
  }

  status(receipt: string): Promise<string> {
    return this.#request({ status: receipt }, "status")
  }

  state(): Promise<string> {
    return this.#request({ state: true }, "state")
  }

  #send(command: unknown): void {
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`)
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal)
    await this.exited
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }
}
