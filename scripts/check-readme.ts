/** Holds the table of fields against the schema; compiles and runs every block of the README and the guides, against the sources. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { all } from "../packages/trustly/src/CustomerFields.ts"
import { run, writeBlocks } from "./blocks.ts"

const fields = all.map(({ path }) => path)
const page = "docs/reading-and-changing.md"
const rows = [...readFileSync(page, "utf8").matchAll(/^\| `([\w.]+)`/gm)].map(([, name = ""]) => name)
const differing = [...fields.filter((path) => !rows.includes(path)), ...rows.filter((path) => !fields.includes(path))]
if (differing.length > 0) throw new Error(`The table of fields in ${page} is wrong about: ${differing.join(", ")}`)

// inside the command line, because its dependencies are those of a reader
const folder = "packages/trustly-cli/build/readme"

const { count, programs, tests } = writeBlocks(folder)
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
    include: ["**/*.ts"]
  })
)
writeFileSync(join(folder, "vitest.config.ts"), "export default {}\n")
run(".", "tsc", "-p", folder)
for (const program of programs) run(".", "tsx", join(folder, program))
if (tests.length > 0) run(".", "vitest", "run", "--root", folder)
process.stdout.write(`${count} blocks compiled, ${programs.length + tests.length} run\n`)
