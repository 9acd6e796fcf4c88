import type { CustomerFields } from "effect-trustly"

/** The fields of a customer. The server writes this module from the library's table. */
export declare const all: ReadonlyArray<CustomerFields.Field>
