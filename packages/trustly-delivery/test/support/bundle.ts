/** Bundles test and benchmark programs with their dependencies, so that they start in half a second. */
import { build } from "esbuild"
import { realpathSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"

const packageFolder = join(import.meta.dirname, "../..")

// the native driver cannot be bundled, so load it from where it is installed
const driver = createRequire(realpathSync(join(packageFolder, "node_modules/@effect/sql-sqlite-node/package.json")))
  .resolve("better-sqlite3")

export const bundle = async (entryPoints: Array<string>, outdir: string): Promise<void> => {
  await build({
    entryPoints,
    outdir,
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    logLevel: "warning",
    alias: { "better-sqlite3": driver },
    external: [driver, "pg-native", "graphile-worker"],
    banner: { js: "import { createRequire } from \"node:module\"; const require = createRequire(import.meta.url)" }
  })
}

export const runnerPath = join(packageFolder, "build/test/runner.js")

/** Runs once before all tests. */
export const setup = () => bundle([join(import.meta.dirname, "runner.ts")], join(packageFolder, "build/test"))
