/** Bundles the program: nothing to install beside it, and it starts in a fraction of a second. */
import { build } from "esbuild"
import { cpSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const packageFolder = fileURLToPath(new URL("..", import.meta.url))

const { version }: { readonly version: string } = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8"))

/**
 * Writes `main.js`, what only `sandbox` needs in files of its own, which the other commands do not load, and the page of the
 * sandbox.
 */
export const bundle = async (folder: string): Promise<void> => {
  await build({
    entryPoints: [join(packageFolder, "src/main.ts")],
    outdir: folder,
    bundle: true,
    splitting: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node20",
    legalComments: "linked",
    logLevel: "warning",
    banner: {
      // CommonJS dependencies call `require`; the sandbox looks for its page two folders above its module
      js: `#!/usr/bin/env node
import { createRequire as __createRequire } from "node:module"
const require = __createRequire(import.meta.url)
const __moduleUrl = new URL("./sandbox/module/", import.meta.url).href`
    },
    define: { "import.meta.url": "__moduleUrl", PACKAGE_VERSION: JSON.stringify(version) }
  })
  const page = join(packageFolder, "../trustly-sandbox/page")
  cpSync(page, join(folder, "page"), { recursive: true, filter: (file) => !file.endsWith(".json") })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle(join(packageFolder, "dist"))
