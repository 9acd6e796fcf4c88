import type * as Headers from "@effect/platform/Headers"
import type { NetworkFailure } from "./networkReason.ts"

/** What one attempt came to, once there was a head: all that the classification looks at. */
export interface Answer {
  readonly status: number
  readonly headers: Headers.Headers
  readonly body: Body
}

export type Body =
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Encoding" }
  | { readonly _tag: "TooLarge" }
  | { readonly _tag: "Broken"; readonly failure: NetworkFailure }
