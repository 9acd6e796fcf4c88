import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { assert, it } from "vitest"
import { Runner, stopAll, until } from "./support/runners.ts"
import { concurrency, customers, isIdle, Setting } from "./support/setting.ts"

const at = new Setting({ usesPostgres: false })

const canMount = process.getuid?.() === 0 && process.platform === "linux"
it.skipIf(!canMount)("refuses changes while the disk is full, then goes on by itself and loses nothing", async () => {
  const disk = mkdtempSync(join(tmpdir(), "trustly-disk-"))
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", disk])
  try {
    const runner = await new Runner({ ...at.commonEnv(), DELIVERY_FILE: join(disk, "delivery.db") }).started()
    at.trustly.delay = 20
    for (let from = 1; runner.refused.length === 0; from += 50) {
      const lines = runner.lines.length
      runner.enqueue(customers, from, from + 49)
      await until("answers", () => runner.lines.slice(lines).includes("enqueued"))
    }
    assert.include(runner.refused, "StorageError Full")
    // whatever is in flight is sent once, not again and again
    await sleep(2_000)
    const sent = at.trustly.requests
    await sleep(2_000)
    const { length } = new Set(at.trustly.writes.map(({ customerId, vip }) => `${customerId} ${vip}`))
        .size === 0 ?
      { length: 0 } :
      at.trustly.writes
    assert.isAtMost(at.trustly.requests - sent, length)
    execFileSync("mount", ["-o", "remount,size=64m", disk])
    await until("empty backlog", () => isIdle(runner))
    at.assertDelivery(runner.accepted, 2 * concurrency)
  } finally {
    await stopAll()
    execFileSync("umount", [disk])
    rmSync(disk, { recursive: true })
  }
})
