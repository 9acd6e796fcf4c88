import * as Headers from "@effect/platform/Headers"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Either, Option } from "effect"
import { serverMessages, type TrustlyError } from "effect-trustly"
import type { Operation } from "../../src/internal/operations.ts"
import * as Operations from "../../src/internal/operations.ts"
import * as Response from "../../src/internal/response.ts"
import * as RetryAfter from "../../src/internal/retryAfter.ts"

type Body = Response.Body

const write: Operation<string> = {
  name: "update",
  method: "POST",
  path: "/customers/{customerId}",
  isWrite: true,
  decode: () => Either.right("decoded")
}
const read: Operation<string> = { ...write, name: "get", method: "GET", isWrite: false }

const text = (value: unknown): Body => ({
  _tag: "Text",
  text: typeof value === "string" ? value : JSON.stringify(value)
})
const errors = (...codes: ReadonlyArray<unknown>): Body => text({ errors: codes.map((code) => ({ code })) })

const broken: Body = { _tag: "Broken", failure: { reason: "Reset", code: "ECONNRESET" } }
const unreadable: ReadonlyArray<Body> = [broken, { _tag: "TooLarge" }, { _tag: "Encoding" }, text(""), text("<html>")]
const misleading: ReadonlyArray<Body> = [errors(375), errors(200), errors(100), errors(390), text({ customer: {} })]

const of = (
  operation: Operation<string>,
  status: number,
  body: Body,
  headers: Readonly<Record<string, string>> = { "content-length": "1" }
) => Response.interpret(operation, "1001165729", { status, headers: Headers.fromInput(headers), body }, 0)

const failure = (result: Either.Either<string, TrustlyError>) => Either.getOrThrow(Either.flip(result))

type Tag = TrustlyError["_tag"]
type Outcome = TrustlyError["outcome"]

const row = (tag: Tag, outcome: Outcome, isRetryable: boolean) => ({ tag, outcome, isRetryable })

const validation = row("TrustlyValidationError", "Rejected", false)
const auth = row("TrustlyAuthError", "Rejected", false)
const notFound = row("TrustlyNotFoundError", "Rejected", false)
const rejected = row("TrustlyRejectedError", "Rejected", false)
const rejectedUnknown = row("TrustlyRejectedError", "Unknown", false)
const rateLimit = row("TrustlyRateLimitError", "Rejected", true)
const server = row("TrustlyServerError", "Unknown", true)
const unsupported = row("TrustlyServerError", "Unknown", false)
const decode = row("TrustlyDecodeError", "Applied", false)

const assertRow = (
  error: TrustlyError,
  { isRetryable, outcome, tag }: ReturnType<typeof row>,
  operation: Operation<string>
) => {
  assert.strictEqual(error._tag, tag)
  assert.strictEqual(error.isRetryable, isRetryable)
  assert.strictEqual(error.operation, operation.name)
  // a read sends no write
  assert.strictEqual(error.outcome, operation.isWrite ? outcome : "NotSent")
}

describe("a status that determines the error", () => {
  const statuses: ReadonlyArray<readonly [statuses: ReadonlyArray<number>, expected: ReturnType<typeof row>]> = [
    [[0, 300, 301, 302, 304, 307, 308, 399], rejected],
    [[303], rejectedUnknown],
    [[401, 403], auth],
    [[404], notFound],
    [[409], rejected],
    [[429], rateLimit],
    [[408, 425, 500, 502, 503, 504, 507, 599], server],
    [[501, 505], unsupported],
    [[100, 103, 199, 600, 999], rejected]
  ]
  for (const [codes, expected] of statuses) {
    for (const status of codes) {
      it(`${status}, regardless of the body`, () => {
        for (const body of [...unreadable, ...misleading]) {
          for (const operation of [write, read]) {
            const error = failure(of(operation, status, body))
            assertRow(error, expected, operation)
            assert.propertyVal(error, "status", status)
          }
        }
      })
    }
  }

  it("404 names the customer", () => {
    assert.propertyVal(failure(of(write, 404, text(""))), "customerId", "1001165729")
  })
})

const codes: ReadonlyArray<readonly [codes: ReadonlyArray<number>, expected: ReturnType<typeof row>]> = [
  [[100, 150, 378], server],
  [[200], validation],
  [[300, 375], auth],
  [[210, 326, 330, 331, 380, 390, 397], rejected]
]

