import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Json from "./json.ts"

/** Where an input is not plain data: a path of property names. */
export type Path = ReadonlyArray<string>

// what a prototype adds to the fields of an object would be lost: a getter, an inherited field
const addsFields = (prototype: object): boolean =>
  Object.entries(Object.getOwnPropertyDescriptors(prototype)).some(([name, { enumerable, get }]) =>
    enumerable === true || (get !== undefined && name !== "__proto__")
  )

const isPlainObject = (value: object): boolean => {
  if ("toJSON" in value && Predicate.isFunction(value.toJSON)) return false
  let prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return true
  // a Map, a Date, a promise
  if (Object.prototype.toString.call(value) !== "[object Object]") return false
  while (Predicate.isObject(prototype) && prototype !== Object.prototype) {
    if (addsFields(prototype)) return false
    prototype = Object.getPrototypeOf(prototype)
  }
  return true
}

const copyObject = (value: object, path: Array<string>): object => {
  const copied: Record<PropertyKey, unknown> = {}
  for (const key of Reflect.ownKeys(value)) {
    // such as the hash that `Equal.equals` leaves behind
    if (typeof key === "symbol" && !Object.prototype.propertyIsEnumerable.call(value, key)) continue
    path.push(String(key))
    const property = copyAt(Reflect.get(value, key), path)
    path.pop()
    if (property === undefined) continue
    if (key === "__proto__") Object.defineProperty(copied, key, { value: property, enumerable: true })
    else copied[key] = property
  }
  return copied
}

/** Throws where the value is not plain data; `path` then says where. */
const copyAt = (value: unknown, path: Array<string>): unknown => {
  if (!Predicate.isObject(value) || Predicate.isFunction(value)) return value
  if (DateTime.isDateTime(value)) return value
  if (Redacted.isRedacted(value)) {
    // throws for a secret that was wiped
    Redacted.value(value)
    return value
  }
  if (path.length > Json.maxDepth) throw new RangeError()
  if (Array.isArray(value)) {
    if (!Json.hasItemsOnly(value)) throw new TypeError()
    return Array.from<unknown, unknown>(value, (item, index) => {
      path.push(String(index))
      const copied = copyAt(item, path)
      path.pop()
      return copied
    })
  }
  if (!isPlainObject(value)) throw new TypeError()
  return copyObject(value, path)
}

/**
 * Copies an input of plain data, reading each property once and skipping `undefined`. It refuses what a copy would lose: getters
 * and fields of a prototype, entries of a `Map`, an object with `toJSON`.
 */
export const copy = (input: unknown): Either.Either<unknown, Path> => {
  const path: Array<string> = []
  // a getter or a proxy of the input may throw anything, with a value in it
  return Either.try({ try: () => copyAt(input, path), catch: () => path })
}
