import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Duration, Effect, Either, FastCheck, Option, Predicate, Redacted, Schema } from "effect"
import {
  isRetryable,
  issuesOf,
  isTrustlyError,
  retryAfter,
  serverMessages,
  TrustlyAuthError,
  TrustlyDecodeError,
  TrustlyError,
  TrustlyNetworkError,
  TrustlyNotFoundError,
  TrustlyRateLimitError,
  TrustlyRejectedError,
  TrustlyServerError,
  TrustlyValidationError
} from "effect-trustly"
import { withServerMessages } from "../src/internal/serverMessages.ts"

const defaults: ReadonlyArray<readonly [error: TrustlyError, facts: object, message: string]> = [
  [
    new TrustlyValidationError({ operation: "update" }),
    { isRetryable: false, outcome: "NotSent", issues: [], errors: [] },
    "CustomerService.update: input refused"
  ],
  [
    new TrustlyAuthError({ operation: "update" }),
    { isRetryable: false, outcome: "Rejected", errors: [] },
    "CustomerService.update: credentials refused"
  ],
  [
    new TrustlyNotFoundError({ operation: "update" }),
    { isRetryable: false, outcome: "Rejected", errors: [] },
    "CustomerService.update: customer not found"
  ],
  [
    new TrustlyRejectedError({ operation: "update" }),
    { isRetryable: false, outcome: "Rejected", errors: [] },
    "CustomerService.update: request rejected"
  ],
  [
    new TrustlyRateLimitError({ operation: "update" }),
    { isRetryable: true, outcome: "Rejected", errors: [] },
    "CustomerService.update: too many requests"
  ],
  [
    new TrustlyServerError({ operation: "update" }),
    { isRetryable: true, outcome: "Unknown", errors: [] },
    "CustomerService.update: Trustly failed"
  ],
  [
    new TrustlyNetworkError({ operation: "update", reason: "Reset" }),
    { isRetryable: true, outcome: "Unknown", reason: "Reset" },
    "CustomerService.update: no complete response: Reset"
  ],
  [
    new TrustlyDecodeError({ operation: "update", reason: "Shape" }),
    { isRetryable: false, outcome: "Applied", reason: "Shape", issues: [] },
    "CustomerService.update: response not understood: Shape"
  ]
]

describe("an error without optional fields", () => {
  for (const [error, facts, message] of defaults) {
    it(`${error._tag} has its defaults`, () => {
      assert.deepInclude(error, { operation: "update", ...facts })
      assert.strictEqual(error.message, message)
      assert.isTrue(error instanceof Error)
    })
  }
})

describe("the message", () => {
  it("describes the failure in one line", () => {
    const auth = new TrustlyAuthError({ operation: "update", status: 401, errors: [{ code: 375 }] })
    assert.strictEqual(auth.message, "CustomerService.update: credentials refused (HTTP 401, code 375)")
    const validation = new TrustlyValidationError({
      operation: "modify",
      status: 400,
      errors: [{ code: 200, location: "address.zip" }],
      issues: [{ path: "", problem: "invalid", expected: "an object" }, { path: "name", problem: "missing" }]
    })
    assert.strictEqual(
      validation.message,
      "CustomerService.modify: input refused: the value is invalid, expected an object; name is missing " +
        "(HTTP 400, code 200 at address.zip)"
    )
    assert.include(new TrustlyRejectedError({ operation: "update", status: 302 }).message, "redirected, not followed")
    assert.include(
      new TrustlyServerError({ operation: "update", retryAfter: Duration.seconds(7) }).message,
      "retry after 7 s"
    )
    assert.include(
      new TrustlyNetworkError({ operation: "update", reason: "Reset", code: "ECONNRESET" }).message,
      "Reset, ECONNRESET"
    )
    assert.include(new TrustlyNotFoundError({ operation: "update", customerId: "1" }).message, "customer 1 not found")
  })
})

describe("derived fields", () => {
  it("have derived defaults and can be set explicitly", () => {
    assert.strictEqual(new TrustlyValidationError({ operation: "update", status: 422 }).outcome, "Rejected")
    assert.strictEqual(new TrustlyServerError({ operation: "update", status: 501 }).isRetryable, false)
    assert.strictEqual(new TrustlyNetworkError({ operation: "update", reason: "Tls" }).isRetryable, false)
    for (const reason of ["Dns", "Connect", "Tls"] as const) {
      assert.strictEqual(new TrustlyNetworkError({ operation: "update", reason }).outcome, "NotSent")
    }
    for (const operation of ["get", "find"] as const) {
      assert.strictEqual(new TrustlyServerError({ operation }).outcome, "NotSent")
      assert.strictEqual(new TrustlyNetworkError({ operation, reason: "Reset" }).outcome, "NotSent")
      assert.strictEqual(new TrustlyDecodeError({ operation, reason: "Shape" }).outcome, "NotSent")
      assert.strictEqual(new TrustlyRateLimitError({ operation }).outcome, "NotSent")
    }
    assert.strictEqual(new TrustlyServerError({ operation: "modify", outcome: "NotSent" }).outcome, "NotSent")
  })
})

const encode = Schema.encodeEither(Schema.parseJson(TrustlyError))
const decode = Schema.decodeEither(Schema.parseJson(TrustlyError))