describe("a known code determines the error", () => {
  for (const [known, expected] of codes) {
    for (const code of known) {
      for (const status of [200, 201, 299, 400, 413, 422, 405, 418, 499]) {
        it(`code ${code} with ${status}`, () => {
          for (const operation of [write, read]) {
            const bodies = [errors(code), errors(String(code)), errors(999, code), text({ errors: { code } })]
            for (const body of bodies) assertRow(failure(of(operation, status, body)), expected, operation)
          }
          const withCustomer = text({ customer: { name: "x" }, errors: [{ code }] })
          assertRow(failure(of(write, status, withCustomer)), expected, write)
        })
      }
    }
  }
})

describe("without a known code", () => {
  const bodies = [
    ...unreadable,
    errors(999),
    errors(),
    text({ message: "Bad Request" }),
    text([1]),
    errors(null, {}, 1.5)
  ]
  for (const status of [400, 413, 422]) {
    it(`${status} is a validation error`, () => {
      for (const body of bodies) assertRow(failure(of(write, status, body)), validation, write)
    })
  }
  for (const status of [402, 405, 406, 410, 418, 451, 499]) {
    it(`${status} is rejected`, () => {
      for (const body of bodies) assertRow(failure(of(write, status, body)), rejected, write)
    })
  }
  it("a 2xx with errors is not a success", () => {
    const claims = [errors(999), errors("x"), text({ errors: [1] }), text({ errors: "no" }), text({ errors: { a: 1 } })]
    for (const body of claims) assertRow(failure(of(write, 200, body)), rejectedUnknown, write)
  })
  it("a 2xx with empty errors is a success", () => {
    for (const none of [[], null, {}, "", false]) {
      assert.deepStrictEqual(of(write, 200, text({ customer: {}, errors: none })), Either.right("decoded"))
    }
  })
})

const undecodable = (body: Body, headers?: Readonly<Record<string, string>>) => failure(of(write, 200, body, headers))

describe("a 2xx response", () => {
  it("is decoded if it has the documented shape", () => {
    for (const status of [200, 201, 204, 299]) {
      assert.deepStrictEqual(of(write, status, text("{}")), Either.right("decoded"))
    }
  })
  it("is a decode error with a reason otherwise", () => {
    for (
      const [body, reason] of [
        [{ _tag: "TooLarge" }, "TooLarge"],
        [{ _tag: "Encoding" }, "Encoding"],
        [text(""), "Empty"],
        [text(" \n"), "Empty"],
        [text("<html>"), "NotJson"],
        [text("{"), "NotJson"]
      ] as const
    ) {
      const error = undecodable(body)
      assertRow(error, decode, write)
      assert.propertyVal(error, "reason", reason)
      assertRow(failure(of(read, 200, body)), decode, read)
    }
  })
  it("is a reset if the connection closes inside its JSON", () => {
    assert.propertyVal(undecodable(text("{\"customer\":"), {}), "reason", "Reset")
    assert.propertyVal(undecodable(text("<html>"), {}), "reason", "NotJson")
    assert.propertyVal(undecodable(text("{"), { "transfer-encoding": "chunked" }), "reason", "NotJson")
  })
  it("is a network error if its body is incomplete", () => {
    const error = undecodable(broken)
    assertRow(error, row("TrustlyNetworkError", "Unknown", true), write)
    assert.propertyVal(error, "code", "ECONNRESET")
  })
})

describe("no response", () => {
  const reasons = [
    ["Dns", "NotSent", true],
    ["Connect", "NotSent", true],
    ["Tls", "NotSent", false],
    ["Timeout", "Unknown", true],
    ["Reset", "Unknown", true],
    ["Protocol", "Unknown", true]
  ] as const
  for (const [reason, outcome, isRetryable] of reasons) {
    it(`${reason}`, () => {
      for (const operation of [write, read]) {
        assertRow(
          Response.networkError(operation, { reason }),
          row("TrustlyNetworkError", outcome, isRetryable),
          operation
        )
      }
    })
  }
})

describe("an error envelope", () => {
  const envelope = text({
    errors: [
      { code: 200, location: "address.zip", domain: "java.Exception", message: "Joe User is not a zip" },
      { code: 200, location: "Joe User" },
      { code: 200, location: 5 },
      { message: "no code" }
    ],
    message: "Bad Request"
  })

  it("exposes codes and documented locations, and keeps server messages out of prints", () => {
    const error = failure(of(write, 400, envelope))
    assert.deepStrictEqual("errors" in error && error.errors, [
      { code: 200, location: "address.zip" },
      { code: 200 },
      { code: 200 }
    ])
    assert.strictEqual(serverMessages(error).length, 4)
    assert.notInclude(`${error.message} ${JSON.stringify(error)} ${String(error)}`, "Joe User")
  })
})

