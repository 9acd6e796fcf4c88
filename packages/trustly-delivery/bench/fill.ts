/** `node fill.js <file> <count>`: in a process of its own, which ends and lets go of the file. */
import { fill } from "./backlog.ts"

const [file = "", count = "0"] = process.argv.slice(2)
await fill(file, Number(count))
