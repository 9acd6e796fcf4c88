// Installs what is missing. pnpm's output matters only when the install fails.
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"

// pnpm writes a copy of the lockfile when an install has succeeded
const installed = "node_modules/.pnpm/lock.yaml"
const isInstalled = existsSync(installed) && readFileSync(installed, "utf8") === readFileSync("pnpm-lock.yaml", "utf8")

const install = () => {
  if (!existsSync("node_modules") && process.stderr.isTTY) process.stderr.write("Installing dependencies...\n")
  const { error, status, stderr, stdout } = spawnSync("npx --yes pnpm@10.34.9 install --frozen-lockfile", {
    encoding: "utf8",
    shell: true
  })
  if (status === 0) return
  process.stderr.write(`Installing dependencies failed\n${stdout ?? ""}${stderr ?? ""}${error ?? ""}\n`)
  process.exitCode = status ?? 1
}

if (!isInstalled) install()
