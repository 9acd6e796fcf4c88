import { setTimeout as sleep } from "node:timers/promises"
import { assert, describe, it } from "vitest"
import { soak } from "../../trustly/test/soak.ts"
import { isInstalled } from "./support/postgres.ts"
import { Runner, until } from "./support/runners.ts"
import { concurrency, customers, isIdle, TestEnvironment } from "./support/testEnvironment.ts"

/** For each of the customers that several runners share. */
const changes = soak({ quick: 12, whole: 25 })

describe.skipIf(!isInstalled)("Several runners on Postgres", () => {
  const environment = new TestEnvironment({ usesPostgres: isInstalled })

  /** Suspends a runner during an open transaction that locks rows that the other runners need. */
  const suspendInTransaction = async (runner: Runner, database: string): Promise<void> => {
    const name = new URL(database).pathname.slice(1)
    const openTransactions = () =>
      environment.postgres?.sql(
        name,
        `SELECT pid, xact_start FROM pg_stat_activity WHERE datname = '${name}' AND state = 'idle in transaction'`
      ).split("\n").filter((line) => line !== "") ?? []
    await until("a runner suspended in a transaction", async () => {
      runner.signal("SIGSTOP")
      await sleep(100)
      const before = new Set(openTransactions())
      await sleep(100)
      if (openTransactions().some((transaction) => before.has(transaction))) return true
      runner.signal("SIGCONT")
      return false
    })
  }

  it("moves the customers of a killed runner and of a suspended runner to the remaining runner", async () => {
    const shared = environment.postgresEnv()
    environment.trustly.delay = 30
    const [a, b, c] = await Promise.all([1, 2, 3].map(() => new Runner(shared).started()))
    if (a === undefined || b === undefined || c === undefined) throw new Error("Expected three runners")
    const many = Array.from({ length: 60 }, (_, index) => `customer-${index + 1}`)
    a.enqueue(many, 1, changes)
    await until("100 sent changes", () => environment.trustly.writes.length > 100)
    await suspendInTransaction(b, shared.DATABASE_URL)
    await until("all changes accepted", () => a.lines.includes("enqueued"))
    await a.kill("SIGKILL")
    await until("the remaining runner to deliver all changes", () => environment.allDelivered(a.accepted))
    // the suspended runner continues after its lanes have moved
    const sent = environment.trustly.writes.length
    b.signal("SIGCONT")
    b.enqueue(many, changes + 1, changes + 2)
    await until("all enqueue results", () => b.lines.includes("enqueued"))
    await until("all changes delivered", async () => environment.allDelivered(b.accepted) && await isIdle(c))
    assert.isAtLeast(environment.trustly.writes.length, sent)
    // on a busy machine, some wait too long for a row that another transaction has locked
    assert.deepStrictEqual(b.rejected.filter((error) => error !== "StorageError Unavailable"), [])
    assert.isNotEmpty(b.accepted)
    assert.strictEqual(b.accepted.length + b.rejected.length, 120)
    environment.assertDelivery([...a.accepted, ...b.accepted], 2 * concurrency, concurrency)
  })

  it("releases lanes immediately when a runner exits", async () => {
    const shared = environment.postgresEnv()
    environment.trustly.delay = 30
    const [a, b] = await Promise.all([1, 2].map(() => new Runner(shared).started()))
    if (a === undefined || b === undefined) throw new Error("Expected two runners")
    a.enqueue(customers, 1, 20)
    await until("all changes accepted", () => a.lines.includes("enqueued"))
    await a.kill("SIGTERM")
    assert.strictEqual(a.exitCode, 0)
    await until("an empty backlog", () => isIdle(b))
    environment.assertDelivery(a.accepted, 0)
  })

  it("resumes after a database restart", async () => {
    const shared = environment.postgresEnv()
    const runner = await new Runner(shared).started()
    environment.trustly.delay = 50
    runner.enqueue(customers, 1, 20)
    await until("20 sent changes", () => environment.trustly.writes.length > 20)
    environment.postgres?.pause()
    await sleep(6_000)
    environment.postgres?.resume()
    await until("all enqueue results", () => runner.lines.includes("enqueued"))
    runner.enqueue(customers, 21, 22)
    await until("an empty backlog", () => isIdle(runner))
    environment.assertDelivery(runner.accepted, 2 * concurrency)
  })

  it("delivers changes that a producer accepted", async () => {
    const shared = environment.postgresEnv()
    const producer = await new Runner({ ...shared, PRODUCER: "true" }).started()
    producer.enqueue(customers, 1, 2)
    await until("all changes accepted", () => producer.accepted.length === 24)
    assert.strictEqual(environment.trustly.requests, 0)
    const runner = await new Runner(shared).started()
    await until("an empty backlog", () => isIdle(runner))
    environment.assertDelivery(producer.accepted, 0)
  })
})
