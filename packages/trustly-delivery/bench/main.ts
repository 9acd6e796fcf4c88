/** `npm run bench:delivery`: measures, and prints the tables of `docs/performance.md`. */
import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { cpus, loadavg, tmpdir } from "node:os"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import { setTimeout as sleep } from "node:timers/promises"
import { promisify } from "node:util"
import { bundle, setup } from "../test/support/bundle.ts"
import { FakeTrustly } from "../test/support/fakeTrustly.ts"
import * as Pg from "../test/support/postgres.ts"
import { Runner, until } from "../test/support/runners.ts"
import { customersOf } from "./load.ts"

interface Enqueued {
  readonly p50: number
  readonly p99: number
  readonly perSecond: number
}

interface Measured {
  readonly single: Enqueued
  readonly grouped: Enqueued
  readonly deliveredPerSecond: number
  readonly cpuMillisEach: number
}

const built = join(import.meta.dirname, "../build/bench")
const run = promisify(execFile)

await bundle(["throughput", "fill"].map((name) => join(import.meta.dirname, `${name}.ts`)), built)
await setup()

const folder = mkdtempSync(join(tmpdir(), "trustly-bench-"))
const trustly = new FakeTrustly()
await trustly.start()
const postgres = Pg.isInstalled ? await Pg.Postgres.start() : undefined

const print = (line: string) => process.stdout.write(`${line}\n`)
type Goal = readonly [figure: string, isMet: boolean]
const cell = (goal: Goal | undefined) => goal === undefined ? "" : `${goal[0]} ${goal[1] ? "met" : "missed"}`
const row = (figure: string, value: string, required?: Goal, target?: Goal) => {
  print(`| ${figure} | ${value} | ${cell(required)} | ${cell(target)} |`)
}
const millis = (value: number) => `${value.toFixed(1)} ms`
const seconds = (value: number) => `${(value / 1_000).toFixed(2)} s`

const measure = async (name: string, database: string, count: number): Promise<Measured> => {
  trustly.writes.length = 0
  const { stdout } = await run(process.execPath, [
    join(built, "throughput.js"),
    name,
    trustly.baseUrl,
    database,
    String(count)
  ])
  // whatever the contender's library logs comes before
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "")
}

const enqueueText = ({ p50, p99, perSecond }: Enqueued) =>
  `p50 ${millis(p50)}, p99 ${millis(p99)}, ${perSecond.toFixed(0)}/s`

const embeddedThroughput = async () => {
  const producer = await measure("producer", join(folder, "producer.db"), 1_500)
  const ratio = producer.grouped.perSecond / producer.single.perSecond
  row("enqueue, embedded, one at a time", enqueueText(producer.single))
  row("enqueue, embedded, 64 at a time", enqueueText(producer.grouped))
  row("ratio of these two rates", ratio.toFixed(1), ["3", ratio >= 3])

  const embedded = await measure("embedded", join(folder, "embedded.db"), 1_500)
  const rate = embedded.deliveredPerSecond
  row("enqueue and deliver concurrently, embedded, Trustly at 5 ms", `${rate.toFixed(0)}/s`, ["250/s", rate >= 250], [
    "500/s",
    rate >= 500
  ])
  const update = await measure("update", "", 1_500)
  row("CPU per update without delivery", millis(update.cpuMillisEach))
  row(
    "CPU per change enqueued and delivered, embedded / CPU per update without delivery",
    (embedded.cpuMillisEach / update.cpuMillisEach).toFixed(2)
  )
}

const besideGraphileWorker = async (pg: Pg.Postgres) => {
  const ours = await measure("postgres", pg.createDatabase("ours"), 1_500)
  const graphile = await measure("graphile", pg.createDatabase("graphile"), 1_500)
  const faster = ours.deliveredPerSecond / graphile.deliveredPerSecond
  row("delivered per second, Postgres", `${ours.deliveredPerSecond.toFixed(0)}/s`)
  row("delivered per second, graphile-worker on the same Postgres", `${graphile.deliveredPerSecond.toFixed(0)}/s`)
  row("ratio, Postgres / graphile-worker", faster.toFixed(2), ["1", faster >= 1], ["1.5", faster >= 1.5])
  row("enqueue p50 one at a time, Postgres", millis(ours.single.p50))
  row("enqueue p50 one at a time, graphile-worker", millis(graphile.single.p50), undefined)
  const sooner = graphile.single.p50 / ours.single.p50
  row("ratio, graphile-worker / Postgres", sooner.toFixed(2), ["1", sooner >= 1], ["1.5", sooner >= 1.5])
  row("CPU of the process per change, Postgres", millis(ours.cpuMillisEach))
  row("CPU of the process per change, graphile-worker", millis(graphile.cpuMillisEach))
}

const isIdle = async (runner: Runner) => (await runner.state()).includes("\"queued\":0")

