import type { Outcome } from "effect-trustly"

export interface Options {
  readonly baseUrl: string
  readonly accessId: string
  readonly accessKey: string
  /** In milliseconds. */
  readonly timeout: number
  readonly maxResponseBytes: number
}

/** The customer that is sent: a value that is found nowhere else in each field. */
export interface Customer {
  readonly name: string
  readonly email: string
  readonly phone: string
  readonly address: {
    readonly address1: string
    readonly city: string
    readonly state: string
    readonly zip: string
    readonly country: string
  }
  readonly taxId: string
  readonly customData?: Readonly<Record<string, unknown>>
}

/** What a program knows after the call: the customer, or whether the update may have been applied and whether a retry helps. */
export type Result =
  | { readonly _tag: "Updated"; readonly customer: object }
  | { readonly _tag: "Failed"; readonly outcome: Outcome; readonly retry: boolean; readonly error: unknown }

export interface Client {
  readonly update: (customerId: string, customer: Customer) => Promise<Result>
  readonly close: () => Promise<void>
}
