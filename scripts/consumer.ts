/** A new project outside the workspace, in which the packed packages are installed as a user gets them. */
import { mkdtempSync, readFileSync, realpathSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { run } from "./blocks.ts"

export const packages = ["packages/trustly", "packages/trustly-sandbox"] as const

export const tarballOf = (folder: string): string => resolve(folder, "build/package.tgz")

/** What the workspace itself was tested with. */
const pinned = (name: string, folder = "packages/trustly"): string => {
  const manifest: { readonly version: string } = JSON.parse(
    readFileSync(join(folder, "node_modules", name, "package.json"), "utf8")
  )
  return `${name}@${manifest.version}`
}

export const ofTheWorkspace = [
  pinned("effect"),
  pinned("@effect/platform"),
  pinned("@effect/platform-node"),
  pinned("@effect/vitest"),
  pinned("@effect/opentelemetry", "packages/trustly-cli"),
  pinned("vitest"),
  pinned("@types/node", "."),
  // the declarations of @effect/platform-node 0.108 import it
  "@types/ws@8"
]

/** Makes the project with plain npm and returns its folder. */
export const makeConsumer = (...dependencies: ReadonlyArray<string>): string => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "effect-trustly-consumer-")))
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }))
  run(folder, "npm", "install", "--no-audit", "--no-fund", "--silent", ...packages.map(tarballOf), ...dependencies)
  return folder
}
