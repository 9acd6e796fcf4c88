/** Finds the known name that somebody probably meant. */
import * as Option from "effect/Option"
import { closest, distance } from "fastest-levenshtein"

const lastPart = (name: string): string => name.slice(name.lastIndexOf(".") + 1)

/** The known name that is most like this one, if any is: `city` and `adress.city` are like `address.city`. */
export const nearest = (name: string, known: ReadonlyArray<string>): Option.Option<string> => {
  const typed = name.toLowerCase()
  const find = (matches: (candidate: string) => boolean) =>
    Option.fromNullable(known.find((candidate) => matches(candidate.toLowerCase())))
  return Option.orElse(find((candidate) => lastPart(candidate) === typed), () => {
    const candidate = known.length === 0 ? "" : closest(typed, known.map((one) => one.toLowerCase()))
    const isLike = distance(typed, candidate) <= Math.max(2, Math.floor(candidate.length / 3))
    return isLike ? find((one) => one === candidate) : Option.none()
  })
}
