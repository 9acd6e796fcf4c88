/** The fields that a change can set, from the library's table of fields. */
import { CustomerFields } from "effect-trustly"

export type Field = CustomerFields.Field

const writable = CustomerFields.all.filter(({ isReadOnly }) => !isReadOnly)

const isGroup = ({ kind }: Field): boolean => kind === "Group"

/** Fields with a value of their own: `address.city`, not `address`. */
export const values: ReadonlyArray<Field> = writable.filter((field) => !isGroup(field))

/** Fields that `null` clears. A group is cleared as a whole if its members cannot be. */
export const clearable: ReadonlyArray<Field> = writable.filter(({ isClearable }) => isClearable)

export const groups: ReadonlySet<string> = new Set(writable.filter(isGroup).map(({ path }) => path))

const kinds: ReadonlyMap<string, Field["kind"]> = new Map(CustomerFields.all.map(({ kind, path }) => [path, kind]))

/** The kind of a field; `undefined` for a path that is not a field. */
export const kindOf = (path: string): Field["kind"] | undefined => kinds.get(path)

/** Secrets never come in as options, because command lines show in process lists and shell histories. */
export const isSecret = (path: string): boolean => kindOf(path) === "Secret"
