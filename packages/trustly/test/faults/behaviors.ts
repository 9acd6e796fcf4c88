import type { Behaviour } from "./Behaviour.ts"
import { connections } from "./behaviours/connections.ts"
import { deadlines } from "./behaviours/deadlines.ts"
import { interruptions } from "./behaviours/interruptions.ts"
import { refusals } from "./behaviours/refusals.ts"
import { retries } from "./behaviours/retries.ts"

/** What takes more than one call, by theme. */
export const behaviours: Readonly<Record<string, ReadonlyArray<Behaviour>>> = {
  retries,
  connections,
  deadlines,
  interruptions,
  refusals
}
