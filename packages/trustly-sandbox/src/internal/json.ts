import * as Option from "effect/Option"

/** Deepest nesting that is accepted. Code that walks a JSON value recursively would overflow the stack far below the size limit. */
export const maxDepth = 100

const quote = 34
const backslash = 92
const opening: ReadonlySet<number> = new Set([91, 123])
const closing: ReadonlySet<number> = new Set([93, 125])

/** Whether no value in a JSON text is nested deeper than {@link maxDepth}. Iterative, because recursion is what this protects. */
export const isShallow = (text: string): boolean => {
  let depth = 0
  let isInString = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isInString && code === backslash) at++
    else if (code === quote) isInString = !isInString
    else if (isInString) continue
    else if (opening.has(code) && ++depth > maxDepth) return false
    else if (closing.has(code)) depth--
  }
  return true
}

/** Parses JSON; none if the text is invalid or nested too deeply. */
export const parse: (text: string) => Option.Option<unknown> = (text) =>
  isShallow(text) ? parseAny(text) : Option.none()

const parseAny = Option.liftThrowable((text: string): unknown => JSON.parse(text))

type Replace = (key: string, value: unknown) => unknown

const stringifyWith = (replace?: Replace) => {
  // undefined for a function or a symbol, which the declared type does not say
  const attempt = Option.liftThrowable((value: unknown): string | undefined => JSON.stringify(value, replace))
  return (value: unknown): Option.Option<string> =>
    Option.filter(Option.flatMap(attempt(value), Option.fromNullable), isShallow)
}

const refuseInfinite: Replace = (_key, value) => {
  if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError("JSON has no such number")
  return value
}

/** Encodes a value as JSON; none if JSON cannot represent it, or if it is nested too deeply. */
export const stringify = stringifyWith()

/** Like {@link stringify}, but none if a number is NaN or infinite, as 1e400 is when it is parsed: it would become `null`. */
export const stringifyExactly = stringifyWith(refuseInfinite)
