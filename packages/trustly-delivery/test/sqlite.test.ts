import { assert, describe, it } from "vitest"
import { testOneRunner } from "./support/oneRunner.ts"
import { Runner, until } from "./support/runners.ts"
import { TestEnvironment } from "./support/testEnvironment.ts"

describe("SQLite", () => {
  const environment = new TestEnvironment({ usesPostgres: false })
  testOneRunner(environment, () => environment.sqliteEnv())

  it("fails to start a second process on the same file", async () => {
    const shared = environment.sqliteEnv()
    const first = await new Runner(shared).started()
    const second = new Runner(shared)
    await second.exited
    assert.strictEqual(second.exitCode, 1)
    assert.match(second.output, /database is locked|InUse/)
    first.enqueue(["1"], 1, 1)
    // the backlog is counted once a second, so wait for the request rather than for an empty backlog
    await until("delivery", () => first.accepted.length === 1 && environment.allDelivered(first.accepted))
    environment.assertDelivery(first.accepted, 0)
  })
})
