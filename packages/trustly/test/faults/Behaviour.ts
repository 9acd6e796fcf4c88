import type { Effect, Scope } from "effect"
import type { ClientLayer } from "./layers.ts"

/** A row of the table that takes more than one call, or more than a call. */
export interface Behaviour {
  readonly name: string
  readonly check: (client: ClientLayer) => Effect.Effect<void, never, Scope.Scope>
}
