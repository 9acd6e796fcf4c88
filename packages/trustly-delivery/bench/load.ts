/** The work that every contender does, and how it is timed. */
import { performance } from "node:perf_hooks"

export const customersOf = (count: number): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, index) => `customer-${index + 1}`)

export const updateOf = (vip: number) => ({
  name: "Jo Doe",
  email: "jo@example.com",
  phone: "+14155550100",
  address: { address1: "1 Main Street", city: "Reno", state: "NV", zip: "89501", country: "US" },
  vip
})

/** Calls a function for 0 to count - 1, `concurrency` at a time. The answer is how long each took, and all, in milliseconds. */
export const timeEach = async (
  count: number,
  concurrency: number,
  call: (index: number) => Promise<unknown>
): Promise<{ readonly each: ReadonlyArray<number>; readonly all: number }> => {
  const each: Array<number> = []
  let next = 0
  const work = async () => {
    while (next < count) {
      const began = performance.now()
      await call(next++)
      each.push(performance.now() - began)
    }
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: concurrency }, work))
  return { each: each.sort((a, b) => a - b), all: performance.now() - began }
}

export const percentile = (sorted: ReadonlyArray<number>, part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN
