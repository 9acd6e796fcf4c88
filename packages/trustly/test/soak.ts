import { Config, Effect } from "effect"

/** Whether `SOAK=1` is set, as it is in CI. */
export const isSoak = Effect.runSync(Config.withDefault(Config.boolean("SOAK"), false))

/** The size of a test: `whole` in CI, `quick` otherwise. */
export const soak = (size: { readonly quick: number; readonly whole: number }): number =>
  isSoak ? size.whole : size.quick
