/** The tests of a single runner, for SQLite and Postgres. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "vitest"
import { soak } from "../../../trustly/test/soak.ts"
import { abortedDeliveries, Runner, testKey, until } from "./runners.ts"
import type { Accepted } from "./runners.ts"
import { concurrency, customers, isIdle, type TestEnvironment } from "./testEnvironment.ts"

const killRounds = soak({ quick: 3, whole: 20 })

export const testOneRunner = (environment: TestEnvironment, env: () => Record<string, string>): void => {
  it("loses nothing and keeps the order when the process is killed repeatedly", async () => {
    const shared = env()
    const accepted: Array<Accepted> = []
    // some requests fail, so that some kills interrupt retries
    environment.trustly.answer = (n) => n % 50 === 0 ? "reset" : n % 10 === 0 ? 503 : "ok"
    for (let round = 0; round < killRounds; round++) {
      const runner = await new Runner(shared).started()
      runner.enqueue(customers, round * 100 + 1, round * 100 + 20)
      const before = environment.trustly.requests
      await until(
        "some accepted and some sent changes",
        () => runner.accepted.length >= 20 + (round * 37) % 150 && environment.trustly.requests > before + 10
      )
      await runner.kill("SIGKILL")
      accepted.push(...runner.accepted)
    }
    const runner = await new Runner(shared).started()
    await until("an empty backlog", () => isIdle(runner))
    // requests that failed with a reset or a 503 are repeated too
    const failures = Math.ceil(environment.trustly.requests / 10) + Math.ceil(environment.trustly.requests / 50)
    environment.assertDelivery(accepted, killRounds * concurrency + failures)
    const [first] = accepted
    assert.strictEqual(await runner.status(first?.receipt ?? ""), "Delivered")
  })

  it("sends nothing twice when the process is stopped with SIGTERM and restarted", async () => {
    const shared = env()
    environment.trustly.delay = 50
    const first = await new Runner(shared).started()
    first.enqueue(customers, 1, 10)
    await until("all changes accepted", () => first.lines.includes("enqueued"))
    await until("20 sent changes", () => environment.trustly.writes.length > 20)
    await first.kill("SIGTERM")
    assert.isBelow(environment.trustly.writes.length, 120)
    const second = await new Runner(shared).started()
    await until("an empty backlog", () => isIdle(second))
    environment.assertDelivery(first.accepted, 0)
    assert.isAtMost(environment.trustly.writes.length, 120 + abortedDeliveries())
  })

  it("ends although Trustly does not respond, and sends the aborted changes after a restart", async () => {
    const shared = env()
    environment.trustly.answer = () => "silence"
    const first = await new Runner(shared).started()
    first.enqueue(["1", "2"], 1, 2)
    await until("requests in flight", () => environment.trustly.requests === 2 && first.lines.includes("enqueued"))
    await first.kill("SIGTERM")
    assert.strictEqual(first.exitCode, 0)
    // not when the requests reached their own timeout
    assert.include(first.output, "Aborted 2 deliveries: the process is stopping")
    environment.trustly.answer = () => "ok"
    const second = await new Runner(shared).started()
    await until("an empty backlog", () => isIdle(second))
    environment.assertDelivery(first.accepted, 2)
  })

  it("pauses and probes while Trustly rejects the credentials, and resumes after a restart", async () => {
    const shared = env()
    environment.trustly.accessKey = "changed"
    const first = await new Runner(shared).started()
    first.enqueue(customers, 1, 2)
    await until("a pause", async () => (await first.state()).includes("CredentialsRefused"))
    const sent = environment.trustly.requests
    assert.isAtMost(sent, concurrency)
    await until("a probe", () => environment.trustly.requests > sent)
    assert.strictEqual(environment.trustly.writes.length, 0)
    assert.include(await first.state(), "\"failed\":0")
    await first.kill("SIGTERM")

    const second = await new Runner({ ...shared, TRUSTLY_ACCESS_KEY: "changed", DELIVERY_PROBE_INTERVAL: "1 hour" })
      .started()
    await until("an empty backlog", () => isIdle(second))
    assert.include(await second.state(), "Running")
    environment.assertDelivery(first.accepted, 0)

    environment.trustly.accessKey = "right"
    second.enqueue(customers, 3, 3)
    await until("a pause", async () => (await second.state()).includes("CredentialsRefused"))
    await second.kill("SIGTERM")
    const third = await new Runner(shared).started()
    await until("an empty backlog", () => isIdle(third))
    environment.assertDelivery([...first.accepted, ...second.accepted], 0)
  })

  it("fails to start without a key that stored changes need, and reports the key id", async () => {
    const shared = env()
    environment.trustly.answer = () => 503
    const first = await new Runner(shared).started()
    first.enqueue(["1"], 1, 1)
    await until("an accepted change", () => first.accepted.length === 1)
    await first.kill("SIGTERM")

    const newKey = Buffer.alloc(32, 8).toString("base64")
    const withoutOldKey = new Runner({ ...shared, DELIVERY_KEYS: newKey })
    await withoutOldKey.exited
    assert.strictEqual(withoutOldKey.exitCode, 1)
    assert.match(withoutOldKey.output, /Stored changes need encryption key [0-9a-f]{12}/)

    environment.trustly.answer = () => "ok"
    const rotated = await new Runner({ ...shared, DELIVERY_KEYS: `${newKey},${testKey}` }).started()
    await until("an empty backlog", () => isIdle(rotated))
    environment.assertDelivery(first.accepted, 20)
  })

  it("keeps field values out of the database and the logs", async () => {
    const shared = env()
    environment.trustly.answer = (_, customerId) =>
      customerId === "customer-1" ? 400 : customerId === "customer-2" ? 500 : "ok"
    const runner = await new Runner(shared).started()
    runner.enqueue(customers, 1, 4)
    await until("four dead letters", async () => (await runner.state()).includes("\"failed\":4"))
    const stored = environment.postgres !== undefined && shared["DATABASE_URL"] !== undefined
      ? environment.postgres.sql(
        new URL(shared["DATABASE_URL"]).pathname.slice(1),
        "SELECT changes::text, convert_from(decode(encode(payload, 'hex'), 'escape'), 'SQL_ASCII') FROM trustly_delivery_changes changes"
      )
      : readdirSync(environment.folder).map((file) => readFileSync(join(environment.folder, file), "latin1")).join("")
    assert.include(stored, "customer-1")
    for (const text of [stored, runner.output]) {
      assert.notInclude(text, "sentinel@example.com")
      assert.notInclude(text, "Sentinel Name")
      assert.notInclude(text, testKey)
    }
  })
}
