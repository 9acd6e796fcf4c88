// @effect-diagnostics globalFetch:off -- asks the fake Trustly, beside what is measured
/** One contender in a process of its own: enqueues, delivers, and prints what it measured as JSON. */
import { performance } from "node:perf_hooks"
import { setTimeout as sleep } from "node:timers/promises"
import * as Contenders from "./contenders.ts"
import { customersOf, percentile, timeEach } from "./load.ts"

const [name = "", baseUrl = "", database = "", count = "1000"] = process.argv.slice(2)

const contenders: Record<string, () => Promise<Contenders.Contender>> = {
  update: () => Contenders.update(baseUrl),
  embedded: () => Contenders.embedded(baseUrl, database),
  postgres: () => Contenders.onPostgres(baseUrl, database),
  graphile: () => Contenders.graphileWorker(baseUrl, database),
  producer: () => Contenders.embeddedProducer(database)
}

const start = contenders[name]
if (start === undefined) throw new Error(`no contender ${name}`)
const contender = await start()
const sends = name !== "producer"
const customers = customersOf(200)
const customer = (index: number) => customers[index % customers.length] ?? ""

// every path is compiled before it is measured
await timeEach(200, 16, (index) => contender.enqueue(customer(index), 0))
const single = await timeEach(300, 1, (index) => contender.enqueue(customer(index), 1))

const delivered = async (): Promise<number> => Number(await (await fetch(`${baseUrl}/count`)).text())
const untilDelivered = async (total: number): Promise<void> => {
  if (!sends) return
  while ((await delivered()) < total) await sleep(50)
}
await untilDelivered(500)
const before = sends ? await delivered() : 0
const cpu = process.cpuUsage()
const began = performance.now()
const grouped = await timeEach(Number(count), 64, (index) => contender.enqueue(customer(index), 2))
await untilDelivered(before + Number(count))
const seconds = (performance.now() - began) / 1_000
const { system, user } = process.cpuUsage(cpu)

const figures = ({ all, each }: Awaited<ReturnType<typeof timeEach>>) => ({
  p50: percentile(each, 0.5),
  p99: percentile(each, 0.99),
  perSecond: each.length / all * 1_000
})
process.stdout.write(`${
  JSON.stringify({
    single: figures(single),
    grouped: figures(grouped),
    deliveredPerSecond: Number(count) / seconds,
    cpuMillisEach: (system + user) / 1_000 / Number(count)
  })
}\n`)
await contender.stop()
