import { Effect } from "effect"
import type { LayerName } from "./expectations.ts"
import { clientLayers } from "./layers.ts"

export interface Tally {
  /** Counts the check as run, and as passed if it succeeds. */
  readonly count: <E, R>(name: LayerName, check: Effect.Effect<void, E, R>) => Effect.Effect<void, E, R>
  readonly print: () => void
}

/** Counts and prints how many checks passed on each layer. */
export const makeTally = (what: string): Tally => {
  const counts = { fetch: { run: 0, passed: 0 }, node: { run: 0, passed: 0 }, undici: { run: 0, passed: 0 } }
  return {
    count: (name, check) =>
      Effect.suspend(() => {
        counts[name].run++
        return check
      }).pipe(Effect.zipLeft(Effect.sync(() => counts[name].passed++))),
    print: () => {
      const lines = clientLayers.filter(({ name }) => counts[name].run > 0).map(({ name }) =>
        `${what}, ${name}: ${counts[name].passed} of ${counts[name].run}\n`
      )
      process.stdout.write(lines.join(""))
    }
  }
}
