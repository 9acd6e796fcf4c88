import { afterAll, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { behaviors } from "./behaviors.ts"
import { certificates } from "./certificates.ts"
import { checkScenario, warmUp } from "./harness.ts"
import type { ClientLayer } from "./layers.ts"
import { clientLayers } from "./layers.ts"
import { themes } from "./scenarios.ts"
import { makeTally } from "./tally.ts"

/** Defines the tests of the whole fault table on one layer. They run concurrently because each spends most of its time waiting. */
export const testTable = (client: ClientLayer): void => {
  const tally = makeTally("faults")
  beforeAll(() => Effect.runPromise(warmUp(client)))
  afterAll(tally.print)

  for (const [theme, scenarios] of Object.entries(themes(certificates))) {
    describe.concurrent(`${theme}`, () => {
      for (const [row, scenario] of scenarios.entries()) {
        // reads differ from updates only in the outcome, so each row runs `get` on just one layer
        const reads = clientLayers[row % clientLayers.length] === client
        const { expires = false, onTestClock = false } = scenario
        const run = expires || onTestClock ? it.scoped : it.scopedLive
        run(`${scenario.name} (${client.name})`, () =>
          Effect.forEach(
            reads ? ["update", "get"] as const : ["update"] as const,
            (operation) => checkScenario(scenario, client, certificates, operation),
            { discard: true }
          ).pipe((check) => tally.count(client.name, check)))
      }
    })
  }

  for (const [theme, rows] of Object.entries(behaviors)) {
    describe.concurrent(`${theme}`, () => {
      for (const { check, name, onTestClock = false } of rows) {
        const run = onTestClock ? it.scoped : it.scopedLive
        run(`${name} (${client.name})`, () => tally.count(client.name, check(client)))
      }
    })
  }
}
