import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect, Either, Exit, Redacted, Schema, Stream } from "effect"
import { CustomerBatch, TrustlyValidationError } from "effect-trustly"
import { CustomersMemory } from "effect-trustly/testing"
import { collect } from "./batch.ts"

const issuesOf = (json: unknown) => Either.getOrThrow(Either.flip(CustomerBatch.decode(json))).issues

describe("a command as JSON", () => {
  const change = { vip: 1 }
  const update = { name: "Jo", email: "jo@example.com", phone: "+1", address: { country: "US" } }
  const commands = [{ customerId: "1", update }, { customerId: "1", change }, {
    externalId: "a b",
    change
  }]
  const invalidCommands: ReadonlyArray<readonly [json: unknown, path: string]> = [
    [null, ""],
    [[], ""],
    [{ change }, "externalId"],
    [{ customerId: "a/b", change }, "customerId"],
    [{ customerId: "", update }, "customerId"],
    [{ externalId: "", change }, "externalId"],
    [{ externalId: "1", update }, "externalId"],
    [{ customerId: "1", change, update }, "change"],
    [{ customerId: "1", change: { ...change, nick: 1 } }, "change.nick"],
    [{ customerId: "1", change: { address: { town: "Reno" } } }, "change.address.town"]
  ]
  const decode = Schema.decodeUnknownEither(CustomerBatch.Command)

  it("is an update, a change, or a change by externalId", () => {
    for (const command of commands) {
      assert.deepStrictEqual(CustomerBatch.decode(command), Either.right(command))
      assert.deepStrictEqual(decode(command), Either.right(command))
    }
  })
  it("is what encode returns, with every value in its wire format", () => {
    const enrollDate = DateTime.unsafeMake(1_767_225_600_000)
    const secret = Redacted.make("123456790")
    const json = CustomerBatch.encode({ customerId: "1", change: { enrollDate, taxId: secret, vip: null } })
    const wire = { customerId: "1", change: { enrollDate: 1_767_225_600_000, taxId: "123456790", vip: null } }
    assert.deepStrictEqual(json, Either.right(wire))
    for (const command of commands) assert.deepStrictEqual(CustomerBatch.encode(command), Either.right(command))
  })
  it("is rejected with an invalid identifier or an unknown field", () => {
    for (const [command, path] of invalidCommands) {
      const decoded = CustomerBatch.decode(command)
      assert.strictEqual(Either.isLeft(decoded) && decoded.left.issues[0]?.path, path)
      assert.isTrue(Either.isLeft(decode(command)), path)
      assert.deepStrictEqual<unknown>(Reflect.apply(CustomerBatch.encode, undefined, [command]), decoded)
    }
  })
  it("is rejected when data would be lost or cannot be read", () => {
    class Tier {
      get vip() {
        return 2
      }
    }
    const unreadable = Object.defineProperty({ ...update }, "email", {
      enumerable: true,
      get: () => {
        throw new Error("sentinel")
      }
    })
    const lossy = [
      { customerId: "1", change: new Tier() },
      { externalId: "1", change: new Map([["vip", 2]]) },
      { customerId: "1", update: Object.assign(Object.create({ vip: 2 }), update) },
      { customerId: "1", update: unreadable }
    ]
    for (const command of lossy) {
      const [issue] = issuesOf(command)
      assert.propertyVal(issue, "problem", "invalid")
      assert.propertyVal(issue, "expected", "plain data: objects, arrays, strings, numbers, booleans, and null")
    }
    assert.deepStrictEqual(lossy.map((command) => issuesOf(command)[0]?.path), [
      "change",
      "change",
      "update",
      "update.email"
    ])
  })

  it("must not name another customer in its fields", () => {
    const issue = { path: "update.customerId", problem: "invalid", expected: "the customerId of the command" } as const
    assert.deepStrictEqual(issuesOf({ customerId: "1", update: { ...update, customerId: "2" } }), [issue])
    for (
      const command of [{ customerId: "1", change: { customerId: "2" } }, {
        externalId: "1",
        change: { customerId: "2" }
      }]
    ) {
      assert.deepStrictEqual(issuesOf(command), [{ ...issue, path: "change.customerId" }])
    }
    assert.isTrue(Either.isRight(CustomerBatch.decode({ customerId: "1", update: { ...update, customerId: "1" } })))
  })
})

const invalid = (operation: "modify" | "update", path: string, expected: string) =>
  Exit.fail(new TrustlyValidationError({ operation, issues: [{ path, problem: "invalid", expected }] }))

describe("a command of a run", () => {
  const update = { name: "Jo", email: "jo@example.com", phone: "+1", address: { country: "US" } }
  const change = { vip: 1 }

  /** The results of these commands, and the operations that changed a customer. */
  const run = (commands: ReadonlyArray<CustomerBatch.Command>) =>
    Effect.gen(function*() {
      const { end, results } = yield* collect(
        CustomerBatch.run(Stream.fromIterable(commands), { concurrency: 1 })
      )
      assert.deepStrictEqual(end, Exit.void)
      const { calls } = yield* CustomersMemory
      return { results, operations: (yield* calls).map(({ operation }) => operation) }
    }).pipe(Effect.provide(CustomersMemory.layer([{ ...update, customerId: "1", externalId: "jo" }])))

  it.effect("can have properties that are undefined", () =>
    Effect.gen(function*() {
      const commands = [
        { customerId: "1", change, update: undefined },
        { customerId: "1", externalId: undefined, update, change: undefined },
        { customerId: undefined, externalId: "jo", change }
      ]
      const { results } = yield* run(commands)
      assert.deepStrictEqual(results.map(({ customer, exit }) => [customer, exit._tag]), [
        [{ customerId: "1" }, "Success"],
        [{ customerId: "1" }, "Success"],
        [{ externalId: "jo" }, "Success"]
      ])
      for (const command of commands) assert.isTrue(Either.isRight(CustomerBatch.decode(command)))
    }))

  it.effect("fails, and sends nothing, unless it has one identifier and one half", () =>
    Effect.gen(function*() {
      const commands = [
        { customerId: "1", update, change },
        { customerId: "1", externalId: "y", change },
        { customerId: "1", externalId: "y", update }
      ]
      const { operations, results } = yield* run(commands)
      assert.deepStrictEqual(results.map(({ exit }) => exit), [
        invalid("update", "change", "either an update or a change"),
        invalid("modify", "externalId", "either an externalId or a customerId"),
        invalid("update", "externalId", "either an externalId or a customerId")
      ])
      assert.deepStrictEqual(operations, [])
      for (const command of commands) assert.isTrue(Either.isLeft(CustomerBatch.decode(command)))
    }))
})
