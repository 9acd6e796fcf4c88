/** The tests of one runner, on either database. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "vitest"
import { soak } from "../../../trustly/test/soak.ts"
import { Runner, testKey, until } from "./runners.ts"
import type { Accepted } from "./runners.ts"
import { concurrency, customers, isIdle, type Setting } from "./setting.ts"

const killRounds = soak({ quick: 3, whole: 20 })

export const testOneRunner = (at: Setting, env: () => Record<string, string>): void => {
  it("loses nothing and keeps the order when the process is killed again and again", async () => {
    const shared = env()
    const accepted: Array<Accepted> = []
    // some requests fail, so that retries are among what is interrupted
    at.trustly.answer = (n) => n % 50 === 0 ? "reset" : n % 10 === 0 ? 503 : "ok"
    for (let round = 0; round < killRounds; round++) {
      const runner = await new Runner(shared).started()
      runner.enqueue(customers, round * 100 + 1, round * 100 + 20)
      const before = at.trustly.requests
      await until(
        "some accepted and some sent",
        () => runner.accepted.length >= 20 + (round * 37) % 150 && at.trustly.requests > before + 10
      )
      await runner.kill("SIGKILL")
      accepted.push(...runner.accepted)
    }
    const runner = await new Runner(shared).started()
    await until("empty backlog", () => isIdle(runner))
    // a reset and a 503 are repeated too: the change may have been applied
    const failures = Math.ceil(at.trustly.requests / 10) + Math.ceil(at.trustly.requests / 50)
    at.assertDelivery(accepted, killRounds * concurrency + failures)
    const [first] = accepted
    assert.strictEqual(await runner.status(first?.receipt ?? ""), "Delivered")
  })

  it("sends nothing twice when it is stopped with SIGTERM and started again", async () => {
    const shared = env()
    at.trustly.delay = 50
    const first = await new Runner(shared).started()
    first.enqueue(customers, 1, 10)
    await until("all accepted", () => first.lines.includes("enqueued"))
    await until("some sent", () => at.trustly.writes.length > 20)
    await first.kill("SIGTERM")
    assert.isBelow(at.trustly.writes.length, 120)
    const second = await new Runner(shared).started()
    await until("empty backlog", () => isIdle(second))
    at.assertDelivery(first.accepted, 0)
    assert.strictEqual(at.trustly.writes.length, 120)
  })

  it("pauses while the credentials are refused and resumes by itself or after a restart", async () => {
    const shared = env()
    at.trustly.accessKey = "changed"
    const first = await new Runner(shared).started()
    first.enqueue(customers, 1, 2)
    await until("pause", async () => (await first.state()).includes("CredentialsRefused"))
    const sent = at.trustly.requests
    assert.isAtMost(sent, concurrency)
    await until("probe", () => at.trustly.requests > sent)
    assert.strictEqual(at.trustly.writes.length, 0)
    assert.include(await first.state(), "\"failed\":0")
    await first.kill("SIGTERM")

    const second = await new Runner({ ...shared, TRUSTLY_ACCESS_KEY: "changed", DELIVERY_PROBE_INTERVAL: "1 hour" })
      .started()
    await until("empty backlog", () => isIdle(second))
    assert.include(await second.state(), "Running")
    at.assertDelivery(first.accepted, 0)

    at.trustly.accessKey = "right"
    second.enqueue(customers, 3, 3)
    await until("pause", async () => (await second.state()).includes("CredentialsRefused"))
    await second.kill("SIGTERM")
    const third = await new Runner(shared).started()
    await until("empty backlog", () => isIdle(third))
    at.assertDelivery([...first.accepted, ...second.accepted], 0)
  })

  it("does not start without a key that stored changes need, and names its id", async () => {
    const shared = env()
    at.trustly.answer = () => 503
    const first = await new Runner(shared).started()
    first.enqueue(["1"], 1, 1)
    await until("accepted", () => first.accepted.length === 1)
    await first.kill("SIGTERM")

    const newKey = Buffer.alloc(32, 8).toString("base64")
    const without = new Runner({ ...shared, DELIVERY_KEYS: newKey })
    await without.exited
    assert.strictEqual(without.exitCode, 1)
    assert.match(without.output, /Stored changes need encryption key [0-9a-f]{12}/)

    at.trustly.answer = () => "ok"
    const rotated = await new Runner({ ...shared, DELIVERY_KEYS: `${newKey},${testKey}` }).started()
    await until("empty backlog", () => isIdle(rotated))
    at.assertDelivery(first.accepted, 20)
  })

  it("keeps field values out of the database and the logs", async () => {
    const shared = env()
    at.trustly.answer = (_, customerId) => customerId === "customer-1" ? 400 : customerId === "customer-2" ? 500 : "ok"
    const runner = await new Runner(shared).started()
    runner.enqueue(customers, 1, 4)
    await until("dead letters", async () => (await runner.state()).includes("\"failed\":4"))
    const stored = at.postgres !== undefined && shared["DATABASE_URL"] !== undefined
      ? at.postgres.sql(
        new URL(shared["DATABASE_URL"]).pathname.slice(1),
        "SELECT changes::text, convert_from(decode(encode(payload, 'hex'), 'escape'), 'SQL_ASCII') FROM trustly_delivery_changes changes"
      )
      : readdirSync(at.folder).map((file) => readFileSync(join(at.folder, file), "latin1")).join("")
    assert.include(stored, "customer-1")
    for (const text of [stored, runner.output]) {
      assert.notInclude(text, "sentinel@example.com")
      assert.notInclude(text, "Sentinel Name")
      assert.notInclude(text, testKey)
    }
  })
}
