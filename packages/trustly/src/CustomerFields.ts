/**
 * The fields of a Trustly customer as a list, for programs that show or read them: forms, command-line options, tables.
 *
 * @since 0.1.0
 */
import * as Fields from "./internal/fields.ts"

/**
 * What kind of value a field holds: `Text`, `Secret` (`Redacted` when read), `Number` (read as a string; each field says what it is written as), `Instant`
 * (milliseconds since 1970 on the wire), `Json` (a JSON object), or `Group` (fields of its own).
 *
 * @since 0.1.0
 * @category models
 */
export type Kind = Field["kind"]

/**
 * One field: where it is, what it means, and how it can be written.
 *
 * @since 0.1.0
 * @category models
 */
export interface Field {
  /** Dotted path, such as `address.city`. */
  readonly path: string
  /** Short name, for a form. */
  readonly label: string
  /** One line of documentation. */
  readonly description: string
  /** What kind of value the field holds. */
  readonly kind: "Text" | "Secret" | "Number" | "Instant" | "Json" | "Group"
  /** Whether every write must have it. A field of a group: whether the group must have it. */
  readonly isRequired: boolean
  /** Whether `null` clears it. */
  readonly isClearable: boolean
  /** Whether only Trustly sets it. Writes accept it and do not send it. */
  readonly isReadOnly: boolean
}

/**
 * All fields, in the order of Trustly's documentation. A group comes before its own fields.
 *
 * @since 0.1.0
 * @category fields
 * @example
 * import { CustomerFields } from "effect-trustly"
 *
 * const secrets = CustomerFields.all.filter(({ kind }) => kind === "Secret").map(({ path }) => path)
 * assert.deepStrictEqual(secrets, ["taxId", "dateOfBirth", "nationalId", "driverLicense.number"])
 */
export const all: ReadonlyArray<Field> = Fields.fields
