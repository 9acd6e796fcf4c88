/**
 * Compiles every TypeScript block of README.md and docs/*.md, and runs those that are not marked `no-run`.
 * A block marked `test` is run by vitest.
 */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"

// inside the example program, because its dependencies are those of a reader
const folder = "apps/customer-updates/build/readme"

interface Block {
  readonly file: string
  readonly mark: string
}

const blocksOf = (page: string): ReadonlyArray<Block> =>
  [...readFileSync(page, "utf8").matchAll(/^```ts *(.*)\n([\s\S]*?)^```$/gm)].map(([, mark = "", code = ""], index) => {
    const file = join(folder, `${basename(page, ".md")}-${index + 1}${mark === "test" ? ".test" : ""}.ts`)
    writeFileSync(file, code)
    return { file, mark }
  })

const run = (command: string, ...args: ReadonlyArray<string>): void => {
  execFileSync(command, args, { stdio: "inherit" })
}

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
writeFileSync(
  join(folder, "tsconfig.json"),
  JSON.stringify({
    extends: "../../../../tsconfig.base.json",
    compilerOptions: {
      noEmit: true,
      composite: false,
      incremental: false,
      declaration: false,
      declarationMap: false,
      types: ["node"],
      allowImportingTsExtensions: true,
      rewriteRelativeImportExtensions: false
    },
    include: ["*.ts"]
  })
)
writeFileSync(join(folder, "vitest.config.ts"), "export default {}\n")

const guides = existsSync("docs") ? readdirSync("docs", { recursive: true, encoding: "utf8" }) : []
const pages = ["README.md", ...guides.filter((name) => name.endsWith(".md")).map((name) => join("docs", name))]
const blocks = pages.flatMap(blocksOf)
run("tsc", "-p", folder)
for (const { file, mark } of blocks) {
  if (mark === "") run("tsx", file)
}
if (blocks.some(({ mark }) => mark === "test")) run("vitest", "run", "--root", folder)
process.stdout.write(`${blocks.length} blocks compiled, ${blocks.filter(({ mark }) => mark !== "no-run").length} run\n`)
