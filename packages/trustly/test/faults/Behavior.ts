import type { Effect, Scope } from "effect"
import type { ClientLayer } from "./layers.ts"

/** A row of the fault table with a check of its own, for example one with several calls. */
export interface Behavior {
  readonly name: string
  /** Runs on a test clock, which only the check moves. */
  readonly onTestClock?: boolean
  readonly check: (client: ClientLayer) => Effect.Effect<void, never, Scope.Scope>
}
