/** The active fault rules, and which of them the next request gets. */
import { issuesOf } from "effect-trustly"
import type { TrustlyModel } from "effect-trustly/testing"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as SynchronizedRef from "effect/SynchronizedRef"
import { FaultRule, FaultRuleError } from "../Fault.ts"
import type { Events } from "./events.ts"
import * as Json from "./json.ts"

/** A rule, and how many requests matched it so far. */
interface ActiveRule {
  readonly rule: FaultRule
  readonly seen: number
}

export interface Faults {
  /** Validates a rule and activates it. */
  readonly add: (rule: unknown) => Effect.Effect<void, FaultRuleError>
  readonly active: Effect.Effect<ReadonlyArray<ActiveRule>>
  readonly clear: Effect.Effect<void>
  /** The rule that applies to a request, if any. */
  readonly next: (target: TrustlyModel.Target) => Effect.Effect<FaultRule | undefined>
}

const maxRules = 100
const maxKiB = 64

const refuse = (path: string, expected: string): FaultRuleError =>
  new FaultRuleError({ issues: [{ path, problem: "invalid", expected }] })

const decode = Schema.decodeUnknown(FaultRule, { onExcessProperty: "error", errors: "all" })

/** Decodes the JSON text of a rule instead of the rule, so that everything active can be served as JSON later. */
const validate = (rule: unknown): Effect.Effect<FaultRule, FaultRuleError> =>
  Effect.gen(function*() {
    const body = Predicate.hasProperty(rule, "fault") && Predicate.hasProperty(rule.fault, "body")
      ? rule.fault.body
      : null
    const text = Json.stringify(rule)
    if (Option.isNone(text) || Option.isNone(Json.stringifyExactly(body ?? null))) {
      return yield* refuse(
        "fault.body",
        `a JSON value nested at most ${Json.maxDepth} levels deep, with finite numbers`
      )
    }
    if (text.value.length > maxKiB * 1024) return yield* refuse("", `at most ${maxKiB} KiB of JSON`)
    return yield* Effect.mapError(
      decode(Option.getOrUndefined(Json.parse(text.value))),
      (error) => new FaultRuleError({ issues: issuesOf(error) })
    )
  })

const matches = ({ customerId, operation }: FaultRule, target: TrustlyModel.Target): boolean =>
  (operation === undefined || operation === target.operation) &&
  (customerId === undefined || customerId === target.customerId)

const fires = ({ rule: { every, share }, seen }: ActiveRule): Effect.Effect<boolean> =>
  share === undefined
    ? Effect.succeed(every === undefined || seen % every === 0)
    : Effect.map(Random.next, (chance) => chance < share)

const isUsedUp = ({ rule: { every, share, times = 1 }, seen }: ActiveRule): boolean =>
  every === undefined && share === undefined && seen >= times

export const make = (events: Events): Effect.Effect<Faults> =>
  Effect.map(SynchronizedRef.make<ReadonlyArray<ActiveRule>>([]), (rules): Faults => {
    const publish = Effect.flatMap(SynchronizedRef.get(rules), (data) => events.publish({ name: "faults", data }))

    const add = Effect.fn(function*(input: unknown) {
      const rule = yield* validate(input)
      yield* SynchronizedRef.updateEffect(rules, (all) =>
        all.length < maxRules
          ? Effect.succeed([...all, { rule, seen: 0 }])
          : Effect.fail(refuse("", `at most ${maxRules} active rules; clear them first`)))
      yield* publish
    })

    const next = (target: TrustlyModel.Target) =>
      SynchronizedRef.modifyEffect(rules, (all) =>
        Effect.gen(function*() {
          const kept: Array<ActiveRule> = []
          for (const [at, active] of all.entries()) {
            const isMatch = matches(active.rule, target)
            const counted = isMatch ? { ...active, seen: active.seen + 1 } : active
            if (!isMatch || !isUsedUp(counted)) kept.push(counted)
            if (isMatch && (yield* fires(counted))) return [active.rule, [...kept, ...all.slice(at + 1)]] as const
          }
          return [undefined, kept] as const
        }))

    return {
      add,
      active: SynchronizedRef.get(rules),
      clear: Effect.zipRight(SynchronizedRef.set(rules, []), publish),
      next: (target) =>
        Effect.flatMap(
          SynchronizedRef.get(rules),
          (all) => all.length === 0 ? Effect.succeed(undefined) : Effect.zipLeft(next(target), publish)
        )
    }
  })
