/**
 * Checks the contents of the packed packages, installs them into a new project, compiles and runs every page's blocks there, and
 * measures the size of a bundle with the service in it.
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

/** The tarball has only what a user needs, and every source map points at a file in it. */
const checkContents = (tarball: string): void => {
  const files = read(tarball, "-tz").trim().split("\n")
  for (const name of ["LICENSE", "README.md", "package.json", "dist/index.js", "dist/index.d.ts"]) {
    if (!files.includes(`package/${name}`)) fail(`${tarball} lacks ${name}`)
  }
  const unexpected = files.filter((name) =>
    !/^package\/(LICENSE|README\.md|CHANGELOG\.md|package\.json|src\/.*\.ts|dist\/.*\.(js|d\.ts)(\.map)?|page\/[^/]+)$/
      .test(name) ||
    /test\.|tsbuildinfo/.test(name)
  )
  if (unexpected.length > 0) fail(`${tarball} contains ${unexpected.join(", ")}`)
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
  process.stdout.write(`types are valid: ${options.include}, ${typescript}, ${moduleResolution}\n`)
}

const compilers = ["typescript-5.9", "typescript-7.0"]

/** Checks every declaration, including those of the dependencies. The exception is vitest, whose own do not pass everywhere. */
const checkTypes = (consumer: string): void => {
  for (const typescript of compilers) {
    compile(consumer, typescript, "Bundler", { include: "**/*.ts", exclude: ["**/*.test.ts"], skipLibCheck: false })
    compile(consumer, typescript, "NodeNext", { include: "**/*.ts", exclude: ["**/*.test.ts"], skipLibCheck: false })
    compile(consumer, typescript, "NodeNext", { include: "**/*.test.ts", exclude: [], skipLibCheck: true })
  }
}

const kilobytes = (bytes: number): number => bytes / 1000

/** The size of the service in kB, tree-shaken and minified as for browsers and workers, without Effect. */
const bundle = async (consumer: string): Promise<readonly [minified: number, gzipped: number]> => {
  const { metafile, outputFiles: [output] } = await build({
    stdin: { contents: `export { CustomerService } from "effect-trustly"`, resolveDir: consumer },
    bundle: true,
    format: "esm",
    metafile: true,
    minify: true,
    // the build fails on an import of a Node built-in
    platform: "neutral",
    external: ["effect", "@effect/platform"],
    write: false
  })
  const testing = Object.keys(metafile.inputs).filter((name) => /\/testing\b/.test(name))
  if (testing.length > 0) fail(`a bundle contains ${testing.join(", ")}`)
  const text = output?.contents ?? fail("no bundle")
  return [kilobytes(text.byteLength), kilobytes(gzipSync(text).byteLength)]
}

/** The figures in the README are within 5 % of the measured ones. */
const checkSize = (measured: readonly [minified: number, gzipped: number]): void => {
  const documented = /([\d.]+)\s+kB\s+minified,\s+([\d.]+)\s+kB\s+gzipped/.exec(readFileSync("README.md", "utf8"))
  const figures = measured.map((size) => size.toFixed(1))
  process.stdout.write(`bundle: ${figures[0]} kB minified, ${figures[1]} kB gzipped\n`)
  if (documented === null || measured.some((size, at) => Math.abs(Number(documented[at + 1]) / size - 1) > 0.05)) {
    fail(`README.md says "${documented?.[0]}" about the bundle`)
  }
}

// what has a command only is checked by check-cli.ts
for (const { folder } of packages.filter(({ isLibrary }) => isLibrary)) checkContents(tarballOf(folder))
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
