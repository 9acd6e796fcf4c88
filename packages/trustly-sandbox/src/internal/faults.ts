import type { TrustlyModel } from "effect-trustly/testing"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as SynchronizedRef from "effect/SynchronizedRef"
import type { FaultRule } from "../Fault.ts"
import type { Events } from "./events.ts"

/** A rule, and how many requests it was held against. */
interface ActiveRule {
  readonly rule: FaultRule
  readonly seen: number
}

export interface Faults {
  readonly add: (rule: FaultRule) => Effect.Effect<void>
  readonly active: Effect.Effect<ReadonlyArray<ActiveRule>>
  readonly clear: Effect.Effect<void>
  /** The rule that a request meets, if any. */
  readonly next: (target: TrustlyModel.Target) => Effect.Effect<FaultRule | undefined>
}

const concerns = ({ customerId, operation }: FaultRule, target: TrustlyModel.Target): boolean =>
  (operation === undefined || operation === target.operation) &&
  (customerId === undefined || customerId === target.customerId)

const fires = ({ rule: { every, share }, seen }: ActiveRule): Effect.Effect<boolean> =>
  share === undefined
    ? Effect.succeed(every === undefined || seen % every === 0)
    : Effect.map(Random.next, (chance) => chance < share)

const isOver = ({ rule: { every, share, times = 1 }, seen }: ActiveRule): boolean =>
  every === undefined && share === undefined && seen >= times

export const make = (events: Events): Effect.Effect<Faults> =>
  Effect.map(SynchronizedRef.make<ReadonlyArray<ActiveRule>>([]), (rules): Faults => {
    const publish = Effect.flatMap(SynchronizedRef.get(rules), (data) => events.publish({ name: "faults", data }))

    const next = (target: TrustlyModel.Target) =>
      SynchronizedRef.modifyEffect(rules, (all) =>
        Effect.gen(function*() {
          const kept: Array<ActiveRule> = []
          for (const [at, active] of all.entries()) {
            const met = concerns(active.rule, target)
            const counted = met ? { ...active, seen: active.seen + 1 } : active
            if (!met || !isOver(counted)) kept.push(counted)
            if (met && (yield* fires(counted))) return [active.rule, [...kept, ...all.slice(at + 1)]] as const
          }
          return [undefined, kept] as const
        }))

    return {
      add: (rule) => Effect.zipRight(SynchronizedRef.update(rules, (all) => [...all, { rule, seen: 0 }]), publish),
      active: SynchronizedRef.get(rules),
      clear: Effect.zipRight(SynchronizedRef.set(rules, []), publish),
      next: (target) =>
        Effect.flatMap(
          SynchronizedRef.get(rules),
          (all) => all.length === 0 ? Effect.succeed(undefined) : Effect.zipLeft(next(target), publish)
        )
    }
  })
