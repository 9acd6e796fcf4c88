// Runs `npm test` beside busy loops: a test that measures the machine instead of the product fails here
import { type ChildProcess, spawn, type StdioOptions } from "node:child_process"
import { parseArgs } from "node:util"

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "3" },
    loops: { type: "string", default: "6" },
    minutes: { type: "string", default: "40" }
  }
})
const runs = Number(values.runs)
const limit = Number(values.minutes) * 60_000

const started = new Set<ChildProcess>()

/** Starts a process in a group of its own, so that it can be stopped together with all that it starts. */
const start = (command: string, args: ReadonlyArray<string>, stdio: StdioOptions): ChildProcess => {
  const child = spawn(command, args, { detached: true, stdio })
  started.add(child)
  child.once("exit", () => started.delete(child))
  return child
}

const stop = (child: ChildProcess): void => {
  if (child.pid === undefined || !started.has(child)) return
  try {
    process.kill(-child.pid, "SIGKILL")
  } catch {
    // it has ended by itself
  }
}

process.once("exit", () => {
  for (const child of started) stop(child)
})
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1))

interface Run {
  readonly passed: boolean
  readonly line: string
  readonly output: string
}

const run = (): Promise<Run> =>
  new Promise((resolve) => {
    const startedAt = performance.now()
    const child = start("npm", ["test"], ["ignore", "pipe", "pipe"])
    let output = ""
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => output += chunk.toString())
    const isLate = AbortSignal.timeout(limit)
    isLate.addEventListener("abort", () => stop(child))
    child.once("close", (status) => {
      const seconds = Math.round((performance.now() - startedAt) / 1000)
      const counts = /^\d+ passed, \d+ failed.*$/gm.exec(output)?.[0] ?? "no result"
      const how = isLate.aborted ? `stopped after ${values.minutes} minutes` : counts
      resolve({ passed: status === 0, line: `${how} in ${seconds} s`, output })
    })
  })

// a loop also ends when its standard input closes: this process cannot stop it when it is killed
const spin = "const spin = () => { const end = Date.now() + 50; while (Date.now() < end); setImmediate(spin) }"
const busy = `${spin}; process.stdin.on("end", () => process.exit()).resume(); spin()`
for (let loop = 0; loop < Number(values.loops); loop++) {
  start(process.execPath, ["-e", busy], ["pipe", "ignore", "ignore"])
}

let failed = 0
for (let index = 1; index <= runs; index++) {
  // eslint-disable-next-line no-await-in-loop -- the runs must not disturb each other
  const { line, output, passed } = await run()
  if (!passed) failed++
  process.stdout.write(`run ${index} of ${runs}: ${line}\n`)
  if (!passed) process.stdout.write(`${output.split("\n").slice(-200).join("\n")}\n`)
}
process.stdout.write(`${runs - failed} of ${runs} runs passed beside ${values.loops} busy loops\n`)
process.exit(failed === 0 ? 0 : 1)
