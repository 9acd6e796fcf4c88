/** Makes the same calls with the packed library in every runtime that npm can install, and compares the results. */
import { build } from "esbuild"
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { cpSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { makeConsumer, ofTheWorkspace } from "./consumer.ts"

/** `refused` is the result of a refused connection: not every runtime distinguishes it from one that broke. */
const expected = (refused: "Connect NotSent" | "Reset Unknown") => [
  "vip 2",
  "TrustlyNotFoundError Rejected",
  "TrustlyNetworkError Timeout Unknown",
  "TrustlyNetworkError Reset Unknown",
  "TrustlyRejectedError Rejected",
  `TrustlyNetworkError ${refused}`
]

const consumer = makeConsumer(...ofTheWorkspace, "bun@1.4.5", "deno@2.9.6", "workerd@1.20261117.1")
cpSync("scripts/runtimes", consumer, { recursive: true })

/** The binary for this machine: the package's launcher needs an install script, which does not run here. */
const binary = (scope: string, ...path: ReadonlyArray<string>): string => {
  const scoped = join("node_modules", scope)
  const [name = ""] = readdirSync(join(consumer, scoped))
  return join(scoped, name, ...path)
}

const servers = spawn("node", ["servers.mjs"], { cwd: consumer, stdio: ["ignore", "pipe", "inherit"] })
process.once("exit", () => servers.kill())
const [line]: ReadonlyArray<unknown> = await once(servers.stdout, "data")
const print = `(await calls(${String(line)})).join("\\n")`
writeFileSync(
  join(consumer, "main.mjs"),
  `import { calls } from "./calls.mjs"\nconsole.log(${print})`
)
writeFileSync(
  join(consumer, "thread.mjs"),
  `import { Worker } from "node:worker_threads"\nnew Worker(new URL("./main.mjs", import.meta.url))`
)
await build({
  stdin: {
    contents: `import { calls } from "./calls.mjs"\nexport default { async test() { console.log(${print}) } }`,
    resolveDir: consumer
  },
  bundle: true,
  format: "esm",
  platform: "browser",
  logLevel: "warning",
  outfile: join(consumer, "worker.js")
})

interface Runtime {
  readonly name: string
  readonly command: ReadonlyArray<string>
  readonly refused: "Connect NotSent" | "Reset Unknown"
}

const runtimes: ReadonlyArray<Runtime> = [
  { name: "Node", command: ["node", "main.mjs"], refused: "Connect NotSent" },
  { name: "Node, worker thread", command: ["node", "thread.mjs"], refused: "Connect NotSent" },
  { name: "Bun", command: [binary("@oven", "bin", "bun"), "main.mjs"], refused: "Connect NotSent" },
  {
    name: "Deno",
    command: [binary("@deno", "deno"), "run", "--allow-net", "--allow-env", "--node-modules-dir=manual", "main.mjs"],
    refused: "Reset Unknown"
  },
  {
    name: "workerd",
    command: [binary("@cloudflare", "bin", "workerd"), "test", "worker.capnp"],
    refused: "Reset Unknown"
  }
]

for (const { command: [command = "", ...args], name, refused } of runtimes) {
  const printed = execFileSync(command, args, { cwd: consumer, encoding: "utf8", timeout: 60_000, stdio: "pipe" })
    .trim()
  const same = printed === expected(refused).join("\n")
  process.stdout.write(`${name}: ${same ? "as expected" : `unexpected\n${printed}`}\n`)
  if (!same) process.exitCode = 1
}
rmSync(consumer, { recursive: true })
process.exit()