describe("Retry-After", () => {
  const now = Date.UTC(2026, 10, 25, 12, 0, 0)
  const seconds = (header: string | undefined) =>
    Option.map(
      Option.fromNullable(RetryAfter.read(Headers.fromInput({ "retry-after": header }), now).retryAfter),
      Duration.toSeconds
    )
  const given: ReadonlyArray<readonly [header: string | undefined, seconds: number | undefined]> = [
    [undefined, undefined],
    ["", undefined],
    ["0", 0],
    ["7", 7],
    [" 7 ", 7],
    ["1000000000", 1e9],
    ["9".repeat(400), Number.POSITIVE_INFINITY],
    ["-5", undefined],
    ["1.5", undefined],
    ["1e3", undefined],
    ["soon", undefined],
    ["Wed, 25 Nov 2026 12:00:30 GMT", 30],
    ["Wednesday, 25-Nov-26 12:00:30 GMT", 30],
    ["Wed Nov 25 12:00:30 2026", 30],
    ["Wed, 25 Nov 2026 12:00:00 GMT", undefined],
    ["Wed, 21 Oct 2015 07:28:00 GMT", undefined],
    ["Wed, 99 Nov 2026 12:00:30 GMT", undefined],
    ["2026-11-25T12:00:30Z", undefined]
  ]
  for (const [header, expected] of given) {
    it(`${header === undefined ? "absent" : JSON.stringify(header.slice(0, 40))}`, () => {
      const actual = Option.map(seconds(header), Math.floor)
      assert.deepStrictEqual(actual, Option.fromNullable(expected))
    })
  }

  it("is present only on retryable errors that can carry it", () => {
    const headers = { "retry-after": "7" }
    for (
      const [status, waits] of [[429, true], [503, true], [408, true], [401, false], [409, false], [
        400,
        false
      ]] as const
    ) {
      assert.strictEqual("retryAfter" in failure(of(write, status, text(""), headers)), waits, String(status))
    }
    const busy = failure(of(write, 503, text(""), headers))
    assert.deepStrictEqual("retryAfter" in busy ? busy.retryAfter : undefined, Duration.seconds(7))
  })
})

describe("a response with very many errors", () => {
  it("makes an error with a message of bounded length", () => {
    const error = failure(of(write, 400, errors(...Array.from({ length: 20_000 }, (_, index) => index + 1000))))
    assert.strictEqual("errors" in error && error.errors.length, 100)
    assert.isBelow(error.message.length, 10_000)
  })

  it("reports a bounded number of issues", () => {
    const find: Operation<unknown> = Operations.find
    const customers = Array.from({ length: 20_000 }, () => ({ name: 1 }))
    const result = Response.interpret(
      find,
      undefined,
      { status: 200, headers: Headers.empty, body: text({ customers }) },
      0
    )
    const error = Either.getOrThrow(Either.flip(result))
    assert.strictEqual("issues" in error && error.issues.length, 100)
    assert.isBelow(error.message.length, 10_000)
  })
})

describe("Retry-After as a date", () => {
  const sentAt = Date.UTC(2026, 10, 25, 12, 0, 0)
  const headers = { "retry-after": "Wed, 25 Nov 2026 12:00:30 GMT", date: "Wed, 25 Nov 2026 12:00:00 GMT" }

  for (const [clock, offset] of [["right", 0], ["5 minutes fast", 300_000], ["5 minutes slow", -300_000]] as const) {
    it(`is measured against the server's Date when this clock is ${clock}`, () =>
      assert.deepStrictEqual(
        RetryAfter.read(Headers.fromInput(headers), sentAt + offset),
        { retryAfter: Duration.seconds(30) }
      ))
  }

  it("is measured against this clock when the response has no valid Date", () => {
    for (const date of [undefined, "", "yesterday"]) {
      assert.deepStrictEqual(
        RetryAfter.read(Headers.fromInput({ ...headers, date }), sentAt + 10_000),
        { retryAfter: Duration.seconds(20) }
      )
    }
  })
})

describe("a 404", () => {
  it("in Trustly's format reports that the customer was not found", () =>
    assert.strictEqual(
      failure(of(write, 404, errors(200))).message,
      "CustomerService.update: customer 1001165729 not found (HTTP 404, code 200)"
    ))

  for (const body of [text("<html>"), text(""), text({ message: "Not Found" }), text({ error: 404 })]) {
    it(`with ${JSON.stringify(body)} points to the base URL`, () => {
      const error = failure(of(write, 404, body))
      assert.strictEqual(error._tag, "TrustlyNotFoundError")
      assert.strictEqual(
        error.message,
        "CustomerService.update: not found, and the response is not in Trustly's format; check the base URL (HTTP 404)"
      )
    })
  }
})
