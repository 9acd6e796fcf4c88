import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Option, Redacted } from "effect"
import { CustomerService, isRetryable, isTrustlyError, retryAfter, type TrustlyError } from "effect-trustly"
import { CustomersMemory } from "effect-trustly/testing"
import { json, least, reference, scriptedService } from "./support.ts"

// what the compiler would refuse, and a program without types hands over
const nothing = <A>(): A => JSON.parse("null")

const throwing = <A extends object>(value: A, key: keyof A): A =>
  Object.defineProperty({ ...value }, key, {
    enumerable: true,
    get: () => {
      throw new Error("sentinel")
    }
  })

const revoked = <A extends object>(value: A): A => {
  const { proxy, revoke } = Proxy.revocable(value, {})
  revoke()
  return proxy
}

const wiped = (): Redacted.Redacted => {
  const secret = Redacted.make("sentinel")
  Redacted.unsafeWipe(secret)
  return secret
}

type Call = (customers: CustomerService.Service) => Effect.Effect<unknown, TrustlyError>

const calls: Readonly<Record<string, Call>> = {
  "update of nothing": (customers) => customers.update("1", nothing()),
  "update of nobody": (customers) => customers.update(nothing(), least),
  "get of nobody": (customers) => customers.get(nothing()),
  "find by nothing": (customers) => customers.find(nothing()),
  "createOrUpdate of nothing": (customers) => customers.createOrUpdate(nothing()),
  "update with an accessor that throws": (customers) => customers.update("1", throwing(least, "email")),
  "createOrUpdate with an accessor that throws": (customers) =>
    customers.createOrUpdate(throwing({ ...least, externalId: "1" }, "email")),
  "find with an accessor that throws": (customers) => customers.find(throwing({ externalId: "1" }, "externalId")),
  "update with a secret that was wiped": (customers) => customers.update("1", { ...least, taxId: wiped() }),
  "update with a revoked proxy": (customers) => customers.update("1", revoked(least)),
  "modify to a revoked proxy": (customers) => customers.modify("1", () => revoked({})),
  "modify to nothing": (customers) => customers.modify("1", () => nothing())
}

const refuses = (call: Effect.Effect<unknown, TrustlyError>) =>
  Effect.map(Effect.exit(call), (exit) => {
    assert(Exit.isFailure(exit) && exit.cause._tag === "Fail", `no typed error: ${String(exit)}`)
    assert.deepInclude(exit.cause.error, { _tag: "TrustlyValidationError", outcome: "NotSent" })
    assert.notInclude(String(exit), "sentinel")
  })

describe("input that no type allows is a typed error, never a defect", () => {
  for (const [what, call] of Object.entries(calls)) {
    it.effect(`${what}`, () =>
      Effect.gen(function*() {
        const written: Array<string> = []
        const customers = yield* scriptedService(({ method }) => {
          if (method === "POST") written.push(method)
          return json({ customer: reference })
        })
        yield* refuses(Effect.suspend(() => call(customers)))
        assert.deepStrictEqual(written, [])
      }))

    it.effect(`${what}, in memory`, () =>
      CustomerService.pipe(
        Effect.flatMap((customers) => refuses(Effect.suspend(() => call(customers)))),
        Effect.provide(CustomersMemory.layer([{ ...least, customerId: "1" }]))
      ))
  }
})

describe("the predicates are total", () => {
  const values: Readonly<Record<string, unknown>> = {
    "an object whose _tag throws": throwing({ _tag: "TrustlyServerError" }, "_tag"),
    "an object that claims to be one": {
      _tag: "TrustlyServerError",
      operation: "update",
      outcome: "Unknown",
      errors: []
    },
    "an object without a prototype": Object.create(null)
  }
  for (const [what, value] of Object.entries(values)) {
    it(`on ${what}`, () => {
      assert.isFalse(isTrustlyError(value))
      assert.isFalse(isRetryable(value))
      assert.isTrue(Option.isNone(retryAfter(value)))
    })
  }
})
