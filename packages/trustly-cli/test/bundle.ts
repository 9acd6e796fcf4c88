/** Builds the program once for all tests that start it as a process. */
import { fileURLToPath } from "node:url"
import { bundle } from "../scripts/bundle.ts"

const folder = fileURLToPath(new URL("../build/test", import.meta.url))

export const main = `${folder}/main.js`

export default (): Promise<void> => bundle(folder)
