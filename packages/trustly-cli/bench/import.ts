/** Measures what a line of an import costs, against one update and over the size of the file, and prints it. */
import { build } from "esbuild"
import { fork, spawn } from "node:child_process"
import { once } from "node:events"
import { createWriteStream, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { pipeline } from "node:stream/promises"
import { fileURLToPath } from "node:url"
import { customer, enrolledAt } from "../../trustly/bench/payload.ts"
import type { Usage } from "./usage.ts"

const concurrency = 64
const rounds = 3
const small = 100_000
const large = 1_000_000

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const built = here("../build/bench")
const print = (line: string) => process.stdout.write(`${line}\n`)

// as it would be deployed: tsx names each function when it is made, which costs a fifth
await build({
  entryPoints: {
    main: here("../src/main.ts"),
    usage: here("usage.ts"),
    update: here("update.ts"),
    server: here("../../trustly/bench/server.ts")
  },
  outdir: built,
  bundle: true,
  splitting: true,
  platform: "node",
  format: "esm",
  target: "node20",
  external: ["@effect/*", "csv-parse", "effect", "proper-lockfile", "undici"]
})

const server = fork(join(built, "server.js"))
const [port] = await once(server, "message")
const environment = {
  TRUSTLY_BASE_URL: `http://127.0.0.1:${port}`,
  TRUSTLY_ACCESS_ID: "id",
  TRUSTLY_ACCESS_KEY: "key"
}

/** Runs a script of the benchmark to its end. */
const run = async (script: string, ...args: ReadonlyArray<string>): Promise<Usage> => {
  const child = spawn(process.execPath, ["--import", join(built, "usage.js"), join(built, script), ...args], {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"]
  })
  const [printed, [status]] = await Promise.all([text(child.stdout), once(child, "exit")])
  if (status !== 0) throw new Error(`${script} ended with ${status}`)
  return JSON.parse(printed.trim().split("\n").at(-1) ?? "")
}

const folder = join(built, "data")
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)

const lines = function*(count: number): Iterable<string> {
  const update = { ...customer, enrollDate: enrolledAt }
  for (let at = 0; at < count; at++) yield `${JSON.stringify({ customerId: `${1_000_000_000 + at}`, update })}\n`
}

/** A file of so many customers, each to be updated whole. */
const write = async (count: number): Promise<string> => {
  const file = join(folder, `${count}.ndjson`)
  await pipeline(lines(count), createWriteStream(file))
  return file
}

const imported = (file: string) => run("main.js", "import", file, "--restart", "--concurrency", `${concurrency}`)

const median = (values: ReadonlyArray<number>): number =>
  Float64Array.from(values).sort()[values.length >> 1] ?? Number.NaN

const smallFile = await write(small)
const pairs: Array<{ readonly update: Usage; readonly line: Usage }> = []
for (let round = 0; round < rounds; round++) {
  pairs.push({
    update: await run("update.js", `${small}`, `${concurrency}`),
    line: await imported(smallFile)
  })
}
const largeFile = await write(large)
const million = await imported(largeFile)
server.kill()
rmSync(folder, { recursive: true })

const perLine = median(pairs.map(({ line }) => line.cpu / small))
const memory = median(pairs.map(({ line }) => line.peakMemory))
const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MiB`

const figures = [
  {
    what: "CPU per line / CPU per update",
    measured: median(pairs.map(({ line, update }) => line.cpu / update.cpu)),
    limit: 1.5
  },
  { what: "CPU per line, 1,000,000 lines / 100,000 lines", measured: million.cpu / large / perLine, limit: 1.1 },
  { what: "peak memory, 1,000,000 lines / 100,000", measured: million.peakMemory / memory, limit: 1.15 },
  { what: "peak memory at 1,000,000 lines, MiB", measured: million.peakMemory / 1024 / 1024, limit: 400 }
]

print(`| import, ${concurrency} at a time | measured | limit | |`)
print("| --- | --- | --- | --- |")
for (const { limit, measured, what } of figures) {
  print(`| ${what} | ${measured.toFixed(2)} | ${limit} | ${measured <= limit ? "met" : "missed"} |`)
}
print(
  `\nOne update ${median(pairs.map(({ update }) => update.cpu / small)).toFixed(0)} µs of CPU, a line ${
    perLine.toFixed(0)
  } µs;`
)
print(`peak memory ${mebibytes(memory)} at 100,000 lines, ${mebibytes(million.peakMemory)} at 1,000,000.`)

writeFileSync(
  here("../build/bench.json"),
  JSON.stringify({ node: process.version, concurrency, pairs, million, figures })
)
