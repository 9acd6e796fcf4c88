import type { Expected, LayerName } from "./expectations.ts"
import type { ListenOptions, Plays } from "./FaultServer.ts"

/** The timeout of every scenario with `expires`, in milliseconds on the test clock. */
export const deadline = 500

export interface Ports {
  readonly self: number
  /** A second server, which responds like Trustly. No request may reach it. */
  readonly other: number
}

export type { Plays }

/** One row of the fault table: what the server does during one call, and the results that the caller may get. */
export interface Scenario {
  readonly name: string
  readonly plays?: Plays | ((ports: Ports) => Plays)
  /** The base URL of the call. Defaults to the server. */
  readonly url?: (ports: Ports) => string
  readonly tls?: ListenOptions["tls"]
  /** The client trusts the test's certificate authority. */
  readonly trusts?: boolean
  /** The server accepts connections but never reads from them. */
  readonly neverReads?: boolean
  readonly expected: ReadonlyArray<Expected>
  /** The expected results on a layer where they differ. */
  readonly on?: Partial<Record<LayerName, ReadonlyArray<Expected>>>
  /** The expected results of `get`. Defaults to those of `update` with the outcome `NotSent`. */
  readonly read?: ReadonlyArray<Expected>
  /** The `customData` of the update. */
  readonly customData?: Readonly<Record<string, unknown>>
  /** Runs on a test clock, which moves to the deadline once the server is silent or repeats itself. */
  readonly expires?: boolean
  /** Runs on a test clock that stays at the Unix epoch. */
  readonly onTestClock?: boolean
  /** The client must close its socket while the server keeps it open. A list names the layers that this applies to. */
  readonly closes?: boolean | ReadonlyArray<LayerName>
  /** No byte of the request may reach the server. */
  readonly silent?: boolean
  /** The maximum number of requests on a layer. Defaults to 1. */
  readonly requests?: Partial<Record<LayerName, number>>
  readonly maxResponseBytes?: number
  /** Runs after the call, to check for side effects that the result does not show. */
  readonly afterwards?: () => void
}
