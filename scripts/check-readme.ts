/**
 * Compares the table of fields with the schema. Compiles and runs every block of the README and the guides against the sources.
 */
import { JSONSchema } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { CustomerUpdate } from "../packages/trustly/src/CustomerUpdate.ts"
import { run, writeBlocks } from "./blocks.ts"

interface JsonSchema {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, JsonSchema>>
  readonly anyOf?: ReadonlyArray<JsonSchema>
  readonly properties?: Readonly<Record<string, JsonSchema>>
}

const root: JsonSchema = JSON.parse(JSON.stringify(JSONSchema.make(CustomerUpdate)))

/** The documented names below a schema, in its order: `address`, `address.city`, and so on. */
const namesOf = ({ $ref, anyOf = [], properties = {} }: JsonSchema): ReadonlyArray<string> => [
  ...($ref === undefined ? [] : namesOf(root.$defs?.[$ref.replace("#/$defs/", "")] ?? {})),
  ...anyOf.flatMap(namesOf),
  ...Object.entries(properties).flatMap(([name, schema]) => [name, ...namesOf(schema).map((part) => `${name}.${part}`)])
]

const fields = namesOf(root).join(", ")
const page = "docs/reading-and-changing.md"
const documented = [...readFileSync(page, "utf8").matchAll(/^\| `([\w.]+)`/gm)].map(([, name]) => name).join(", ")
if (documented !== fields) throw new Error(`${page} documents ${documented}; the fields of a customer are ${fields}`)

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
