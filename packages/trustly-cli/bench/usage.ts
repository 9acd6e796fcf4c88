/** Loaded before a program: prints what its process came to, when it ends, as the last line. */
import { writeSync } from "node:fs"

export interface Usage {
  /** In microseconds. */
  readonly cpu: number
  /** In bytes. */
  readonly peakMemory: number
}

process.on("exit", () => {
  const { maxRSS, systemCPUTime, userCPUTime } = process.resourceUsage()
  const usage: Usage = { cpu: systemCPUTime + userCPUTime, peakMemory: maxRSS * 1024 }
  writeSync(1, `${JSON.stringify(usage)}\n`)
})
