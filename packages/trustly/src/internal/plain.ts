import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"

/** Where an input is not plain data: a path of property names. */
export type Path = ReadonlyArray<string>

type Copied = Either.Either<unknown, Path>

// far beyond any real record, far below the depth at which recursion overflows the stack
const maxDepth = 256

// what a prototype adds to the fields of an object would be lost: a getter, an inherited field
const addsFields = (prototype: object): boolean =>
  Object.entries(Object.getOwnPropertyDescriptors(prototype)).some(([name, { enumerable, get }]) =>
    enumerable === true || (get !== undefined && name !== "__proto__")
  )

const isPlainObject = (value: object): boolean => {
  if (Object.prototype.toString.call(value) !== "[object Object]") return false
  if ("toJSON" in value && Predicate.isFunction(value.toJSON)) return false
  let prototype: unknown = Object.getPrototypeOf(value)
  while (Predicate.isObject(prototype) && prototype !== Object.prototype) {
    if (addsFields(prototype)) return false
    prototype = Object.getPrototypeOf(prototype)
  }
  return true
}

const copyAt = (value: unknown, depth: number): Copied => {
  if (!Predicate.isObject(value) || Predicate.isFunction(value)) return Either.right(value)
  if (Redacted.isRedacted(value) || DateTime.isDateTime(value)) return Either.right(value)
  if (depth > maxDepth) return Either.left([])
  if (Array.isArray(value)) return Either.all(Array.from<unknown>(value).map((item) => copyAt(item, depth + 1)))
  if (!isPlainObject(value)) return Either.left([])
  const copied: Record<PropertyKey, unknown> = {}
  for (const key of Reflect.ownKeys(value)) {
    const property = read(() => copyAt(Reflect.get(value, key), depth + 1))
    if (Either.isLeft(property)) return Either.left([String(key), ...property.left])
    if (property.right === undefined) continue
    // not an assignment, which would change the prototype for an own key `__proto__`
    Object.defineProperty(copied, key, {
      value: property.right,
      configurable: true,
      enumerable: true,
      writable: true
    })
  }
  return Either.right(copied)
}

// a getter or a proxy of the input may throw anything, with a value in it
const read = (copy: () => Copied): Copied =>
  Either.flatMap(Either.try({ try: copy, catch: (): Path => [] }), (copied) => copied)

/**
 * Copies an input of plain data, reading each property once and leaving out `undefined`. It refuses what a copy would lose: getters and fields of a
 * prototype, entries of a `Map`, an object with `toJSON`.
 */
export const copy = (input: unknown): Copied => read(() => copyAt(input, 0))
