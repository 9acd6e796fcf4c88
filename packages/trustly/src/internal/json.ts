import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

export const parse = Option.liftThrowable((text: string): unknown => JSON.parse(text))

// far beyond any real record, far below the depth at which JSON.stringify overflows the stack
const maxDepth = 256

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
  const path = [...parents, value]
  // Array.from reads a hole as undefined, which Object.values would skip
  const items: ReadonlyArray<unknown> = Array.isArray(value) ? Array.from<unknown>(value) : Object.values(value)
  return items.every((item) => isJson(item, path))
}
