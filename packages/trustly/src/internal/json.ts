import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

export const parse = Option.liftThrowable((text: string): unknown => JSON.parse(text))

/** Far beyond any real record, and far below the depth at which recursion or `JSON.stringify` overflows the stack. */
export const maxDepth = 256

/** Whether an array has no holes, which JSON does not know, and no names beside its items, which JSON would lose. */
export const hasItemsOnly = (value: ReadonlyArray<unknown>): boolean => Object.keys(value).length === value.length

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || Array.isArray(value)
}

/** Whether `JSON.stringify` carries the value as it is: no `undefined`, function, bigint, NaN, class instance or cycle in it. */
export const isJson = (value: unknown, parents: ReadonlyArray<object> = []): boolean => {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true
  if (typeof value === "number") return Number.isFinite(value)
  if (!Predicate.isObject(value) || !isPlain(value)) return false
  if (parents.length >= maxDepth || parents.includes(value)) return false
  if (Object.getOwnPropertySymbols(value).length > 0) return false
  if (Array.isArray(value) && !hasItemsOnly(value)) return false
  const path = [...parents, value]
  return Object.values(value).every((item: unknown) => isJson(item, path))
}
