import type { Behavior } from "./Behavior.ts"
import { connections } from "./behaviors/connections.ts"
import { deadlines } from "./behaviors/deadlines.ts"
import { interruptions } from "./behaviors/interruptions.ts"
import { invalidInput } from "./behaviors/invalidInput.ts"
import { retries } from "./behaviors/retries.ts"

/** The fault table rows with checks of their own, by theme. */
export const behaviors: Readonly<Record<string, ReadonlyArray<Behavior>>> = {
  retries,
  connections,
  deadlines,
  interruptions,
  invalidInput
}
