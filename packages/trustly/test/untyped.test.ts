import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Option, Redacted, Stream } from "effect"
import {
  CustomerBatch,
  CustomerService,
  isRetryable,
  isTrustlyError,
  retryAfter,
  type TrustlyError
} from "effect-trustly"
import { CustomersMemory } from "effect-trustly/testing"
import { collect } from "./batch.ts"
import { json, minimalCustomer, reference, scriptedService } from "./support.ts"

// the compiler rejects this value, but an untyped program can pass it
const untypedNull = <A>(): A => JSON.parse("null")

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

const wipedSecret = (): Redacted.Redacted => {
  const secret = Redacted.make("sentinel")
  Redacted.unsafeWipe(secret)
  return secret
}

type Call = (customers: CustomerService.Service) => Effect.Effect<unknown, TrustlyError>

const calls: Readonly<Record<string, Call>> = {
  "update with null": (customers) => customers.update("1", untypedNull()),
  "update with a null customerId": (customers) => customers.update(untypedNull(), minimalCustomer),
  "get with a null customerId": (customers) => customers.get(untypedNull()),
  "find with null": (customers) => customers.find(untypedNull()),
  "createOrUpdate with null": (customers) => customers.createOrUpdate(untypedNull()),
  "update with an accessor that throws": (customers) => customers.update("1", throwing(minimalCustomer, "email")),
  "createOrUpdate with an accessor that throws": (customers) =>
    customers.createOrUpdate(throwing({ ...minimalCustomer, externalId: "1" }, "email")),
  "find with an accessor that throws": (customers) => customers.find(throwing({ externalId: "1" }, "externalId")),
  "modify with a null customerId": (customers) => customers.modify(untypedNull(), () => ({ vip: 2 })),
  "modify with a bigint as the customerId": (customers) =>
    Reflect.apply(customers.modify, undefined, [5n, () => ({ vip: 2 })]),
  "modify with a customerId that JSON.stringify cannot write": (customers) =>
    Reflect.apply(customers.modify, undefined, [throwing({ toJSON: 1 }, "toJSON"), () => ({ vip: 2 })]),
  "update with a wiped secret": (customers) => customers.update("1", { ...minimalCustomer, taxId: wipedSecret() }),
  "update with a revoked proxy": (customers) => customers.update("1", revoked(minimalCustomer)),
  "modify with a change that returns a revoked proxy": (customers) => customers.modify("1", () => revoked({})),
  "modify with a change that returns null": (customers) => customers.modify("1", () => untypedNull())
}

const assertRejects = (call: Effect.Effect<unknown, TrustlyError>) =>
  Effect.map(Effect.exit(call), (exit) => {
    assert(Exit.isFailure(exit) && exit.cause._tag === "Fail", `no typed error: ${String(exit)}`)
    assert.deepInclude(exit.cause.error, { _tag: "TrustlyValidationError", outcome: "NotSent" })
    assert.notInclude(String(exit), "sentinel")
  })

describe("untyped invalid input fails with a typed error, never a defect", () => {
  for (const [what, call] of Object.entries(calls)) {
    it.effect(`${what}`, () =>
      Effect.gen(function*() {
        const written: Array<string> = []
        const customers = yield* scriptedService(({ method }) => {
          if (method === "POST") written.push(method)
          return json({ customer: reference })
        })
        yield* assertRejects(Effect.suspend(() => call(customers)))
        assert.deepStrictEqual(written, [])
      }))

    it.effect(`${what}, in memory`, () =>
      CustomerService.pipe(
        Effect.flatMap((customers) => assertRejects(Effect.suspend(() => call(customers)))),
        Effect.provide(CustomersMemory.layer([{ ...minimalCustomer, customerId: "1" }]))
      ))
  }
})

describe("the predicates accept any value", () => {
  const values: Readonly<Record<string, unknown>> = {
    "an object whose _tag throws": throwing({ _tag: "TrustlyServerError" }, "_tag"),
    "an object that imitates an error": {
      _tag: "TrustlyServerError",
      operation: "update",
      outcome: "Unknown",
      errors: []
    },
    "an object without a prototype": Object.create(null)
  }
  for (const [what, value] of Object.entries(values)) {
    it(`return false for ${what}`, () => {
      assert.isFalse(isTrustlyError(value))
      assert.isFalse(isRetryable(value))
      assert.isTrue(Option.isNone(retryAfter(value)))
    })
  }
})

describe("an untyped invalid command of CustomerBatch.run", () => {
  const command: CustomerBatch.Command = { customerId: "1", update: minimalCustomer }
  const named = { customerId: "1" }
  const unnamed = { customerId: "" }
  const invalidCommands: Readonly<
    Record<string, readonly [command: CustomerBatch.Command, customer: { readonly customerId: string }]>
  > = {
    "null": [untypedNull(), unnamed],
    "a number": [JSON.parse("1"), unnamed],
    "an accessor of the customerId that throws": [throwing(command, "customerId"), unnamed],
    "an accessor of the update that throws": [throwing(command, "update"), unnamed],
    "a revoked proxy": [revoked(command), unnamed],
    "no identifier": [JSON.parse(`{"change":{}}`), unnamed],
    "a null identifier": [JSON.parse(`{"customerId":null,"change":{}}`), unnamed],
    "an identifier that is an object": [JSON.parse(`{"customerId":{"toString":1},"change":{}}`), unnamed],
    "no half": [JSON.parse(`{"customerId":"1"}`), named]
  }
  for (const [what, [invalid, customer]] of Object.entries(invalidCommands)) {
    it.effect(`is a failed result, and the run continues: ${what}`, () =>
      Effect.gen(function*() {
        const commands = Stream.fromIterable([command, invalid, invalid, command])
        const { end, results } = yield* collect(CustomerBatch.run(commands, { concurrency: 1 }))
        assert.deepStrictEqual(end, Exit.void)
        const invalidResults = results.filter(({ position }) => position === 1 || position === 2)
        assert.deepStrictEqual(invalidResults.map((result) => result.customer), [customer, customer])
        for (const { exit } of invalidResults) yield* assertRejects(exit)
        const validResults = results.filter(({ position }) => position === 0 || position === 3)
        assert.deepStrictEqual(validResults.map(({ exit }) => exit._tag), ["Success", "Success"])
      }).pipe(Effect.provide(CustomersMemory.layer([{ ...minimalCustomer, customerId: "1" }]))))
  }
})
