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
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly exports?: object
}

const readManifest = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))

const readPackage = (folder: string): Package => {
  const { dependencies = {}, exports = {}, name } = readManifest(folder)
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

/** What a reader of the guides has installed beside our packages, in the versions that the workspace is tested with. */
export const ofTheWorkspace = [
  ...Object.entries(readManifest("docs").dependencies ?? {}).flatMap(([name, version]) =>
    version.startsWith("workspace:") ? [] : `${name}@${readManifest(join("docs/node_modules", name)).version}`
  ),
  // the declarations of @effect/platform-node 0.108 and of @effect/sql-pg 0.53 import them
  "@types/ws@8",
  "@types/pg@8"
]

/** Makes the project with plain npm and returns its folder. */
export const makeConsumer = (...dependencies: ReadonlyArray<string>): string => {
  const consumer = realpathSync(mkdtempSync(join(tmpdir(), "effect-trustly-consumer-")))
  const tarballs = packages.map(({ folder }) => tarballOf(folder))
  writeFileSync(join(consumer, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }))
  // no install scripts: the driver of SQLite would compile for a minute, and no page runs it
  const options = ["--no-audit", "--no-fund", "--silent", "--prefer-offline", "--ignore-scripts"]
  run(consumer, "npm", "install", ...options, ...tarballs, ...dependencies)
  return consumer
}
