import { Effect } from "effect"
import type { LayerName } from "./expectations.ts"
import { clientLayers } from "./layers.ts"

export interface Tally {
  /** Counts the check as run, and as held when it ends well. */
  readonly count: <E, R>(name: LayerName, check: Effect.Effect<void, E, R>) => Effect.Effect<void, E, R>
  readonly print: () => void
}

/** How many of the checks held on each layer. */
export const makeTally = (what: string): Tally => {
  const counts = { fetch: { run: 0, held: 0 }, node: { run: 0, held: 0 }, undici: { run: 0, held: 0 } }
  return {
    count: (name, check) =>
      Effect.suspend(() => {
        counts[name].run++
        return check
      }).pipe(Effect.zipLeft(Effect.sync(() => counts[name].held++))),
    print: () => {
      const lines = clientLayers.filter(({ name }) => counts[name].run > 0).map(({ name }) =>
        `${what}, ${name}: ${counts[name].held} of ${counts[name].run}\n`
      )
      process.stdout.write(lines.join(""))
    }
  }
}
