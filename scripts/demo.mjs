// Bundles the demonstration and runs it: to load the modules of Effect one by one takes longer than the demonstration
import { build } from "esbuild"
import { fileURLToPath } from "node:url"

const root = new URL("../", import.meta.url)
const main = new URL("apps/customer-updates/build/demo.js", root)

await build({
  entryPoints: [fileURLToPath(new URL("apps/customer-updates/src/demo.ts", root))],
  outfile: fileURLToPath(main),
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  logLevel: "warning",
  // CommonJS dependencies call `require`
  banner: { js: `import { createRequire } from "node:module"; const require = createRequire("${import.meta.url}")` },
  // the sandbox looks for its page two folders above its module
  define: { "import.meta.url": JSON.stringify(new URL("packages/trustly-sandbox/src/internal/", root).href) }
})
await import(main.href)
