/** The environment of the process tests: a fake Trustly server, a temporary folder, and Postgres if it is installed. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, assert, beforeAll, beforeEach } from "vitest"
import { FakeTrustly } from "./fakeTrustly.ts"
import * as Pg from "./postgres.ts"
import type { Accepted, Runner } from "./runners.ts"
import { abortedDeliveries, stopAll } from "./runners.ts"

export const customers = Array.from({ length: 12 }, (_, index) => `customer-${index + 1}`)

/** Maximum number of requests that a runner has in flight. */
export const concurrency = 16

export const isIdle = async (runner: Runner) => (await runner.state()).includes("\"queued\":0")

export class TestEnvironment {
  /** Replaced before each test. */
  trustly = new FakeTrustly()
  folder = ""
  postgres: Pg.Postgres | undefined
  #databases = 0

  constructor(options: { readonly usesPostgres: boolean }) {
    beforeAll(async () => {
      if (options.usesPostgres) this.postgres = await Pg.Postgres.start()
    })
    beforeEach(async () => {
      this.trustly = new FakeTrustly()
      await this.trustly.start()
      this.folder = mkdtempSync(join(tmpdir(), "trustly-delivery-"))
    })
    afterEach(async () => {
      await stopAll()
      await this.trustly.stop()
      rmSync(this.folder, { recursive: true, force: true })
    })
    afterAll(() => this.postgres?.stop())
  }

  commonEnv() {
    return {
      TRUSTLY_BASE_URL: this.trustly.baseUrl,
      DELIVERY_BASE_DELAY: "100 millis",
      DELIVERY_MAX_DELAY: "1 second",
      DELIVERY_PROBE_INTERVAL: "1 second"
    }
  }

  sqliteEnv() {
    return { ...this.commonEnv(), DELIVERY_FILE: join(this.folder, "delivery.db") }
  }

  postgresEnv() {
    if (this.postgres === undefined) throw new Error("Postgres is not installed")
    return { ...this.commonEnv(), DATABASE_URL: this.postgres.createDatabase(`delivery_${++this.#databases}`) }
  }

  allDelivered(accepted: ReadonlyArray<Accepted>): boolean {
    const written = new Set(this.trustly.writes.map(({ customerId, vip }) => `${customerId} ${vip}`))
    return accepted.every(({ customerId, vip }) => written.has(`${customerId} ${vip}`))
  }

  /**
   * Asserts that no change was lost, that the requests of each customer arrived in order and one at a time, and that at most
   * `maxRepeats` requests were repeated. `maxLate` is the number of requests that a suspended runner may have started before it was
   * suspended: they arrive when it continues. Each delivery that a runner aborted may be repeated, too.
   */
  assertDelivery(accepted: ReadonlyArray<Accepted>, maxRepeats: number, maxLate = 0): void {
    const ids = new Set(accepted.map(({ customerId }) => customerId))
    const aborted = abortedDeliveries()
    let repeats = 0
    let late = 0
    for (const customerId of ids) {
      const values = this.trustly.valuesOf(customerId)
      for (const [index, value] of values.entries()) {
        const previous = values[index - 1]
        if (previous === undefined) continue
        if (value === previous) repeats++
        if (value >= previous) continue
        assert.isAtMost(++late, maxLate + aborted, `${customerId} received ${values.join(", ")}`)
      }
    }
    assert.isTrue(this.allDelivered(accepted), "Lost a change")
    assert.isAtMost(
      this.trustly.overlaps.length,
      maxLate + aborted,
      "Two requests for one customer were in flight at the same time"
    )
    assert.isAtMost(repeats, maxRepeats + aborted)
  }
}