/** Seconds from the first to the last request with a number of runners. */
const scaling = async (pg: Pg.Postgres, count: number): Promise<number> => {
  const env = { TRUSTLY_BASE_URL: trustly.baseUrl, DATABASE_URL: pg.createDatabase(`scaling_${count}`) }
  const producer = await new Runner({ ...env, PRODUCER: "true" }).started()
  producer.enqueue(customersOf(480), 2, 2)
  await until("enqueued", () => producer.lines.includes("enqueued"))
  await producer.kill("SIGTERM")
  trustly.writes.length = 0
  trustly.answer = () => 503
  trustly.delay = 400
  trustly.accessKey = "later"
  // paused until all runners have their lanes
  const runners = await Promise.all(
    Array.from(
      { length: count },
      () => new Runner({ ...env, TRUSTLY_ACCESS_KEY: "right", DELIVERY_PROBE_INTERVAL: "8 seconds" }).started()
    )
  )
  await sleep(6_000)
  trustly.answer = () => "ok"
  trustly.accessKey = "right"
  const last = () => trustly.writes.at(-1)?.at ?? 0
  await until("delivered", () => trustly.writes.length >= 480)
  // the first is the probe
  const elapsed = last() - (trustly.writes[1]?.at ?? 0)
  for (const runner of runners) await runner.kill("SIGTERM")
  return elapsed
}

const severalRunners = async (pg: Pg.Postgres) => {
  const one = await scaling(pg, 1)
  const three = await scaling(pg, 3)
  const ratio = one / three
  row(
    "speedup with 3 runners, Trustly at 400 ms, concurrency 16 each",
    `${ratio.toFixed(2)} (${seconds(one)}, ${seconds(three)})`,
    [
      "2.3",
      ratio >= 2.3
    ],
    ["2.8", ratio >= 2.8]
  )

  trustly.delay = 5
  trustly.writes.length = 0
  const env = { TRUSTLY_BASE_URL: trustly.baseUrl, DATABASE_URL: pg.createDatabase("takeover") }
  const [killed, left] = await Promise.all([1, 2].map(() => new Runner(env).started()))
  if (killed === undefined || left === undefined) return
  await sleep(5_000)
  const customers = customersOf(100)
  left.enqueue(customers, 2, 2)
  await until("delivered", () => trustly.writes.length === 100)
  const at = performance.now()
  await killed.kill("SIGKILL")
  left.enqueue(customers, 4, 4)
  await until("delivered", () => trustly.writes.length >= 200)
  const takeover = Math.max(...trustly.writes.map((write) => write.at)) - at
  row("takeover of a killed runner's customers", seconds(takeover), ["10 s", takeover <= 10_000], [
    "6 s",
    takeover <= 6_000
  ])
  await left.kill("SIGTERM")
}

const peakMegabytes = (pid: number): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1_000

/** From the start of the process to its first request, with its peak memory after some thousand more. */
const restart = async (backlog: number) => {
  const file = join(folder, `backlog-${backlog}.db`)
  await run(process.execPath, [join(built, "fill.js"), file, String(backlog)])
  trustly.writes.length = 0
  trustly.delay = 5
  const env = { TRUSTLY_BASE_URL: trustly.baseUrl, DELIVERY_FILE: file, DELIVERY_MAX_BACKLOG: "10000000" }
  const first = new Runner(env)
  await until("first request", () => trustly.writes.length > 0)
  await first.kill("SIGKILL")
  const requests = trustly.requests
  const began = performance.now()
  const runner = new Runner(env)
  while (trustly.requests === requests) await sleep(5)
  const toFirstRequest = performance.now() - began
  const sent = trustly.writes.length
  const from = performance.now()
  await until(
    "some thousand delivered, or the whole backlog",
    async () => trustly.writes.length - sent >= 3_000 || (backlog < 3_000 && await isIdle(runner))
  )
  const rate = (trustly.writes.length - sent) / (performance.now() - from) * 1_000
  const memory = peakMegabytes(runner.pid)
  await runner.kill("SIGTERM")
  rmSync(file)
  return { toFirstRequest, memory, rate }
}

const restarts = async () => {
  // enough for the memory of the small one to be that of a process that has worked
  const small = await restart(1_000)
  const middle = await restart(100_000)
  const large = await restart(1_000_000)
  const more = middle.toFirstRequest - small.toFirstRequest
  row(
    "time from restart after kill -9 to the first request, backlog 100,000 compared with 1,000",
    `${seconds(more)} more`,
    [
      "1 s",
      more <= 1_000
    ],
    ["0.3 s", more <= 300]
  )
  row("the same, backlog 1,000,000 compared with 1,000", `${seconds(large.toFirstRequest - small.toFirstRequest)} more`)
  const ratio = large.memory / small.memory
  row("peak memory, backlog 1,000,000 / 1,000", `${ratio.toFixed(2)} (${large.memory.toFixed(0)} MB)`, [
    "1.3",
    ratio <= 1.3
  ], ["1.1", ratio <= 1.1])
  row(
    "delivered per second, without enqueuing, backlog 1,000 / 100,000 / 1,000,000",
    [small, middle, large].map(({ rate }) => rate.toFixed(0)).join(" / ")
  )
}

try {
  print(`${cpus().length} cores, load average ${loadavg()[0]?.toFixed(1)}, Node ${process.version}\n`)
  print("| figure | measured | required | target |\n|---|---|---|---|")
  const parts = process.argv.slice(2)
  const wants = (part: string) => parts.length === 0 || parts.includes(part)
  if (wants("embedded")) await embeddedThroughput()
  if (wants("graphile") && postgres !== undefined) await besideGraphileWorker(postgres)
  if (wants("runners") && postgres !== undefined) await severalRunners(postgres)
  if (wants("restart")) await restarts()
  print(`\nload average at the end ${loadavg()[0]?.toFixed(1)}`)
} finally {
  postgres?.stop()
  await trustly.stop()
  rmSync(folder, { recursive: true })
}
