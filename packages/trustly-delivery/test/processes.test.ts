// @effect-diagnostics processEnv:off -- SOAK is for the test, not for a program
import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, afterEach, assert, beforeAll, beforeEach, describe, it } from "vitest"
import { FakeTrustly } from "./support/fakeTrustly.ts"
import * as Pg from "./support/postgres.ts"
import type { Accepted } from "./support/runners.ts"
import { bundleRunner, Runner, stopAll, testKey, until } from "./support/runners.ts"

const isSoak = process.env["SOAK"] === "1"
const killRounds = isSoak ? 20 : 3

const customers = Array.from({ length: 12 }, (_, index) => `customer-${index + 1}`)
const concurrency = 16

let trustly: FakeTrustly
let folder: string
let postgres: Pg.Postgres | undefined
let databases = 0

beforeAll(async () => {
  bundleRunner()
  if (Pg.isInstalled) postgres = await Pg.Postgres.start()
})

afterAll(() => postgres?.stop())

beforeEach(async () => {
  trustly = new FakeTrustly()
  await trustly.start()
  folder = mkdtempSync(join(tmpdir(), "trustly-delivery-"))
})

afterEach(async () => {
  await stopAll()
  await trustly.stop()
  rmSync(folder, { recursive: true, force: true })
})

const commonEnv = () => ({
  TRUSTLY_BASE_URL: trustly.baseUrl,
  DELIVERY_BASE_DELAY: "100 millis",
  DELIVERY_MAX_DELAY: "1 second",
  DELIVERY_PROBE_INTERVAL: "1 second"
})

const sqliteEnv = () => ({ ...commonEnv(), DELIVERY_FILE: join(folder, "delivery.db") })
const postgresEnv = () => {
  if (postgres === undefined) throw new Error("no Postgres")
  return { ...commonEnv(), DATABASE_URL: postgres.createDatabase(`delivery_${++databases}`) }
}

const allDelivered = (accepted: ReadonlyArray<Accepted>) => {
  const written = new Set(trustly.writes.map(({ customerId, vip }) => `${customerId} ${vip}`))
  return accepted.every(({ customerId, vip }) => written.has(`${customerId} ${vip}`))
}

/** Nothing lost, every customer in order and one at a time, and at most so many repeated requests. */
const assertDelivery = (accepted: ReadonlyArray<Accepted>, maxRepeats: number) => {
  const ids = new Set(accepted.map(({ customerId }) => customerId))
  let repeats = 0
  for (const customerId of ids) {
    const values = trustly.valuesOf(customerId)
    for (const [index, value] of values.entries()) {
      const before = values[index - 1]
      if (before === undefined) continue
      assert.isAtLeast(value, before, `${customerId} got ${values.join(", ")}`)
      if (value === before) repeats++
    }
  }
  assert.isTrue(allDelivered(accepted), "a change was lost")
  assert.deepStrictEqual(trustly.overlaps, [], "two requests for one customer at the same time")
  assert.isAtMost(repeats, maxRepeats)
}

const isIdle = async (runner: Runner) => (await runner.state()).includes("\"queued\":0")

const storages = [
  { name: "SQLite", isSkipped: false, env: sqliteEnv },
  { name: "Postgres", isSkipped: !Pg.isInstalled, env: postgresEnv }
]

