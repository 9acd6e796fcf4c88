/** Reads JSON text without ever throwing, and measures how deeply it is nested. */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

/** A JSON object as it is on the wire. */
export type Wire = { readonly [field: string]: unknown }

/** Far deeper than any customer. Code that walks a value recursively would overflow the stack long after this. */
export const maxDepth = 64

/** How deeply brackets are nested in a text, and how many are open at its end. Brackets in strings do not count. */
export const nesting = (text: string): { readonly deepest: number; readonly open: number } => {
  let open = 0
  let deepest = 0
  let isInString = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (isInString) {
      if (character === "\\") at += 1
      else if (character === "\"") isInString = false
    } else if (character === "\"") isInString = true
    else if (character === "{" || character === "[") deepest = Math.max(deepest, ++open)
    else if (character === "}" || character === "]") open -= 1
  }
  return { deepest, open }
}

const parseText = Option.liftThrowable((text: string): unknown => JSON.parse(text))

/** The value, unless the text is not JSON or is nested too deeply. */
export const parse = (text: string): Option.Option<unknown> =>
  nesting(text).deepest > maxDepth ? Option.none() : parseText(text)

export const isObject = (value: unknown): value is Wire => Predicate.isReadonlyRecord(value) && !Array.isArray(value)

export const parseObject = (text: string): Option.Option<Wire> => Option.filter(parse(text), isObject)

/** Whether all numbers in a value satisfy a condition. */
export const everyNumber = (value: unknown, condition: (value: number) => boolean): boolean => {
  if (typeof value === "number") return condition(value)
  return !Predicate.isObject(value) || Object.values(value).every((inner) => everyNumber(inner, condition))
}
