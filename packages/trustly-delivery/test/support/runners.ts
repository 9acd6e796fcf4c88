// @effect-diagnostics processEnv:off -- processes inherit the path only
/** Starts runners as processes, talks to them, and reads what they print. */
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

/** Waits until a condition holds; the runner's own timeout ends a test that never gets there. */
export const until = async (what: string, condition: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; !(await condition()); tries++) {
    if (tries > 4_000) throw new Error(`waited in vain: ${what}`)
    await sleep(50)
  }
}

const running = new Set<ChildProcess>()

export const stopAll = async (): Promise<void> => {
  for (const child of running) {
    child.kill("SIGKILL")
    await once(child, "exit")
  }
}

export class Runner {
  readonly accepted: Array<Accepted> = []
  readonly refused: Array<string> = []
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
    createInterface({ input: child.stdout }).on("line", (line) => this.#read(line))
    createInterface({ input: child.stderr }).on("line", (line) => this.errors.push(line))
    child.stdin.on("error", () => {})
    this.exited = this.#end()
  }

  async #end(): Promise<void> {
    const [code] = await once(this.#child, "exit")
    this.exitCode = code
    running.delete(this.#child)
  }

  #read(line: string): void {
    this.lines.push(line)
    const [event, first = "", second = "", third = ""] = line.split(" ")
    if (event === "accepted") this.accepted.push({ receipt: first, customerId: second, vip: Number(third) })
    if (event === "refused") this.refused.push(`${first} ${second}`)
  }

  /** Everything that the process has printed. */
  get output(): string {
    return [...this.lines, ...this.errors].join("\n")
  }

  async started(): Promise<this> {
    await until(`start of a runner, which printed ${this.output}`, () => {
      if (this.exitCode !== undefined) throw new Error(`exited with ${this.exitCode}: ${this.output}`)
      return this.lines.includes("started")
    })
    return this
  }

  enqueue(customers: ReadonlyArray<string>, from: number, to: number): void {
    this.#tell({ enqueue: { customers, from, to } })
  }

  async #ask(order: unknown, event: string): Promise<string> {
    const before = this.lines.length
    this.#tell(order)
    let found: string | undefined
    await until(event, () => {
      found = this.lines.slice(before).find((line) => line.startsWith(`${event} `))
      return found !== undefined
    })
    return found?.slice(event.length + 1) ?? ""
  }

  status(receipt: string): Promise<string> {
    return this.#ask({ status: receipt }, "status")
  }

  state(): Promise<string> {
    return this.#ask({ state: true }, "state")
  }

  #tell(order: unknown): void {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`)
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
