import { Config, Effect } from "effect"

const isSoak = Effect.runSync(Config.withDefault(Config.boolean("SOAK"), false))

/** How large a test is: `whole` with SOAK=1 in the environment, which CI sets; otherwise `quick`. */
export const soak = (size: { readonly quick: number; readonly whole: number }): number =>
  isSoak ? size.whole : size.quick