for (const { env, isSkipped, name } of storages) {
  describe.skipIf(isSkipped)(`${name}${isSkipped ? " (skipped: install Debian's postgresql package)" : ""}`, () => {
    it("loses nothing and keeps the order when the process is killed again and again", async () => {
      const shared = env()
      const accepted: Array<Accepted> = []
      // some requests fail, so that retries are among what is interrupted
      trustly.answer = (n) => n % 50 === 0 ? "reset" : n % 10 === 0 ? 503 : "ok"
      for (let round = 0; round < killRounds; round++) {
        const runner = await new Runner(shared).started()
        runner.enqueue(customers, round * 100 + 1, round * 100 + 20)
        const before = trustly.requests
        await until(
          "some accepted and some sent",
          () => runner.accepted.length >= 20 + (round * 37) % 150 && trustly.requests > before + 10
        )
        await runner.kill("SIGKILL")
        accepted.push(...runner.accepted)
      }
      const runner = await new Runner(shared).started()
      await until("empty backlog", () => isIdle(runner))
      // a reset and a 503 are repeated too: the change may have been applied
      const failures = Math.ceil(trustly.requests / 10) + Math.ceil(trustly.requests / 50)
      assertDelivery(accepted, killRounds * concurrency + failures)
      const [first] = accepted
      assert.strictEqual(await runner.status(first?.receipt ?? ""), "Delivered")
    })

    it("sends nothing twice when it is stopped with SIGTERM and started again", async () => {
      const shared = env()
      trustly.delay = 50
      const first = await new Runner(shared).started()
      first.enqueue(customers, 1, 10)
      await until("all accepted", () => first.lines.includes("enqueued"))
      await until("some sent", () => trustly.writes.length > 20)
      await first.kill("SIGTERM")
      assert.isBelow(trustly.writes.length, 120)
      const second = await new Runner(shared).started()
      await until("empty backlog", () => isIdle(second))
      assertDelivery(first.accepted, 0)
      assert.strictEqual(trustly.writes.length, 120)
    })

    it("pauses while the credentials are refused and resumes by itself or after a restart", async () => {
      const shared = env()
      trustly.accessKey = "changed"
      const first = await new Runner(shared).started()
      first.enqueue(customers, 1, 2)
      await until("pause", async () => (await first.state()).includes("CredentialsRefused"))
      const sent = trustly.requests
      assert.isAtMost(sent, concurrency)
      await until("probe", () => trustly.requests > sent)
      assert.strictEqual(trustly.writes.length, 0)
      assert.include(await first.state(), "\"failed\":0")
      await first.kill("SIGTERM")

      const second = await new Runner({ ...shared, TRUSTLY_ACCESS_KEY: "changed", DELIVERY_PROBE_INTERVAL: "1 hour" })
        .started()
      await until("empty backlog", () => isIdle(second))
      assert.include(await second.state(), "Running")
      assertDelivery(first.accepted, 0)

      trustly.accessKey = "right"
      second.enqueue(customers, 3, 3)
      await until("pause", async () => (await second.state()).includes("CredentialsRefused"))
      await second.kill("SIGTERM")
      const third = await new Runner(shared).started()
      await until("empty backlog", () => isIdle(third))
      assertDelivery([...first.accepted, ...second.accepted], 0)
    })

    it("does not start without a key that stored changes need, and names its id", async () => {
      const shared = env()
      trustly.answer = () => 503
      const first = await new Runner(shared).started()
      first.enqueue(["1"], 1, 1)
      await until("accepted", () => first.accepted.length === 1)
      await first.kill("SIGTERM")

      const newKey = Buffer.alloc(32, 8).toString("base64")
      const without = new Runner({ ...shared, DELIVERY_KEYS: newKey })
      await without.exited
      assert.strictEqual(without.exitCode, 1)
      assert.match(without.output, /Stored changes need encryption key [0-9a-f]{12}/)

      trustly.answer = () => "ok"
      const rotated = await new Runner({ ...shared, DELIVERY_KEYS: `${newKey},${testKey}` }).started()
      await until("empty backlog", () => isIdle(rotated))
      assertDelivery(first.accepted, 20)
    })

    it("keeps field values out of the database and the logs", async () => {
      const shared = env()
      trustly.answer = (_, customerId) => customerId === "customer-1" ? 400 : customerId === "customer-2" ? 500 : "ok"
      const runner = await new Runner(shared).started()
      runner.enqueue(customers, 1, 4)
      await until("dead letters", async () => (await runner.state()).includes("\"failed\":4"))
      const stored = postgres !== undefined && "DATABASE_URL" in shared
        ? postgres.sql(
          new URL(shared.DATABASE_URL).pathname.slice(1),
          "SELECT changes::text, convert_from(decode(encode(payload, 'hex'), 'escape'), 'SQL_ASCII') FROM trustly_delivery_changes changes"
        )
        : readdirSync(folder).map((file) => readFileSync(join(folder, file), "latin1")).join("")
      assert.include(stored, "customer-1")
      for (const text of [stored, runner.output]) {
        assert.notInclude(text, "sentinel@example.com")
        assert.notInclude(text, "Sentinel Name")
        assert.notInclude(text, testKey)
      }
    })
  })
}

