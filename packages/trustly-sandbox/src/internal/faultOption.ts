/** Short form of a fault rule for the command line, such as `status=503,retry-after=1,next=2`. */
import { issuesOf } from "effect-trustly"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { FaultRule } from "../Fault.ts"
import { describeIssue } from "./issues.ts"

type Draft = Readonly<Record<string, unknown>>

// Number("") would be 0
const number = (text: string): unknown => text.trim() === "" ? text : Number(text)

/** What each word adds to the rule. The schema of the rule then checks the values. */
const words: Readonly<Record<string, (value: string) => { readonly fault?: Draft; readonly rule?: Draft }>> = {
  "status": (value) => ({ fault: { _tag: "Status", status: number(value) } }),
  "retry-after": (value) => ({ fault: { retryAfter: number(value) } }),
  "delay": (value) => ({ fault: { _tag: "Delay", millis: number(value) } }),
  "silence": () => ({ fault: { _tag: "Silence" } }),
  "reset": (value) => ({ fault: { _tag: "Reset", ...(value === "" ? {} : { where: value }) } }),
  "malformed": () => ({ fault: { _tag: "Malformed" } }),
  "operation": (value) => ({ rule: { operation: value } }),
  "customer": (value) => ({ rule: { customerId: value } }),
  "next": (value) => ({ rule: { times: number(value) } }),
  "every": (value) => ({ rule: { every: number(value) } }),
  "share": (value) => ({ rule: { share: number(value) } }),
  "applied": () => ({ rule: { applied: true } })
}

const kinds: ReadonlySet<string> = new Set(["status", "delay", "silence", "reset", "malformed"])
const withoutValue: ReadonlySet<string> = new Set(["silence", "malformed", "applied"])

const decode = Schema.decodeUnknownEither(FaultRule, { onExcessProperty: "error", errors: "all" })

/** The rule, or why the text is not one. */
export const parse = (text: string): Either.Either<FaultRule, string> => {
  const parts = text.split(",").map((part) => {
    const [name = "", ...values] = part.split("=")
    return { name, value: values.join("="), hasValue: values.length > 0 }
  })
  const names = parts.map(({ name }) => name)
  const unknown = names.find((name) => !Object.hasOwn(words, name))
  if (unknown !== undefined) return Either.left(`unknown word "${unknown}"; use ${Object.keys(words).join(", ")}`)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) return Either.left(`${twice} is given twice`)
  const valued = parts.find(({ hasValue, name }) => hasValue && withoutValue.has(name))
  if (valued !== undefined) return Either.left(`${valued.name} takes no value`)
  if (names.filter((name) => kinds.has(name)).length !== 1) {
    return Either.left("expected exactly one of status, delay, silence, reset, and malformed")
  }
  const drafts = parts.map(({ name, value }) => words[name]?.(value))
  const fault: Draft = Object.assign({}, ...drafts.map((draft) => draft?.fault))
  const rule: Draft = Object.assign({}, ...drafts.map((draft) => draft?.rule))
  return Either.mapLeft(decode({ ...rule, fault }), (error) => issuesOf(error).map(describeIssue("rule")).join("; "))
}
