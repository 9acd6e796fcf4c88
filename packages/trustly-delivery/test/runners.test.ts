import { setTimeout as sleep } from "node:timers/promises"
import { assert, describe, it } from "vitest"
import { isInstalled } from "./support/postgres.ts"
import { Runner, until } from "./support/runners.ts"
import { concurrency, customers, isIdle, Setting } from "./support/setting.ts"

describe.skipIf(!isInstalled)("several runners on Postgres", () => {
  const at = new Setting({ usesPostgres: isInstalled })

  /** Stops a runner while it holds a transaction open, which locks rows that the others need. */
  const stopInTransaction = async (runner: Runner, database: string): Promise<void> => {
    const name = new URL(database).pathname.slice(1)
    const open = () =>
      at.postgres?.sql(
        name,
        `SELECT pid, xact_start FROM pg_stat_activity WHERE datname = '${name}' AND state = 'idle in transaction'`
      ).split("\n").filter((line) => line !== "") ?? []
    await until("a stop inside a transaction", async () => {
      runner.signal("SIGSTOP")
      await sleep(100)
      const before = new Set(open())
      await sleep(100)
      if (open().some((transaction) => before.has(transaction))) return true
      runner.signal("SIGCONT")
      return false
    })
  }

  it("moves the customers of a killed and of a stopped runner to the others", async () => {
    const shared = at.postgresEnv()
    at.trustly.delay = 30
    const [a, b, c] = await Promise.all([1, 2, 3].map(() => new Runner(shared).started()))
    if (a === undefined || b === undefined || c === undefined) throw new Error("three runners")
    const many = Array.from({ length: 60 }, (_, index) => `customer-${index + 1}`)
    a.enqueue(many, 1, 25)
    await until("some sent", () => at.trustly.writes.length > 100)
    await stopInTransaction(b, shared.DATABASE_URL)
    await until("all accepted", () => a.lines.includes("enqueued"))
    await a.kill("SIGKILL")
    await until("all delivered by the third", () => at.allDelivered(a.accepted))
    // the stopped runner comes back to lanes that have moved
    const sent = at.trustly.writes.length
    b.signal("SIGCONT")
    b.enqueue(many, 26, 27)
    await until(
      "all delivered",
      async () => at.allDelivered(b.accepted) && b.accepted.length === 120 && await isIdle(c)
    )
    assert.isAtLeast(at.trustly.writes.length, sent)
    at.assertDelivery([...a.accepted, ...b.accepted], 2 * concurrency, concurrency)
  })

  it("hands lanes over at once when a runner ends", async () => {
    const shared = at.postgresEnv()
    at.trustly.delay = 30
    const [a, b] = await Promise.all([1, 2].map(() => new Runner(shared).started()))
    if (a === undefined || b === undefined) throw new Error("two runners")
    a.enqueue(customers, 1, 20)
    await until("all accepted", () => a.lines.includes("enqueued"))
    await a.kill("SIGTERM")
    assert.strictEqual(a.exitCode, 0)
    await until("empty backlog", () => isIdle(b))
    at.assertDelivery(a.accepted, 0)
  })

  it("goes on by itself after the database was restarted", async () => {
    const shared = at.postgresEnv()
    const runner = await new Runner(shared).started()
    at.trustly.delay = 50
    runner.enqueue(customers, 1, 20)
    await until("some sent", () => at.trustly.writes.length > 20)
    at.postgres?.pause()
    await sleep(6_000)
    at.postgres?.resume()
    await until("answers", () => runner.lines.includes("enqueued"))
    runner.enqueue(customers, 21, 22)
    await until("empty backlog", () => isIdle(runner))
    at.assertDelivery(runner.accepted, 2 * concurrency)
  })

  it("delivers what a process accepted that sends nothing itself", async () => {
    const shared = at.postgresEnv()
    const producer = await new Runner({ ...shared, PRODUCER: "true" }).started()
    producer.enqueue(customers, 1, 2)
    await until("all accepted", () => producer.accepted.length === 24)
    assert.strictEqual(at.trustly.requests, 0)
    const runner = await new Runner(shared).started()
    await until("empty backlog", () => isIdle(runner))
    at.assertDelivery(producer.accepted, 0)
  })
})
