/** Bundles the program into one file: nothing to install beside it, and it starts in a fraction of a second. */
import { build } from "esbuild"
import { cpSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const packageFolder = fileURLToPath(new URL("..", import.meta.url))

const { version }: { readonly version: string } = JSON.parse(readFileSync(join(packageFolder, "package.json"), "utf8"))

export const bundle = async (outfile: string): Promise<void> => {
  await build({
    entryPoints: [join(packageFolder, "src/main.ts")],
    outfile,
    bundle: true,
    minify: true,
    keepNames: false,
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
  cpSync(fileURLToPath(new URL("../page", import.meta.resolve("effect-trustly-sandbox"))), join(dirname(outfile), "page"), {
    recursive: true
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle(join(packageFolder, "dist/main.js"))
