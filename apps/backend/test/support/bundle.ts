/** Bundles the backend once for all tests: a process that compiles TypeScript takes seconds to start. */
import { join } from "node:path"
import { bundle } from "../../../../packages/trustly-delivery/test/support/bundle.ts"

const folder = join(import.meta.dirname, "../..")

export const bundlePath = join(folder, "build/main.js")

export const setup = () => bundle([join(folder, "src/main.ts")], join(folder, "build"))
