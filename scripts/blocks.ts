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

/** The README, those of the packages, and the guides. */
export const pages: ReadonlyArray<string> = [
  "README.md",
  ...readdirSync("packages").map((name) => join("packages", name, "README.md")),
  ...guides.map((name) => join("docs", name))
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

/** Writes the blocks of all pages into a folder of its own, and says which are to be run and how. */
export const writeBlocks = (folder: string) => {
  rmSync(folder, { recursive: true, force: true })
  const blocks = pages.flatMap(blocksOf)
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
