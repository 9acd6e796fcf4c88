import { Config, Effect } from "effect"

/** Whether SOAK=1 is in the environment, which CI sets. */
export const isSoak = Effect.runSync(Config.withDefault(Config.boolean("SOAK"), false))

/** How large a test is. */
export const soak = (size: { readonly quick: number; readonly whole: number }): number =>
  isSoak ? size.whole : size.quick
