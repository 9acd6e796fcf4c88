/** Parses a fault of the sandbox in a short form, such as `status=503,retry-after=1,next=2`. */
import { FaultRule } from "effect-trustly-sandbox"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"

type Draft = Readonly<Record<string, unknown>>

const amount = (text: string): unknown => text.trim() === "" ? text : Number(text)

/** What a word adds to the rule. The schema of the rule refuses a missing or wrong value. */
const words: Readonly<Record<string, (value: string) => { readonly fault?: Draft; readonly rule?: Draft }>> = {
  "status": (value) => ({ fault: { _tag: "Status", status: amount(value) } }),
  "retry-after": (value) => ({ fault: { retryAfter: amount(value) } }),
  "delay": (value) => ({ fault: { _tag: "Delay", millis: amount(value) } }),
  "silence": () => ({ fault: { _tag: "Silence" } }),
  "reset": (value) => ({ fault: { _tag: "Reset", ...(value === "" ? {} : { where: value }) } }),
  "malformed": () => ({ fault: { _tag: "Malformed" } }),
  "operation": (value) => ({ rule: { operation: value } }),
  "customer": (value) => ({ rule: { customerId: value } }),
  "next": (value) => ({ rule: { times: amount(value) } }),
  "every": (value) => ({ rule: { every: amount(value) } }),
  "share": (value) => ({ rule: { share: amount(value) } }),
  "applied": () => ({ rule: { applied: true } })
}

const kinds: ReadonlySet<string> = new Set(["status", "delay", "silence", "reset", "malformed"])
const takesNoValue: ReadonlySet<string> = new Set(["silence", "malformed", "applied"])

const decode = Schema.decodeUnknownEither(FaultRule, { onExcessProperty: "error" })

export const parse = (text: string): Either.Either<FaultRule, string> => {
  const parts = text.split(",").map((part) => {
    const [name = "", ...values] = part.split("=")
    return { name, value: values.join("="), hasValue: values.length > 0 }
  })
  const names = parts.map(({ name }) => name)
  if (!names.every((name) => Object.hasOwn(words, name))) {
    return Either.left(`words out of ${Object.keys(words).join(", ")}`)
  }
  const duplicate = names.find((name, at) => names.indexOf(name) !== at)
  if (duplicate !== undefined) return Either.left(`${duplicate} once`)
  const valued = parts.find(({ hasValue, name }) => hasValue && takesNoValue.has(name))
  if (valued !== undefined) return Either.left(`${valued.name} without a value`)
  if (names.filter((name) => kinds.has(name)).length !== 1) {
    return Either.left("exactly one of status, delay, silence, reset, and malformed")
  }
  const drafts = parts.map(({ name, value }) => words[name]?.(value))
  const fault: Draft = Object.assign({}, ...drafts.map((draft) => draft?.fault))
  const rule: Draft = Object.assign({}, ...drafts.map((draft) => draft?.rule))
  return Either.mapLeft(decode({ ...rule, fault }), () => "a fault rule such as status=503,next=2")
}
