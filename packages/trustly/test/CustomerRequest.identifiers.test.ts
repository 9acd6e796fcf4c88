import { assert, describe, it } from "@effect/vitest"
import { Effect, Either, FastCheck } from "effect"
import { CustomerRequest, type Issue } from "effect-trustly"
import { json, minimalCustomer, scriptedService } from "./support.ts"

const invalid = (path: string, expected: string): ReadonlyArray<Issue> => [{ path, problem: "invalid", expected }]

/** The URLs that `get` requests for a `customerId`. */
const requestedUrls = (customerId: string) =>
  Effect.gen(function*() {
    const urls: Array<string> = []
    const customers = yield* scriptedService(({ url }) => {
      urls.push(url)
      return json({ customer: {} })
    })
    yield* Effect.either(customers.get(customerId))
    return urls
  })

const idRule = "1 to 128 characters without / \\ ? # %, white space, or control characters, and not . or .."

describe("a customerId", () => {
  const invalidIds = [
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
  for (const customerId of invalidIds) {
    it(`rejects ${JSON.stringify(customerId).slice(0, 30)}`, () => {
      const checked = Either.flip(CustomerRequest.get(customerId))
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
    it.effect(`encodes ${JSON.stringify(customerId).slice(0, 30)}`, () =>
      Effect.map(
        requestedUrls(customerId),
        (urls) => assert.deepStrictEqual(urls.map((url) => new URL(url).pathname), [`/api/v1/customers/${segment}`])
      ))
  }

  it.effect.prop(
    "is sent as one path segment or rejected",
    [FastCheck.string({ unit: "binary" })],
    ([customerId]) =>
      Effect.map(requestedUrls(customerId), (urls) => {
        const [url] = urls
        if (url === undefined) return assert.isTrue(Either.isLeft(CustomerRequest.get(customerId)))
        const { hash, pathname, search } = new URL(url)
        const segments = pathname.split("/")
        assert.deepStrictEqual([segments.length, search, hash], [5, "", ""])
        assert.strictEqual(decodeURIComponent(segments[4] ?? ""), customerId)
      })
  )
})

// also accepts input that the types forbid, as an untyped program can pass it
const query = (by: unknown) => CustomerRequest.find(Object.assign({ externalId: "" }, { externalId: undefined }, by))

describe("find", () => {
  it("sends one identifier unchanged", () => {
    assert.deepStrictEqual(query({ externalId: "a b/ä" }), Either.right({ query: { externalId: "a b/ä" } }))
    assert.deepStrictEqual(query({ customerId: "1" }), Either.right({ query: { customerId: "1" } }))
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
    it(`rejects ${JSON.stringify(by)}`, () => {
      const error = Either.getOrThrow(Either.flip(query(by)))
      const path = "externalId" in by ? "externalId" : "customerId"
      assert.deepStrictEqual(error.issues, invalid(path, "either an externalId or a customerId"))
      assert.strictEqual(error.operation, "find")
    })
  }
})

const createOrUpdate = (input: object) =>
  CustomerRequest.createOrUpdate(
    Object.assign({ ...minimalCustomer, externalId: "" }, { externalId: undefined }, input)
  )

const issues = (input: object) => Either.getOrThrow(Either.flip(createOrUpdate(input))).issues

describe("createOrUpdate", () => {
  it("requires an identifier", () => {
    for (const id of [{ externalId: "E" }, { customerId: "1" }, { externalId: "E", customerId: "1" }]) {
      assert.deepStrictEqual(Either.getOrThrow(createOrUpdate(id)).body, { ...minimalCustomer, ...id })
    }
    const none: ReadonlyArray<Issue> = [{
      path: "externalId",
      problem: "missing",
      expected: "an externalId or a customerId"
    }]
    assert.deepStrictEqual(issues({}), none)
    assert.deepStrictEqual(issues({ externalId: null }), none)
  })

  it("rejects an externalId that `find` would reject", () => {
    for (const externalId of ["a\u0000", "a\n", "\ud800"]) {
      assert.deepStrictEqual(issues({ externalId }), [{
        path: "externalId",
        problem: "invalid",
        expected: "a non-empty string without control characters"
      }])
    }
  })

  it("rejects an invalid customerId", () => {
    for (const customerId of ["", "..", "a/b"]) {
      assert.deepStrictEqual(issues({ customerId }).map(({ path, problem }) => [path, problem]), [[
        "customerId",
        "invalid"
      ]])
    }
  })
})
