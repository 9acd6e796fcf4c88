/** Builds the program once for all tests that start it as a process. */
import { fileURLToPath } from "node:url"
import { bundle } from "../scripts/bundle.ts"

export const main = fileURLToPath(new URL("../build/test/main.js", import.meta.url))

export default (): Promise<void> => bundle(main)
