import { afterAll, beforeAll, describe, it, vi } from "@effect/vitest"
import { Effect } from "effect"
import { behaviours } from "./behaviours.ts"
import { makeCertificates } from "./certificates.ts"
import { checkScenario, warmUp } from "./harness.ts"
import { clientLayers } from "./layers.ts"
import { themes } from "./scenarios.ts"
import { makeTally } from "./tally.ts"

// most of the time is waiting for deadlines
vi.setConfig({ maxConcurrency: 16 })

const certificates = await Effect.runPromise(makeCertificates)
const tally = makeTally("faults")
beforeAll(() => Effect.runPromise(Effect.forEach(clientLayers, warmUp, { discard: true })))
afterAll(tally.print)

for (const [theme, scenarios] of Object.entries(themes(certificates))) {
  describe.concurrent(`${theme}`, () => {
    for (const [row, scenario] of scenarios.entries()) {
      for (const [column, client] of clientLayers.entries()) {
        // reads differ in their outcome only, so each row is read on one of the layers
        const reads = row % clientLayers.length === column
        it.scopedLive(
          `${scenario.name} (${client.name})`,
          () =>
            checkScenario(scenario, client, certificates, "update").pipe(
              Effect.zipRight(
                Effect.when(checkScenario(scenario, client, certificates, "get"), () => reads),
                { concurrent: true }
              ),
              Effect.asVoid,
              (check) => tally.count(client.name, check)
            ),
          30_000
        )
      }
    }
  })
}

for (const [theme, rows] of Object.entries(behaviours)) {
  describe.concurrent(`${theme}`, () => {
    for (const { check, name } of rows) {
      for (const client of clientLayers) {
        it.scopedLive(`${name} (${client.name})`, () => tally.count(client.name, check(client)), 30_000)
      }
    }
  })
}
