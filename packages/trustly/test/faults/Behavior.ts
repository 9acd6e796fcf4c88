import type { Effect, Scope } from "effect"
import type { ClientLayer } from "./layers.ts"

/** A row of the table that takes more than one call, or more than a call. */
export interface Behaviour {
  readonly name: string
  /** Runs with a test clock, which only the check moves. */
  readonly onTestClock?: boolean
  readonly check: (client: ClientLayer) => Effect.Effect<void, never, Scope.Scope>
}
