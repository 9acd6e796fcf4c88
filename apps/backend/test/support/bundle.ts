/** Bundles the backend once for all tests: a process that compiles TypeScript takes seconds to start. */
import { build } from "esbuild"
import { fileURLToPath } from "node:url"

export const bundlePath = fileURLToPath(new URL("../../build/main.js", import.meta.url))

export const setup = async (): Promise<void> => {
  await build({
    entryPoints: [fileURLToPath(new URL("../../src/main.ts", import.meta.url))],
    outfile: bundlePath,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "warning",
    // the sources of this workspace only
    external: ["effect", "@effect/*"]
  })
}
