/** Holds the table of fields against the schema; compiles and runs every block of the README and the guides, against the sources. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { CustomerUpdate } from "../packages/trustly/src/CustomerUpdate.ts"
import { addressFields, driverLicenseFields } from "../packages/trustly/src/internal/fields.ts"
import { deliveryPage, run, writeBlocks } from "./blocks.ts"

// in the order of the schema
const parts: Readonly<Record<string, object>> = { address: addressFields, driverLicense: driverLicenseFields }
const fields = Object.keys(CustomerUpdate.fields)
  .flatMap((name) => [name, ...Object.keys(parts[name] ?? {}).map((part) => `${name}.${part}`)])
  .join(", ")
const page = "docs/reading-and-changing.md"
const told = [...readFileSync(page, "utf8").matchAll(/^\| `([\w.]+)`/gm)].map(([, name]) => name).join(", ")
if (told !== fields) throw new Error(`${page} has a table of ${told}; the fields of a customer are ${fields}`)

/** Inside an example, because its dependencies are those of a reader. */
const check = (app: string, from?: ReadonlyArray<string>): void => {
  const folder = join("apps", app, "build/readme")
  const { count, programs, tests } = writeBlocks(folder, from)
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
  process.stdout.write(`${app}: ${count} blocks compiled, ${programs.length + tests.length} run\n`)
}

check("customer-updates")
check("backend", [deliveryPage])
