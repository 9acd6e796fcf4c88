/** Runs the packed command line with `npx` in an empty folder: its sandbox, and an import against it. */
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { get } from "node:http"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

const tarball = resolve("packages/trustly-cli/build/package.tgz")

const fail = (problem: string): never => {
  throw new Error(problem)
}

const files = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" }).trim().split("\n")
for (const name of ["LICENSE", "README.md", "package.json", "dist/main.js", "dist/page/index.html"]) {
  if (!files.includes(`package/${name}`)) fail(`${tarball} lacks ${name}`)
}
const manifest: { readonly dependencies?: object } = JSON.parse(
  execFileSync("tar", ["-xzOf", tarball, "package/package.json"], { encoding: "utf8" })
)
if (manifest.dependencies !== undefined) fail("the command line has dependencies to install")

const folder = mkdtempSync(join(tmpdir(), "trustly-cli-"))
const npx = (...args: ReadonlyArray<string>) => ["--yes", `--package=${tarball}`, "--", "trustly-customers", ...args]

// in a group of its own, because npx starts the program as a child
const sandbox = spawn("npx", npx("sandbox", "--port", "0", "--seed", "2"), { cwd: folder, detached: true })
try {
  const exported = await new Promise<string>((resolvePrinted, reject) => {
    let text = ""
    sandbox.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part
      if (text.includes("Ctrl-C")) resolvePrinted(text)
    })
    sandbox.once("exit", (status) => reject(new Error(`the sandbox ended with ${status}`)))
  })
  const variables = Object.fromEntries(
    Array.from(exported.matchAll(/^export (\w+)='([^']*)'$/gm), ([, name = "", value = ""]) => [name, value])
  )
  const [page] = await once(get(new URL("/", variables["TRUSTLY_BASE_URL"])), "response")
  if (page.resume().statusCode !== 200) fail(`the sandbox's page has status ${page.statusCode}`)
  writeFileSync(join(folder, "tiers.csv"), "customerId,vip\n1003000001,2\n1003000002,3\n")
  const printed = execFileSync("npx", npx("import", "tiers.csv"), {
    cwd: folder,
    env: { ...process.env, ...variables },
    encoding: "utf8"
  })
  if (!printed.startsWith("2 lines done, 0 failed\n")) fail(`the import printed ${printed}`)
  if (!readFileSync(join(folder, "tiers.csv.journal"), "utf8").includes("done 3.")) fail("the import has no journal")
} finally {
  if (sandbox.pid !== undefined) process.kill(-sandbox.pid, "SIGTERM")
  rmSync(folder, { recursive: true })
}
process.stdout.write("npx ran the packed command line in an empty folder: its sandbox, and an import\n")
