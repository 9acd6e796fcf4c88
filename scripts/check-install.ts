/**
 * Runs the install lines of the README and the guides as a reader does: each block in an empty folder, with npm and with pnpm.
 * The packages come from their tarballs. Every installed package is then imported.
 */
import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { pages } from "./blocks.ts"
import { collectedTarball, type Package, packages } from "./consumer.ts"

interface Project {
  readonly page: string
  /** The arguments of each `npm` line, with tarballs in place of our packages. */
  readonly lines: ReadonlyArray<ReadonlyArray<string>>
  readonly installed: ReadonlyArray<Package>
}

/** The package that an argument of `npm install` names: by its name, or by its tarball in a clone. */
const packageOf = (argument: string): Package | undefined =>
  packages.find(({ name }) => argument === name || argument.endsWith(`/tarballs/${name}.tgz`))

const npmLines = (block: string): ReadonlyArray<ReadonlyArray<string>> =>
  [...block.matchAll(/^npm ((?:install|pkg set) .+)$/gm)].map(([, words = ""]) =>
    words.replace(/\s+#.*$/, "").replaceAll("'", "").split(/\s+/)
  )

const projectsOf = (page: string): ReadonlyArray<Project> =>
  [...readFileSync(page, "utf8").matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block = ""]) => {
    const written = npmLines(block)
    const installed = [...new Set(written.flat().flatMap((word) => packageOf(word) ?? []))]
    const lines = written.map((words) =>
      words.map((word) => {
        const named = packageOf(word)
        return named === undefined ? word : collectedTarball(named.name)
      })
    )
    return installed.length === 0 ? [] : [{ page, lines, installed }]
  })

const managers = {
  npm: ["npm", "install", "--no-audit", "--no-fund", "--prefer-offline"],
  pnpm: [resolve("node_modules/.bin/pnpm"), "add", "--prefer-offline"]
} as const

/** What a package manager prints when the versions do not fit each other. */
const conflict = /ERESOLVE|unmet peer|peer dependencies found/i

const execute = promisify(execFile)

const check = async ({ installed, lines, page }: Project, manager: keyof typeof managers): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), "effect-trustly-install-"))
  const run = async (...[command = "", ...args]: ReadonlyArray<string>): Promise<void> => {
    const { stderr, stdout } = await execute(command, args, { cwd: folder, encoding: "utf8" })
    if (conflict.test(stdout + stderr)) throw new Error(`the versions do not fit each other:\n${stdout}${stderr}`)
  }
  try {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "reader", private: true, type: "module" }))
    // one after the other, as the page lists them
    for (const [verb, ...words] of lines) {
      await run(...(verb === "install" ? managers[manager] : ["npm", "pkg"]), ...words)
    }
    const names = installed.filter(({ isLibrary }) => isLibrary).map(({ name }) => name)
    await run("node", "--input-type=module", "--eval", names.map((name) => `await import("${name}")`).join("\n"))
    return `${page}, ${manager}: ${installed.map(({ name }) => name).join(", ")}\n`
  } catch (cause) {
    throw new Error(`${page}, ${manager}: ${lines.map((words) => `npm ${words.join(" ")}`).join("; ")}`, {
      cause
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const distinct = new Map(pages.flatMap(projectsOf).map((project) => [JSON.stringify(project.lines), project]))
if (distinct.size === 0) throw new Error("no page has an install line")
for (const project of distinct.values()) {
  const checked = await Promise.all([check(project, "npm"), check(project, "pnpm")])
  process.stdout.write(checked.join(""))
}
process.stdout.write(`${distinct.size} install blocks work with npm and with pnpm\n`)
