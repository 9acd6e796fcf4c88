/**
 * Collects the packed packages in `tarballs/`, and prints the command that installs them in a project. Each depends on the others by
 * their tarballs: they can be installed before the first release, when npm does not have them.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { run } from "./blocks.ts"
import { collectedTarball, type Package, packages, tarballOf } from "./consumer.ts"

const collect = ({ dependencies, folder, name }: Package): void => {
  const internal = packages.filter((other) => other.name in dependencies)
  if (internal.length === 0) return cpSync(tarballOf(folder), collectedTarball(name))
  const unpacked = mkdtempSync(join(tmpdir(), "effect-trustly-tarball-"))
  run(".", "tar", "-xzf", tarballOf(folder), "-C", unpacked)
  const path = join(unpacked, "package/package.json")
  const manifest: { dependencies: Record<string, string> } = JSON.parse(readFileSync(path, "utf8"))
  for (const other of internal) manifest.dependencies[other.name] = `file:${collectedTarball(other.name)}`
  writeFileSync(path, JSON.stringify(manifest, null, 2))
  run(".", "tar", "-czf", collectedTarball(name), "-C", unpacked, "package")
  rmSync(unpacked, { recursive: true })
}

rmSync("tarballs", { recursive: true, force: true })
mkdirSync("tarballs")
for (const one of packages) collect(one)

process.stdout.write(`In your project, install the library:
npm install ${resolve("tarballs")}/effect-trustly.tgz effect@3 @effect/platform@0.97 @effect/platform-node@0.108
The other packages: ${
  packages.map(({ name }) => `${name}.tgz`).filter((name) => name !== "effect-trustly.tgz").join(", ")
}
`)
