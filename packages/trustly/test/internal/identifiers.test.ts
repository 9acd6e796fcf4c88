import { assert, describe, it } from "@effect/vitest"
import { Either, FastCheck } from "effect"
import type { Issue } from "effect-trustly"
import * as Input from "../../src/internal/input.ts"
import { least } from "../support.ts"

const invalid = (path: string, expected: string): ReadonlyArray<Issue> => [{ path, problem: "invalid", expected }]

const idRule = "1 to 128 characters without / \\ ? # %, white space and control characters, and not . or .."

describe("the identifier of a customer", () => {
  const refused = [
    "",
    ".",
    "..",
    "a/b",
    "a\\b",
    "a?b",
    "a#b",
    "a%2fb",
    "a b",
    " a",
    "a\n",
    "a\u00a0b",
    "a\u2028b",
    "a\u0000",
    "a\u007f",
    "a\u0085",
    "\ud800",
    "a\udc00b",
    "a".repeat(129)
  ]
  for (const customerId of refused) {
    it(`${JSON.stringify(customerId).slice(0, 30)} is refused`, () => {
      const checked = Either.flip(Input.pathSegment("get", customerId))
      const error = Either.getOrThrow(checked)
      assert.deepStrictEqual(error.issues, invalid("customerId", idRule))
      assert.deepStrictEqual([error.operation, error.outcome, error.isRetryable], ["get", "NotSent", false])
    })
  }

  for (
    const [customerId, segment] of [
      ["1001165729", "1001165729"],
      ["...", "..."],
      ["a.b~c_d-e", "a.b~c_d-e"],
      ["ä€", "%C3%A4%E2%82%AC"],
      ["😀", "%F0%9F%98%80"],
      ["a:b;c&d=e+f", "a%3Ab%3Bc%26d%3De%2Bf"],
      ["a".repeat(128), "a".repeat(128)]
    ] as const
  ) {
    it(`${JSON.stringify(customerId).slice(0, 30)} is encoded`, () =>
      assert.deepStrictEqual(Input.pathSegment("get", customerId), Either.right(segment)))
  }

  it.prop("is one segment of a path, or refused", [FastCheck.string({ unit: "binary" })], ([customerId]) => {
    const checked = Input.pathSegment("get", customerId)
    if (Either.isLeft(checked)) return
    const { hash, pathname, search } = new URL(`https://example.test/customers/${checked.right}`)
    assert.deepStrictEqual([pathname, search, hash], [`/customers/${checked.right}`, "", ""])
    assert.strictEqual(decodeURIComponent(checked.right), customerId)
  })
})

// from programs without types, too
const query = (by: unknown) => Input.query(Object.assign({ externalId: "" }, { externalId: undefined }, by))

describe("what customers are looked for by", () => {
  it("is one identifier, as it is", () => {
    assert.deepStrictEqual(query({ externalId: "a b/ä" }), Either.right({ externalId: "a b/ä" }))
    assert.deepStrictEqual(query({ customerId: "1" }), Either.right({ customerId: "1" }))
  })

  for (
    const by of [
      {},
      { externalId: "" },
      { externalId: 1 },
      { externalId: "a\u0000" },
      { externalId: "\ud800" },
      { customerId: "" },
      { customerId: ".." },
      { customerId: "a/b" },
      { customerId: 1 },
      { customerId: "1", externalId: "1" }
    ]
  ) {
    it(`${JSON.stringify(by)} is refused`, () => {
      const error = Either.getOrThrow(Either.flip(query(by)))
      const path = "externalId" in by ? "externalId" : "customerId"
      assert.deepStrictEqual(error.issues, invalid(path, "either an externalId or a customerId"))
      assert.strictEqual(error.operation, "find")
    })
  }
})

const issues = (input: object) => Either.getOrThrow(Either.flip(Input.upsertBody({ ...least, ...input }))).issues

describe("a customer to create or update", () => {
  it("has an identifier", () => {
    for (const id of [{ externalId: "E" }, { customerId: "1" }, { externalId: "E", customerId: "1" }]) {
      assert.deepStrictEqual(Input.upsertBody({ ...least, ...id }), Either.right({ ...least, ...id }))
    }
    const none: ReadonlyArray<Issue> = [{
      path: "externalId",
      problem: "missing",
      expected: "an externalId or a customerId"
    }]
    assert.deepStrictEqual(issues({}), none)
    assert.deepStrictEqual(issues({ externalId: null }), none)
  })

  it("has an identifier that can be one", () => {
    for (const customerId of ["", "..", "a/b"]) {
      assert.deepStrictEqual(issues({ customerId }).map(({ path, problem }) => [path, problem]), [[
        "customerId",
        "invalid"
      ]])
    }
  })
})