describe("SQLite", () => {
  it("refuses a second process on the same file", async () => {
    const shared = sqliteEnv()
    const first = await new Runner(shared).started()
    const second = new Runner(shared)
    await second.exited
    assert.strictEqual(second.exitCode, 1)
    assert.match(second.output, /database is locked|InUse/)
    first.enqueue(["1"], 1, 1)
    // the backlog is counted once a second, so it can still be that of before
    await until("the delivery", () => first.accepted.length === 1 && allDelivered(first.accepted))
    assertDelivery(first.accepted, 0)
  })

  const canMount = process.getuid?.() === 0 && process.platform === "linux"
  it.skipIf(!canMount)("refuses changes while the disk is full, then goes on by itself and loses nothing", async () => {
    const disk = mkdtempSync(join(tmpdir(), "trustly-disk-"))
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk])
    try {
      const runner = await new Runner({ ...commonEnv(), DELIVERY_FILE: join(disk, "delivery.db") }).started()
      trustly.delay = 20
      for (let from = 1; runner.refused.length === 0; from += 50) {
        const lines = runner.lines.length
        runner.enqueue(customers, from, from + 49)
        await until("answers", () => runner.lines.slice(lines).includes("enqueued"))
      }
      assert.include(runner.refused, "StorageError Full")
      // whatever is in flight is sent once, not again and again
      await sleep(2_000)
      const sent = trustly.requests
      await sleep(2_000)
      const { length } = new Set(trustly.writes.map(({ customerId, vip }) => `${customerId} ${vip}`))
          .size === 0 ?
        { length: 0 } :
        trustly.writes
      assert.isAtMost(trustly.requests - sent, length)
      execFileSync("mount", ["-o", "remount,size=64m", disk])
      await until("empty backlog", () => isIdle(runner))
      assertDelivery(runner.accepted, 2 * concurrency)
    } finally {
      await stopAll()
      execFileSync("umount", [disk])
      rmSync(disk, { recursive: true })
    }
  })
})

describe.skipIf(!Pg.isInstalled)("several runners on Postgres", () => {
  it("moves the customers of a killed and of a stopped runner to the others", async () => {
    const shared = postgresEnv()
    trustly.delay = 30
    const [a, b, c] = await Promise.all([1, 2, 3].map(() => new Runner(shared).started()))
    if (a === undefined || b === undefined || c === undefined) throw new Error("three runners")
    const many = Array.from({ length: 60 }, (_, index) => `customer-${index + 1}`)
    a.enqueue(many, 1, 15)
    await until("all accepted", () => a.lines.includes("enqueued"))
    await until("some sent", () => trustly.writes.length > 100)
    b.signal("SIGSTOP")
    await a.kill("SIGKILL")
    await until("all delivered by the third", () => allDelivered(a.accepted))
    // the stopped runner comes back to lanes that have moved
    const sent = trustly.writes.length
    b.signal("SIGCONT")
    b.enqueue(many, 16, 17)
    await until("all delivered", async () => allDelivered(b.accepted) && b.accepted.length === 120 && await isIdle(c))
    assert.isAtLeast(trustly.writes.length, sent)
    assertDelivery([...a.accepted, ...b.accepted], 2 * concurrency)
  })

  it("hands lanes over at once when a runner ends", async () => {
    const shared = postgresEnv()
    trustly.delay = 30
    const [a, b] = await Promise.all([1, 2].map(() => new Runner(shared).started()))
    if (a === undefined || b === undefined) throw new Error("two runners")
    a.enqueue(customers, 1, 20)
    await until("all accepted", () => a.lines.includes("enqueued"))
    await a.kill("SIGTERM")
    assert.strictEqual(a.exitCode, 0)
    await until("empty backlog", () => isIdle(b))
    assertDelivery(a.accepted, 0)
  })

  it("goes on by itself after the database was restarted", async () => {
    const shared = postgresEnv()
    const runner = await new Runner(shared).started()
    trustly.delay = 50
    runner.enqueue(customers, 1, 20)
    await until("some sent", () => trustly.writes.length > 20)
    postgres?.pause()
    await sleep(6_000)
    postgres?.resume()
    await until("answers", () => runner.lines.includes("enqueued"))
    runner.enqueue(customers, 21, 22)
    await until("empty backlog", () => isIdle(runner))
    assertDelivery(runner.accepted, 2 * concurrency)
  })

  it("delivers what a process accepted that sends nothing itself", async () => {
    const shared = postgresEnv()
    const producer = await new Runner({ ...shared, PRODUCER: "true" }).started()
    producer.enqueue(customers, 1, 2)
    await until("all accepted", () => producer.accepted.length === 24)
    assert.strictEqual(trustly.requests, 0)
    const runner = await new Runner(shared).started()
    await until("empty backlog", () => isIdle(runner))
    assertDelivery(producer.accepted, 0)
  })
})
