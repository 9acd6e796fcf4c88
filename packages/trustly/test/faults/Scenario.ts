import type { Expected, LayerName } from "./expectations.ts"
import type { ListenOptions, Plays } from "./FaultServer.ts"

/** The deadline of every row, in milliseconds of the test clock. */
export const deadline = 500

export interface Ports {
  readonly self: number
  /** A second server, which answers like Trustly and must not be reached. */
  readonly other: number
}

export type { Plays }

/** A row of the table: what the server does to one call, and what the caller may get. */
export interface Scenario {
  readonly name: string
  readonly plays?: Plays | ((ports: Ports) => Plays)
  /** Where the call goes; the server by default. */
  readonly url?: (ports: Ports) => string
  readonly tls?: ListenOptions["tls"]
  /** Trusts the test's own certificate authority. */
  readonly trusts?: boolean
  /** A server that accepts connections and reads nothing from them. */
  readonly deaf?: boolean
  readonly expected: ReadonlyArray<Expected>
  /** Where a layer cannot do what the others do. */
  readonly on?: Partial<Record<LayerName, ReadonlyArray<Expected>>>
  /** What `get` gives, where that is more than a different outcome. */
  readonly read?: ReadonlyArray<Expected>
  /** What customData holds in the update. */
  readonly customData?: Readonly<Record<string, unknown>>
  /** Runs with a test clock, which is moved to the deadline when the server is silent or repeats itself. */
  readonly expires?: boolean
  /** Runs with a test clock that stands still at the beginning of 1970. */
  readonly onTestClock?: boolean
  /** The client must close its socket, while the server keeps it open; on some layers only, where it is a list. */
  readonly closes?: boolean | ReadonlyArray<LayerName>
  /** Not one byte of the request may arrive. */
  readonly silent?: boolean
  /** How often the request arrives at most, on the layers where that is not once. */
  readonly requests?: Partial<Record<LayerName, number>>
  readonly maxResponseBytes?: number
  /** Runs after the call, for what no error shows. */
  readonly afterwards?: () => void
}
