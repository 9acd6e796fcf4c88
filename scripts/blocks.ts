/**
 * Writes the TypeScript blocks of the README and the guides as files.
 *
 * A block is a program that is compiled and run. A block marked `no-run` is only compiled, one marked `test` runs in vitest. A mark
 * that ends in `.ts` names the file, so that other blocks of the page can import it.
 */
import { execFileSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

export const run = (folder: string, command: string, ...args: ReadonlyArray<string>): void => {
  execFileSync(command, args, { cwd: folder, stdio: "inherit" })
}

const guides = readdirSync("docs", { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".md") && !/^(node_modules|build)\b/.test(name)
)

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

/** Writes the blocks of each page into a folder named after it, and returns those to run. */
export const writeBlocks = (folder: string) => {
  rmSync(folder, { recursive: true, force: true })
  // the blocks of Effect 4 have a check of their own
  const blocks = pages.flatMap(blocksOf).filter(({ mark }) => mark !== "effect-4")
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
