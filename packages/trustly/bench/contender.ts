/** The process of one contender: told its name and the URL, it makes a batch of updates for each message, or tells its heap. */
import { type Contender, contenders } from "./contenders.ts"

/** How many updates, how many of them at a time. */
export interface Batch {
  readonly count: number
  readonly concurrency: number
}

/** What a batch came to: CPU of this process for each update in microseconds, updates per second, latencies in milliseconds. */
export interface Measurement {
  readonly cpu: number
  readonly rate: number
  readonly p50: number
  readonly p99: number
}

/** In bytes. A forced collection throws away what V8 learned too, so none comes before a measurement of the CPU. */
const heapAfterCollection = (): number => {
  globalThis.gc?.()
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

const measure = async (contender: Contender, { concurrency, count }: Batch): Promise<Measurement> => {
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  const latencies = Float64Array.from(await contender(count, concurrency))
  const seconds = (performance.now() - startedAt) / 1000
  const { system, user } = process.cpuUsage(cpuBefore)
  latencies.sort()
  const quantile = (share: number): number => latencies[Math.floor(share * (count - 1))] ?? Number.NaN
  return { cpu: (system + user) / count, rate: count / seconds, p50: quantile(0.5), p99: quantile(0.99) }
}

const [, , name = "", url = ""] = process.argv
const contender = contenders[name]?.(url)
if (contender !== undefined) {
  process.on("message", async (question: Batch | "heap") => {
    process.send?.(question === "heap" ? heapAfterCollection() : await measure(contender, question))
  })
}