describe("an error that crosses a process boundary", () => {
  const full: ReadonlyArray<TrustlyError> = [
    ...defaults.map(([error]) => error),
    new TrustlyValidationError({
      operation: "update",
      status: 400,
      issues: [{ path: "a.b", problem: "invalid", expected: "x" }],
      errors: [{ code: 200, location: "name" }]
    }),
    new TrustlyRateLimitError({ operation: "get", retryAfter: Duration.seconds(7), errors: [{ code: 1 }] }),
    new TrustlyNetworkError({ operation: "find", reason: "Dns", code: "ENOTFOUND" }),
    new TrustlyNotFoundError({ operation: "modify", customerId: "1" })
  ]
  for (const error of full) {
    it(`${error.message} is unchanged`, () => {
      const back = Either.getOrThrow(Either.flatMap(encode(error), decode))
      assert.strictEqual(back._tag, error._tag)
      assert.strictEqual(back.message, error.message)
      assert.deepStrictEqual({ ...back }, { ...error })
    })
  }

  it("is unchanged for any fields", () => {
    FastCheck.assert(FastCheck.property(Arbitrary.make(TrustlyError), (error) => {
      const back = Either.getOrThrow(Either.flatMap(encode(error), decode))
      return back.message === error.message && back.outcome === error.outcome && back.isRetryable === error.isRetryable
    }))
  })
})

describe("an error with fields of unusual values", () => {
  it("is made and crosses a process boundary when a wait is longer than anything", () => {
    for (const seconds of [9_007_199_254_740, 9_007_199_254_741, 1e300, Infinity]) {
      const error = new TrustlyRateLimitError({ operation: "get", retryAfter: Duration.seconds(seconds) })
      assert.deepStrictEqual(Schema.decodeSync(TrustlyError)(Schema.encodeSync(TrustlyError)(error)), error)
      assert.isTrue(Option.exists(retryAfter(error), Duration.greaterThan(Duration.days(100_000_000))))
    }
  })

  it("takes undefined as absent", () => {
    const without: { readonly customerId?: string; readonly status?: number } = {}
    const { customerId, status } = without
    const error: unknown = Reflect.construct(TrustlyNotFoundError, [{ operation: "get", customerId, status }])
    assert.deepStrictEqual(error, new TrustlyNotFoundError({ operation: "get" }))
    assert.isFalse(Predicate.hasProperty(error, "customerId"))
  })
})

describe("server messages", () => {
  const error = withServerMessages(new TrustlyAuthError({ operation: "update" }), ["sentinel server message"])

  it("can be read with serverMessages", () => {
    assert.deepStrictEqual(serverMessages(error).map(Redacted.value), ["sentinel server message"])
    assert.deepStrictEqual(serverMessages(new TrustlyAuthError({ operation: "update" })), [])
  })
  it.effect("can be read from an error that failed inside a span", () =>
    Effect.map(
      Effect.flip(Effect.withSpan(Effect.suspend(() => Effect.fail(error)), "a span")),
      (failed) => assert.deepStrictEqual(serverMessages(failed).map(Redacted.value), ["sentinel server message"])
    ))
  it("are not printed and do not cross a process boundary", () => {
    const json = Either.getOrThrow(encode(error))
    assert.notInclude(`${json} ${JSON.stringify(error)} ${String(error)} ${error.stack} ${error.message}`, "sentinel")
    assert.deepStrictEqual(serverMessages(Either.getOrThrow(decode(json))), [])
  })
})

describe("the predicates", () => {
  it("recognize all eight errors", () => {
    for (const [error, facts] of defaults) {
      assert.isTrue(isTrustlyError(error))
      assert.strictEqual(isRetryable(error), "isRetryable" in facts && facts.isRetryable)
    }
  })
  it("return false for any other value", () => {
    FastCheck.assert(
      FastCheck.property(
        FastCheck.anything(),
        (value) => !isTrustlyError(value) && !isRetryable(value) && Option.isNone(retryAfter(value))
      )
    )
    for (const value of [null, undefined, Object.create(null), { _tag: "TrustlyServerError", isRetryable: true }]) {
      assert.isFalse(isTrustlyError(value))
      assert.isFalse(isRetryable(value))
    }
  })
  it("return how long to wait", () => {
    const wait = Duration.seconds(7)
    assert.deepStrictEqual(
      retryAfter(new TrustlyServerError({ operation: "update", retryAfter: wait })),
      Option.some(wait)
    )
    assert.deepStrictEqual(retryAfter(new TrustlyServerError({ operation: "update" })), Option.none())
    assert.deepStrictEqual(retryAfter(new TrustlyAuthError({ operation: "update" })), Option.none())
  })
})

describe("the issues of a parse error", () => {
  const schema = Schema.Struct({
    age: Schema.Number,
    tiers: Schema.Array(Schema.Literal("gold")),
    notes: Schema.Record({ key: Schema.String, value: Schema.Number })
  })
  const issues = (input: unknown) =>
    Either.getOrThrow(
      Either.flip(Schema.decodeUnknownEither(schema, { onExcessProperty: "error", errors: "all" })(input))
    ).pipe(issuesOf)

  it("name the invalid fields of any schema, but no key that may be a value", () =>
    assert.deepStrictEqual(
      issues({ tiers: ["gold", "sentinel"], notes: { "a sentinel": "sentinel" }, "the sentinel": 1, nick: 1 }),
      [
        { path: "(a key)", problem: "unknown" },
        { path: "nick", problem: "unknown" },
        { path: "age", problem: "missing" },
        { path: "tiers.1", problem: "invalid", expected: "\"gold\"" },
        { path: "notes.(a key)", problem: "invalid", expected: "a number" }
      ]
    ))
  it("contain no input values", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.jsonValue(), (value) => {
        const json = JSON.stringify(issues({ age: "sentinel", tiers: value, notes: [value], more: value }))
        return !json.includes("sentinel") && JSON.parse(json).length >= 2
      })
    )
  })
})

it.effect("an error can be yielded as a failing effect", () =>
  Effect.map(
    Effect.flip(new TrustlyAuthError({ operation: "get" })),
    (error) => assert.strictEqual(error.operation, "get")
  ))
