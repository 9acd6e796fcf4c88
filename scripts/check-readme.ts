/**
 * Keeps the table of fields in the guide as the library's table says. Compiles and runs every block of the README and the guides
 * against the sources.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { all } from "../packages/trustly/src/CustomerFields.ts"
import { run, writeBlocks } from "./blocks.ts"

const page = "docs/reading-and-changing.md"

const header = ["field", "meaning", "kind", "required", "`null` clears"]
const cells = all.map(({ description, isClearable, isReadOnly, isRequired, kind, path }) => [
  `\`${path}\``,
  description + (isReadOnly ? ". Accepted, not sent" : ""),
  kind.toLowerCase(),
  isRequired ? (path.includes(".") ? "in its group" : "yes") : "",
  isClearable ? "yes" : ""
])
const widths = header.map((_, column) => Math.max(...[header, ...cells].map((row) => row[column]?.length ?? 0)))
const line = (row: ReadonlyArray<string>, fill = " "): string =>
  `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(" | ")} |`
const table = [line(header), line(header.map(() => ""), "-"), ...cells.map((row) => line(row))].join("\n")

const text = readFileSync(page, "utf8")
const updated = text.replace(/\| field .*?\n\n/s, `${table}\n\n`)
if (updated !== text) {
  writeFileSync(page, updated)
  throw new Error(`The table of fields in ${page} was out of date. It has been updated: commit it`)
}

// in the folder whose dependencies are those of a reader
const folder = "docs/build"

const { count, programs, tests } = writeBlocks(folder)
writeFileSync(
  join(folder, "tsconfig.json"),
  JSON.stringify({
    extends: "../../tsconfig.base.json",
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
    include: ["**/*.ts"]
  })
)
writeFileSync(join(folder, "vitest.config.ts"), "export default {}\n")
run(".", "tsc", "-p", folder)
// in one process: starting tsx for each takes longer than all of them
writeFileSync(join(folder, "programs.ts"), programs.map((program) => `await import("./${program}")\n`).join(""))
run(".", "tsx", join(folder, "programs.ts"))
if (tests.length > 0) run(".", "vitest", "run", "--root", folder)
process.stdout.write(`${count} blocks compiled, ${programs.length + tests.length} run\n`)
