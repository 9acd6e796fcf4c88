/**
 * Looks into the packed packages, installs them into a new project, compiles and runs every page's blocks there, and measures
 * what a bundle with the service in it weighs.
 */
import { build } from "esbuild"
import { execFileSync } from "node:child_process"
import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, posix } from "node:path"
import { gzipSync } from "node:zlib"
import { run, writeBlocks } from "./blocks.ts"
import { makeConsumer, ofTheWorkspace, packages, tarballOf } from "./consumer.ts"

const fail = (problem: string): never => {
  throw new Error(problem)
}

const read = (tarball: string, ...args: ReadonlyArray<string>): string =>
  execFileSync("tar", [...args, "-f", tarball], { encoding: "utf8", maxBuffer: 2 ** 26 })

/** Only what a user needs, and every map points at a file that is there. */
const checkContents = (tarball: string): void => {
  const files = read(tarball, "-tz").trim().split("\n")
  for (const name of ["LICENSE", "README.md", "package.json", "dist/index.js", "dist/index.d.ts"]) {
    if (!files.includes(`package/${name}`)) fail(`${tarball} lacks ${name}`)
  }
  const strays = files.filter((name) =>
    !/^package\/(LICENSE|README\.md|CHANGELOG\.md|package\.json|src\/.*\.ts|dist\/.*\.(js|d\.ts)(\.map)?|page\/[^/]+)$/
      .test(name) ||
    /test\.|tsbuildinfo/.test(name)
  )
  if (strays.length > 0) fail(`${tarball} holds ${strays.join(", ")}`)
  for (const map of files.filter((name) => name.endsWith(".map"))) {
    const { sources }: { readonly sources: ReadonlyArray<string> } = JSON.parse(read(tarball, "-xzO", map))
    const missing = sources.filter((source) => !files.includes(posix.join(posix.dirname(map), source)))
    if (missing.length > 0) fail(`${map} points at ${missing.join(", ")}`)
  }
  if (/"(workspace|catalog):/.test(read(tarball, "-xzO", "package/package.json"))) {
    fail(`${tarball} depends on the workspace`)
  }
}

const compile = (
  consumer: string,
  typescript: string,
  moduleResolution: "NodeNext" | "Bundler",
  options: { readonly include: string; readonly exclude: ReadonlyArray<string>; readonly skipLibCheck: boolean }
): void => {
  const compilerOptions = {
    module: moduleResolution === "Bundler" ? "ESNext" : moduleResolution,
    moduleResolution,
    target: "ES2022",
    lib: ["ES2022", "DOM", "DOM.Iterable"],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: options.skipLibCheck,
    rewriteRelativeImportExtensions: true,
    types: ["node"],
    rootDir: ".",
    outDir: "../compiled"
  }
  const config = { compilerOptions, include: [options.include], exclude: options.exclude }
  writeFileSync(join(consumer, "blocks/tsconfig.json"), JSON.stringify(config))
  run(consumer, "node", `node_modules/${typescript}/bin/tsc`, "-p", "blocks")
  process.stdout.write(`types pass: ${options.include}, ${typescript}, ${moduleResolution}\n`)
}

const compilers = ["typescript-5.9", "typescript-7.0"]

/** Every declaration is checked, those of the dependencies too; but vitest's own do not pass everywhere. */
const checkTypes = (consumer: string): void => {
  for (const typescript of compilers) {
    compile(consumer, typescript, "Bundler", { include: "**/*.ts", exclude: ["**/*.test.ts"], skipLibCheck: false })
    compile(consumer, typescript, "NodeNext", { include: "**/*.ts", exclude: ["**/*.test.ts"], skipLibCheck: false })
    compile(consumer, typescript, "NodeNext", { include: "**/*.test.ts", exclude: [], skipLibCheck: true })
  }
}

const kilobytes = (bytes: number): number => bytes / 1000

/** The service, tree-shaken and minified, as a bundler for browsers and workers makes it; Effect is left out. */
const bundle = async (consumer: string): Promise<readonly [minified: number, gzipped: number]> => {
  const { metafile, outputFiles: [output] } = await build({
    stdin: { contents: `export { CustomerService } from "effect-trustly"`, resolveDir: consumer },
    bundle: true,
    format: "esm",
    metafile: true,
    minify: true,
    // a Node built-in cannot be resolved with it
    platform: "neutral",
    external: ["effect", "@effect/platform"],
    write: false
  })
  const testing = Object.keys(metafile.inputs).filter((name) => /\/testing\b/.test(name))
  if (testing.length > 0) fail(`a bundle holds ${testing.join(", ")}`)
  const text = output?.contents ?? fail("no bundle")
  return [kilobytes(text.byteLength), kilobytes(gzipSync(text).byteLength)]
}

/** The README's figures are those that were measured, within 5 %. */
const checkSize = (measured: readonly [minified: number, gzipped: number]): void => {
  const said = /([\d.]+) kB minified, ([\d.]+) kB gzipped/.exec(readFileSync("README.md", "utf8"))
  const figures = measured.map((size) => size.toFixed(1))
  process.stdout.write(`bundle: ${figures[0]} kB minified, ${figures[1]} kB gzipped\n`)
  if (said === null || measured.some((size, at) => Math.abs(Number(said[at + 1]) / size - 1) > 0.05)) {
    fail(`README.md says "${said?.[0]}" of a bundle`)
  }
}

for (const { folder } of packages) checkContents(tarballOf(folder))
const consumer = makeConsumer(
  ...ofTheWorkspace,
  ...compilers.map((name) => `${name}@npm:${name.replace("-", "@")}`)
)
const { count, programs, tests } = writeBlocks(join(consumer, "blocks"))
checkTypes(consumer)
for (const program of programs) run(consumer, "node", `compiled/${program.replace(/ts$/, "js")}`)
run(consumer, "npx", "vitest", "run", "--dir", "blocks")
checkSize(await bundle(consumer))
rmSync(consumer, { recursive: true })
process.stdout.write(`${count} blocks compiled, ${programs.length + tests.length} run, with the packed packages\n`)
