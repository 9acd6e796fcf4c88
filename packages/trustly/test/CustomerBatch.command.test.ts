import { assert, describe, it } from "@effect/vitest"
import { Either, Schema } from "effect"
import { CustomerBatch } from "effect-trustly"

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
  it("is rejected with an invalid identifier or an unknown field", () => {
    for (const [command, path] of invalidCommands) {
      const decoded = CustomerBatch.decode(command)
      assert.strictEqual(Either.isLeft(decoded) && decoded.left.issues[0]?.path, path)
      assert.isTrue(Either.isLeft(decode(command)), path)
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
