import { assert, describe, it } from "vitest"
import { testOneRunner } from "./support/oneRunner.ts"
import { Runner, until } from "./support/runners.ts"
import { Setting } from "./support/setting.ts"

describe("SQLite", () => {
  const at = new Setting({ usesPostgres: false })
  testOneRunner(at, () => at.sqliteEnv())

  it("refuses a second process on the same file", async () => {
    const shared = at.sqliteEnv()
    const first = await new Runner(shared).started()
    const second = new Runner(shared)
    await second.exited
    assert.strictEqual(second.exitCode, 1)
    assert.match(second.output, /database is locked|InUse/)
    first.enqueue(["1"], 1, 1)
    // the backlog is counted once a second, so it can still be that of before
    await until("the delivery", () => first.accepted.length === 1 && at.allDelivered(first.accepted))
    at.assertDelivery(first.accepted, 0)
  })
})
