/**
 * The TypeScript blocks of the README and the guides, written out as files.
 *
 * A block is a program to compile and run; marked `no-run` it is only compiled, marked `test` it is run by vitest. A mark that ends
 * in `.ts` is its file name, by which other blocks of the page import it.
 */
import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

export const run = (folder: string, command: string, ...args: ReadonlyArray<string>): void => {
  execFileSync(command, args, { cwd: folder, stdio: "inherit" })
}

const guides = readdirSync("docs", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".md"))

/** Its blocks need a database driver, which only the example backend depends on. */
export const deliveryPage = join("docs", "delivery.md")

const pages: ReadonlyArray<string> = [
  "README.md",
  ...readdirSync("packages").map((name) => join("packages", name, "README.md")),
  ...guides.map((name) => join("docs", name)).filter((page) => page !== deliveryPage)
]

interface Block {
  readonly file: string
  readonly mark: string
  readonly code: string
}

const blocksOf = (page: string): ReadonlyArray<Block> =>
  [...readFileSync(page, "utf8").matchAll(/^```ts(?: (.*))?\n([\s\S]*?)^```$/gm)].map(
    ([, marks = "", code = ""], index) => {
      const words = marks.split(" ")
      const mark = words.find((word) => !word.endsWith(".ts")) ?? ""
      const name = words.find((word) => word.endsWith(".ts")) ?? `${index + 1}${mark === "test" ? ".test" : ""}.ts`
      return { file: join(page.replace(".md", ""), name), mark, code }
    }
  )

/** Writes the blocks of pages into a folder of its own, and says which are to be run and how. */
export const writeBlocks = (folder: string, from: ReadonlyArray<string> = pages) => {
  rmSync(folder, { recursive: true, force: true })
  const blocks = from.flatMap(blocksOf)
  for (const { code, file } of blocks) {
    mkdirSync(join(folder, file, ".."), { recursive: true })
    writeFileSync(join(folder, file), code)
  }
  return {
    count: blocks.length,
    programs: blocks.filter(({ mark }) => mark === "").map(({ file }) => file),
    tests: blocks.filter(({ mark }) => mark === "test").map(({ file }) => file)
  }
}
