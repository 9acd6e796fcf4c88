/** Packs both packages into `tarballs/`, and prints how to install them in a project. */
import { readdirSync, rmSync } from "node:fs"
import { resolve } from "node:path"
import { run } from "./blocks.ts"

const folder = resolve("tarballs")
rmSync(folder, { recursive: true, force: true })
run(".", "pnpm", "--recursive", "--filter", "./packages/*", "pack", "--pack-destination", folder)
const tarballs = readdirSync(folder).map((name) => resolve(folder, name))
process.stdout.write(`\nIn your project:\nnpm install ${tarballs.join(" ")}\n`)
