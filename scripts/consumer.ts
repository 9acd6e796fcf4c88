/** A new project outside the workspace with the packed packages in it, as a user installs them. */
import { mkdtempSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { run } from "./blocks.ts"

export interface Package {
  readonly name: string
  readonly folder: string
  readonly dependencies: Readonly<Record<string, string>>
  /** Whether the package can be imported: one with a command only cannot. */
  readonly isLibrary: boolean
}

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly exports?: object
}

const readPackage = (folder: string): Package => {
  const { dependencies = {}, exports = {}, name }: Manifest = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8")
  )
  return { name, folder, dependencies, isLibrary: "." in exports }
}

/** The packages that are published. */
export const packages: ReadonlyArray<Package> = readdirSync("packages").map((name) =>
  readPackage(join("packages", name))
)

/** Where `pnpm pack` puts the tarball of a package. */
export const tarballOf = (folder: string): string => resolve(folder, "build/package.tgz")

/** The tarball as `npm run tarballs` hands it to a user. */
export const collectedTarball = (name: string): string => resolve("tarballs", `${name}.tgz`)

/** The version that the workspace itself is tested with. */
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
  pinned("@effect/opentelemetry", "apps/customer-updates"),
  pinned("vitest"),
  pinned("@types/node", "."),
  // the declarations of @effect/platform-node 0.108 import it
  "@types/ws@8"
]

/** Makes the project with plain npm and returns its folder. */
export const makeConsumer = (...dependencies: ReadonlyArray<string>): string => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "effect-trustly-consumer-")))
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }))
  run(
    folder,
    "npm",
    "install",
    "--no-audit",
    "--no-fund",
    "--silent",
    ...packages.map(({ folder }) => tarballOf(folder)),
    ...dependencies
  )
  return folder
}
