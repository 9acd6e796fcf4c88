import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { assert, it } from "vitest"
import { Runner, stopAll, until } from "./support/runners.ts"
import { concurrency, customers, isIdle, TestEnvironment } from "./support/testEnvironment.ts"

const environment = new TestEnvironment({ usesPostgres: false })

const canMount = process.getuid?.() === 0 && process.platform === "linux"
it.skipIf(!canMount)("rejects changes while the disk is full, then resumes without losing any", async () => {
  const disk = mkdtempSync(join(tmpdir(), "trustly-disk-"))
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk])
  try {
    const runner = await new Runner({ ...environment.commonEnv(), DELIVERY_FILE: join(disk, "delivery.db") }).started()
    environment.trustly.delay = 20
    for (let from = 1; runner.rejected.length === 0; from += 50) {
      const lines = runner.lines.length
      runner.enqueue(customers, from, from + 49)
      await until("all enqueue results", () => runner.lines.slice(lines).includes("enqueued"))
    }
    assert.include(runner.rejected, "StorageError Full")
    // changes in flight are sent once, not repeatedly
    await sleep(2_000)
    const sent = environment.trustly.requests
    await sleep(2_000)
    assert.isAtMost(environment.trustly.requests - sent, environment.trustly.writes.length)
    execFileSync("mount", ["-o", "remount,size=64m", disk])
    await until("an empty backlog", () => isIdle(runner))
    environment.assertDelivery(runner.accepted, 2 * concurrency)
  } finally {
    await stopAll()
    execFileSync("umount", [disk])
    rmSync(disk, { recursive: true })
  }
})
