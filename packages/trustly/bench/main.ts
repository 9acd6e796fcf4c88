/** Measures all contenders in turn, round by round, and prints what they cost; also as JSON, in `build/bench.json`. */
import { type ChildProcess, fork, type Serializable } from "node:child_process"
import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { isDeepStrictEqual } from "node:util"
import type { Batch, Measurement } from "./contender.ts"
import { contenders } from "./contenders.ts"
import { wire } from "./payload.ts"

// of seven rounds, the lowest and the highest hold the median with a confidence of 98 %
const rounds = 7
const batches: ReadonlyArray<Batch> = [
  { concurrency: 1, count: 1000 },
  { concurrency: 16, count: 3000 },
  { concurrency: 64, count: 8000 }
]
// after so many, V8 compiles hardly anything more
const warmUp: Batch = { concurrency: 64, count: 16_000 }
// not measured: while the others had their turns, the sockets were idle and the caches went cold
const leadIn = 500

interface Running {
  readonly name: string
  readonly child: ChildProcess
}

const print = (line: string) => process.stdout.write(`${line}\n`)

const start = (file: string, ...args: ReadonlyArray<string>): ChildProcess =>
  fork(new URL(file, import.meta.url), args, { execArgv: ["--expose-gc"] })

const ask = async <A>(child: ChildProcess, question: Serializable): Promise<A> => {
  child.send(question)
  const [answer] = await once(child, "message")
  return answer
}

const median = (values: ReadonlyArray<number>): number => {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

interface Ratio {
  readonly middle: number
  readonly lowest: number
  readonly highest: number
}

/** What one contender costs in another's terms. Those of one round are compared: what disturbs a round disturbs both. */
const compare = (of: ReadonlyArray<Measurement>, to: ReadonlyArray<Measurement>): Ratio => {
  const values = of.map(({ cpu }, round) => cpu / (to[round]?.cpu ?? Number.NaN))
  return { middle: median(values), lowest: Math.min(...values), highest: Math.max(...values) }
}

const shown = ({ highest, lowest, middle }: Ratio): string =>
  `${middle.toFixed(2)} (${lowest.toFixed(2)} to ${highest.toFixed(2)})`

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n")

type Measurements = ReadonlyMap<string, ReadonlyArray<Measurement>>

const summary = (measured: Measurements) => {
  const floor = measured.get("undici") ?? []
  return [...measured].map(([name, each]) => ({
    name,
    cpu: median(each.map(({ cpu }) => cpu)),
    toUndici: compare(each, floor),
    rate: median(each.map(({ rate }) => rate)),
    p50: median(each.map(({ p50 }) => p50)),
    p99: median(each.map(({ p99 }) => p99))
  }))
}

const printed = (measured: Measurements): string =>
  table(
    ["client", "CPU µs", "CPU / undici", "updates/s", "p50 ms", "p99 ms"],
    summary(measured).map(({ cpu, name, p50, p99, rate, toUndici }) => [
      name,
      cpu.toFixed(0),
      shown(toUndici),
      rate.toFixed(0),
      p50.toFixed(2),
      p99.toFixed(2)
    ])
  )

const figures = [
  { of: "ours", to: "axios + zod + axios-retry", limit: 1.3 },
  { of: "ours", to: "HttpClient", limit: 1.45 },
  { of: "ours", to: "ours, no deadline, no retry", limit: 1.3 }
]

const server = start("server.js")
const [port] = await once(server, "message")
const url = `http://127.0.0.1:${port}`

const running: Array<Running> = []
for (const name of Object.keys(contenders)) {
  const child = start("contender.js", name, url)
  await ask(child, warmUp)
  const sent = await ask<string>(server, "what was sent last")
  if (!isDeepStrictEqual(JSON.parse(sent), JSON.parse(wire))) throw new Error(`${name} sends something else`)
  running.push({ name, child })
}

const results = new Map(
  batches.map((batch) => [batch.concurrency, new Map(running.map(({ name }) => [name, new Array<Measurement>()]))])
)
for (let round = 0; round < rounds; round++) {
  for (const batch of batches) {
    for (const { child, name } of running) {
      await ask(child, { ...batch, count: leadIn })
      results.get(batch.concurrency)?.get(name)?.push(await ask(child, batch))
    }
  }
}
for (const { child } of running) child.kill()

const alone = start("contender.js", "ours", url)
const heaps: Array<number> = []
for (let updates = 20_000; updates <= 200_000; updates += 20_000) {
  await ask(alone, { concurrency: 64, count: 20_000 })
  heaps.push(await ask<number>(alone, "heap"))
}
// the lowest of three: what a collection has not freed yet only adds
const growth = Math.min(...heaps.slice(-3)) - Math.min(...heaps.slice(0, 3))
alone.kill()
server.kill()

for (const [concurrency, measured] of results) print(`\n${concurrency} at a time\n\n${printed(measured)}`)

const widest = results.get(64) ?? new Map<string, ReadonlyArray<Measurement>>()
const compared = figures.map(({ limit, of, to }) => ({
  of,
  to,
  limit,
  ratio: compare(widest.get(of) ?? [], widest.get(to) ?? [])
}))
print(`\n${
  table(["CPU, 64 at a time", "measured", "limit", ""], [
    ...compared.map(({ limit, of, ratio, to }) => [
      `${of} / ${to}`,
      shown(ratio),
      String(limit),
      ratio.middle <= limit ? "met" : "missed"
    ]),
    [
      "heap growth from 20,000 to 200,000 updates",
      `${(growth / 1024).toFixed(0)} KiB`,
      "1 MiB",
      growth <= 1024 * 1024 ? "met" : "missed"
    ]
  ])
}`)

writeFileSync(
  new URL("../bench.json", import.meta.url),
  JSON.stringify({
    node: process.version,
    rounds,
    results: [...results].map(([concurrency, measured]) => ({ concurrency, contenders: summary(measured) })),
    figures: compared,
    heapGrowth: growth
  })
)
