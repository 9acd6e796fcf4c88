/**
 * Runs the packed command with `npx` in an empty folder, as a user does, and asks it for a customer. The tarball of the client
 * library has to be packed before.
 */
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { get, type IncomingMessage } from "node:http"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

const packages = ["../trustly/build/package.tgz", "build/package.tgz"].map((tarball) => `--package=${resolve(tarball)}`)
const npx = ["exec", "--yes", ...packages, "--", "effect-trustly-sandbox"]

const folder = mkdtempSync(join(tmpdir(), "effect-trustly-sandbox-"))
// a group of its own, so that the command can be stopped together with npm
const command = spawn("npm", [...npx, "--port", "0", "--seed", "50"], {
  cwd: folder,
  detached: true,
  stdio: ["ignore", "pipe", "inherit"]
})

const startup = async (): Promise<string> => {
  let text = ""
  for await (const chunk of command.stdout.setEncoding("utf8")) {
    text += chunk
    if (text.includes("Press Ctrl-C to stop")) return text
  }
  throw new Error(`The command ended before it was ready: ${text}`)
}

const statusOf = async (url: string, headers: Readonly<Record<string, string>> = {}): Promise<number | undefined> => {
  const request = get(url, { agent: false, headers })
  const [response]: Array<IncomingMessage> = await once(request, "response")
  response?.resume()
  return response?.statusCode
}

try {
  const text = await startup()
  const [, url = ""] = /^export TRUSTLY_BASE_URL='(.*)'$/m.exec(text) ?? []
  const authorization = `Basic ${Buffer.from("sandbox:sandbox").toString("base64")}`
  const statuses = [
    await statusOf(`${url}/customers/1003000050`, { authorization }),
    await statusOf(new URL("/", url).href)
  ]
  if (statuses.join() !== "200,200") throw new Error(`customer and page: ${statuses.join()}`)

  const help = execFileSync("npm", [...npx, "--help"], { cwd: folder, encoding: "utf8" })
  if (!help.startsWith("Usage: effect-trustly-sandbox [options]")) throw new Error(`Unexpected help: ${help}`)
  process.stdout.write("npx effect-trustly-sandbox runs in an empty folder\n")
} finally {
  if (command.pid !== undefined && command.exitCode === null) {
    process.kill(-command.pid, "SIGTERM")
    await once(command, "exit")
  }
  rmSync(folder, { recursive: true, force: true })
}
