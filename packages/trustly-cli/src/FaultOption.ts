/** A fault of the sandbox in a short form, such as `status=503,retry-after=1,next=2`. */
import * as HelpDoc from "@effect/cli/HelpDoc"
import * as Options from "@effect/cli/Options"
import * as ValidationError from "@effect/cli/ValidationError"
import { FaultRule } from "effect-trustly-sandbox"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Arguments from "./Arguments.ts"

type Draft = Readonly<Record<string, unknown>>

const amount = (text: string): unknown => text.trim() === "" ? text : Number(text)

/** What a word of the short form adds to the rule. A value that is missing or wrong is left to the schema of the rule. */
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

const refused = (reason: string): Effect.Effect<never, ValidationError.ValidationError> =>
  Effect.fail(ValidationError.invalidValue(HelpDoc.p(`--fault: ${reason}`)))

const decode = Schema.decodeUnknown(FaultRule, { onExcessProperty: "error" })

const parse = (text: string): Effect.Effect<FaultRule, ValidationError.ValidationError> =>
  Effect.gen(function*() {
    const parts = text.split(",").map((part) => {
      const [name = "", ...values] = part.split("=")
      return { name, value: values.join("="), hasValue: values.length > 0 }
    })
    const names = parts.map(({ name }) => name)
    if (!names.every((name) => Object.hasOwn(words, name))) {
      return yield* refused(`expected words out of ${Object.keys(words).join(", ")}`)
    }
    const twice = names.find((name, at) => names.indexOf(name) !== at)
    if (twice !== undefined) return yield* refused(`${twice} is given twice`)
    const valued = parts.find(({ hasValue, name }) => hasValue && takesNoValue.has(name))
    if (valued !== undefined) return yield* refused(`${valued.name} takes no value`)
    if (names.filter((name) => kinds.has(name)).length !== 1) {
      return yield* refused("expected one of status, delay, silence, reset and malformed")
    }
    const drafts = parts.map(({ name, value }) => words[name]?.(value))
    const fault: Draft = Object.assign({}, ...drafts.map((draft) => draft?.fault))
    const rule: Draft = Object.assign({}, ...drafts.map((draft) => draft?.rule))
    return yield* Effect.catchAll(decode({ ...rule, fault }), () => refused(`not a rule, see --help: ${text}`))
  })

export const faults = Options.text(Arguments.repeatable.fault).pipe(
  Options.withDescription(
    "What goes wrong, separated by commas: status=503 (retry-after=1), delay=200 (milliseconds), silence, reset, reset=body or " +
      "malformed; for whom: operation=update (get, find, createOrUpdate), customer=1001165729; how often: next=2 (1 unless said), " +
      "every=3 or share=0.2; applied: the update is done and the fault hides it."
  ),
  Options.withPseudoName("rule"),
  Options.repeated,
  Options.mapEffect(Effect.forEach(parse))
)
