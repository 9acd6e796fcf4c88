/**
 * Runs the guide about Effect 4: its blocks in an npm workspace with both versions of Effect, against a local sandbox, and every
 * name in its table against the version that it belongs to. Needs the tarballs of `npm run tarballs`.
 */
import { Effect } from "effect"
import { build } from "esbuild"
import { execFile } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { promisify } from "node:util"
import { gzipSync } from "node:zlib"
import { TrustlySandbox } from "../packages/trustly-sandbox/src/index.ts"
import { run } from "./blocks.ts"
import { collectedTarball } from "./consumer.ts"

const page = readFileSync("docs/effect-4.md", "utf8")

const blockOf = (name: string): string => {
  const block = new RegExp(`^\`\`\`(?:ts|json)(?: [\\w-]+)* ${name}\\n([\\s\\S]*?)^\`\`\`$`, "m").exec(page)
  if (block === null) throw new Error(`the page has no block ${name}`)
  return block[1] ?? ""
}

/** The modules that a column of the table names, and where they are imported from. Not listed: `effect`. */
const sources = {
  3: { http: "@effect/platform", api: "@effect/platform", node: "@effect/platform-node" },
  4: { http: "effect/http", api: "effect/http-api", node: "@effect/platform-node" }
} as const

const sourceOf = (module: string, version: 3 | 4): string =>
  module.startsWith("HttpApi")
    ? sources[version].api
    : module.startsWith("Node")
    ? sources[version].node
    : /Http/.test(module)
    ? sources[version].http
    : "effect"

/** A program that compiles only where every name in a column of the table exists. */
const programOf = (version: 3 | 4): string => {
  const section = /^## What changes in your code$([\s\S]*?)^## /m.exec(page)?.[1] ?? ""
  const cells = [...section.matchAll(/^\| (`.*?) *\| (`.*?) *\|$/gm)].map(([, left = "", right = ""]) =>
    version === 3 ? left : right
  )
  const names = [
    ...new Set(cells.flatMap((cell) => [...cell.matchAll(/`([A-Z]\w+(?:\.\w+)?)`/g)].map(([, name = ""]) => name)))
  ]
  if (names.length < 30) throw new Error(`the table has only ${names.length} names`)
  process.stdout.write(`Effect ${version}: ${names.length} names\n`)
  const modules = [...new Set(names.map((name) => name.split(".")[0] ?? ""))]
  const imports = modules.map((module) => `import { ${module} } from "${sourceOf(module, version)}"`)
  return `${imports.join("\n")}\nexport const names: ReadonlyArray<unknown> = [${names.join(", ")}]\n`
}

const compile = (folder: string, files: ReadonlyArray<string>, options: object = {}): void => {
  const compilerOptions = {
    module: "NodeNext",
    target: "ES2022",
    lib: ["ES2022", "DOM", "DOM.Iterable"],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    types: [],
    ...options
  }
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }))
  run(folder, "node", resolve("node_modules/typescript/bin/tsc"), "-p", ".")
}

const write = (folder: string, name: string, text: string): void => {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), text)
}

const compileEffect3Names = (): void => {
  // a folder where the packages of Effect 3 can be imported
  const folder = "packages/trustly-sandbox/build/effect-4"
  write(folder, "names.ts", programOf(3))
  compile(folder, ["names.ts"], { noEmit: true })
}

const makeWorkspace = (): string => {
  const workspace = mkdtempSync(join(tmpdir(), "effect-trustly-effect-4-"))
  const bridge = join(workspace, "packages/trustly-bridge")
  write(workspace, "package.json", blockOf("package.json"))
  write(
    bridge,
    "package.json",
    blockOf("packages/trustly-bridge/package.json").replace("^0.1.0", `file:${collectedTarball("effect-trustly")}`)
  )
  // the page's program needs no platform; the names of the table do
  run(
    workspace,
    "npm",
    "install",
    "--no-audit",
    "--no-fund",
    "--silent",
    "--prefer-offline",
    "@effect/platform-node@4.1.0"
  )
  write(bridge, "bridge.ts", blockOf("bridge.ts"))
  compile(bridge, ["bridge.ts"], { outDir: "dist", declaration: true })
  write(workspace, "main.ts", blockOf("main.ts"))
  write(workspace, "names.ts", programOf(4))
  compile(workspace, ["main.ts", "names.ts"])
  return workspace
}

/** What the Effect 3 half adds to a bundle, in kB. */
const bundleOf = async (workspace: string): Promise<number> => {
  const { outputFiles: [output] } = await build({
    entryPoints: [join(workspace, "packages/trustly-bridge/dist/bridge.js")],
    bundle: true,
    format: "esm",
    minify: true,
    platform: "browser",
    write: false
  })
  return gzipSync(output?.contents ?? "").byteLength / 1000
}

const execute = promisify(execFile)

const runAgainstSandbox = (workspace: string) =>
  Effect.flatMap(TrustlySandbox, ({ url }) =>
    Effect.promise(() =>
      execute("node", ["main.js"], {
        cwd: workspace,
        env: { ...process.env, TRUSTLY_ACCESS_ID: "sandbox", TRUSTLY_ACCESS_KEY: "sandbox", TRUSTLY_BASE_URL: url }
      })
    )).pipe(Effect.provide(TrustlySandbox.layer()), Effect.runPromise)

compileEffect3Names()
const workspace = makeWorkspace()
const { stderr, stdout } = await runAgainstSandbox(workspace)
if (stdout !== "Tier 2\n") throw new Error(`the program printed ${stdout}${stderr}`)
const size = await bundleOf(workspace)
const documented = Number(/(\d+)\s+kB\s+gzipped/.exec(page)?.[1])
process.stdout.write(`bundle: ${size.toFixed(0)} kB gzipped\n`)
if (!(Math.abs(documented / size - 1) < 0.05)) throw new Error(`the page says ${documented} kB gzipped`)
rmSync(workspace, { recursive: true })
process.stdout.write("The guide about Effect 4 works as written\n")
