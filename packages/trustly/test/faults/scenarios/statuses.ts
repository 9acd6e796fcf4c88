import {
  auth,
  brokenOrCut,
  decode,
  type Expected,
  type Failure,
  notFound,
  rateLimited,
  rejected,
  rejectedUnknown,
  serverError,
  succeeds,
  validation
} from "../expectations.ts"
import type { Scenario } from "../Scenario.ts"
import {
  bytes,
  close,
  customer,
  cut,
  end,
  envelope,
  goodBody,
  head,
  httpResponse,
  nested,
  onRequest,
  wait,
  write
} from "../wire.ts"

const status = (
  name: string,
  code: number,
  body: string | Uint8Array,
  expected: ReadonlyArray<Expected>,
  more: Partial<Scenario> = {}
): Scenario => ({ name: `${code} ${name}`, plays: onRequest(write(httpResponse(code, body))), expected, ...more })

/** Bodies without an error code: the status determines the error. */
const codeless: Readonly<Record<string, string | Uint8Array>> = {
  "with HTML": "<html>No</html>",
  "with an empty body": "",
  "with {}": "{}",
  "with null": "null",
  "with an array": "[]",
  "with only a message": "{\"message\":\"Bad\"}",
  "with an empty errors array": "{\"errors\":[]}",
  "with errors as a string": "{\"errors\":\"bad\"}",
  "with null errors": "{\"errors\":null}",
  "with a null error": "{\"errors\":[null]}",
  "with an error without a code": "{\"errors\":[{\"message\":\"No\"}]}",
  "with an unknown code": envelope(999),
  "with a customer": goodBody,
  "with bytes that are not UTF-8": bytes("{\"errors\":\"\xff\xfe\"}"),
  "with truncated JSON": envelope(375).slice(0, -1),
  "with 100,000 nested arrays": nested("[", "1", "]")
}

/** Bodies that end early or cannot be decompressed. */
const broken = (code: number, expected: Expected): ReadonlyArray<Scenario> => [
  {
    name: `${code}, then a reset`,
    plays: onRequest(write(head(code, { "content-length": 99 })), ...cut),
    expected: [expected]
  },
  {
    name: `${code} and half a body, then a close`,
    plays: onRequest(write(head(code, { "content-length": 99 }) + envelope(375).slice(0, 20)), ...close),
    expected: [expected]
  },
  {
    name: `${code} and a bad chunk`,
    plays: onRequest(write(`${head(code, { "transfer-encoding": "chunked" })}zz\r\n`), ...close),
    expected: [expected]
  },
  {
    name: `${code} and corrupt gzip`,
    plays: onRequest(write(httpResponse(code, "not gzip", { "content-encoding": "gzip" }))),
    expected: [expected]
  },
  { name: `${code} without a length`, plays: onRequest(write(`${head(code)}No`), ...close), expected: [expected] }
]

const undecidedByBody: ReadonlyArray<Scenario> = [
  validation(400),
  validation(422),
  auth(401),
  notFound(404),
  rejected(409),
  rejected(405),
  rateLimited(),
  serverError(500)
].flatMap((expected) => {
  const code = expected.status ?? 0
  return [
    ...Object.entries(codeless).map(([name, body]) => status(name, code, body, [expected])),
    ...broken(code, expected)
  ]
}).concat([validation(413), auth(403), serverError(408), serverError(425), serverError(502), serverError(503)].flatMap((
  expected
) =>
  ["with HTML", "with an empty body", "with a customer"].map((name) =>
    status(name, expected.status ?? 0, codeless[name] ?? "", [expected])
  )
))

/** Trustly's error codes, and the error class of each where the code determines it. */
const classes: ReadonlyArray<readonly [number, (status: number) => Failure]> = [
  [100, (code) => serverError(code)],
  [150, (code) => serverError(code)],
  [378, (code) => serverError(code)],
  [200, validation],
  [300, auth],
  [375, auth],
  ...[210, 326, 330, 331, 380, 390, 397].map((code): readonly [number, (status: number) => Failure] => [code, rejected])
]

const withCodes = (failure: Failure, ...codes: ReadonlyArray<number>): Failure => ({ ...failure, codes })

const codes: ReadonlyArray<Scenario> = [
  ...classes.flatMap(([code, make]) => [
    status(`with code ${code}`, 200, envelope(code), [withCodes(make(200), code)]),
    status(`with code ${code} and a customer`, 200, JSON.stringify({ customer, errors: [{ code }] }), [
      withCodes(make(200), code)
    ]),
    status(`with code ${code}`, 400, envelope(code), [withCodes(make(400), code)])
  ]),
  ...[201, 202, 299].map((code) => status("with code 375", code, envelope(375), [withCodes(auth(code), 375)])),
  status("with code 375", 405, envelope(375), [withCodes(auth(405), 375)]),
  status("with code 330", 413, envelope(330), [withCodes(rejected(413), 330)]),
  status("with code 375", 422, envelope(375), [withCodes(auth(422), 375)]),
  status("with code 200", 418, envelope(200), [withCodes(validation(418), 200)]),
  status("with an unknown code", 200, envelope(999), [withCodes(rejectedUnknown(200), 999)]),
  status("with code 0", 200, envelope(0), [withCodes(rejectedUnknown(200), 0)]),
  status("with a negative code", 200, envelope(-375), [withCodes(rejectedUnknown(200), -375)]),
  status("with two codes of the same class", 200, envelope(300, 375), [withCodes(auth(200), 300, 375)]),
  status(
    "with undocumented fields in the error",
    200,
    JSON.stringify({
      url: "x",
      errors: [{ code: 200, location: "address.zip", occurredAt: 1555696836548, domain: "x", message: "No", more: {} }]
    }),
    [withCodes(validation(200), 200)]
  ),
  // the status alone determines the error, regardless of the body
  ...([[401, auth], [403, auth], [404, notFound], [409, rejected]] as const).flatMap(([code, make]) =>
    [100, 200, 330, 375, 378].map((of) => status(`with code ${of}`, code, envelope(of), [make(code)]))
  ),
  ...[500, 503, 408, 425].map((code) => status("with code 375", code, envelope(375), [serverError(code)])),
  status("with code 375", 429, envelope(375), [rateLimited()])
]

const malformed: Readonly<Record<string, string>> = {
  "an object with a code": "{\"code\":330}",
  "an array with an empty object": "[{}]",
  "an array with a null": "[null]",
  "a string": "\"boom\"",
  "a number": "5",
  "true": "true",
  "an array of strings": "[\"boom\"]",
  "an array of numbers": "[330]",
  "an array of arrays": "[[{\"code\":330}]]",
  "an error without a code": "[{\"message\":\"No\"}]",
  "a null code": "[{\"code\":null}]",
  "a fractional code": "[{\"code\":1.5}]",
  "a code as a numeric string": "[{\"code\":\"330\"}]",
  "a code as a word": "[{\"code\":\"E_BAD\"}]",
  "a code as an object": "[{\"code\":{\"code\":330}}]",
  "a code over 2^53": "[{\"code\":9007199254740993}]",
  "a code over the maximum number": "[{\"code\":1e400}]",
  "a null before a code": "[null,{\"code\":330}]",
  "a code before a null": "[{\"code\":330},null]",
  "a message as an object": "[{\"code\":330,\"message\":{}}]",
  "a location as a number": "[{\"code\":330,\"location\":7}]",
  "100,000 nested arrays": nested("[", "", "]"),
  "5,000 errors": `[${"{\"code\":330},".repeat(4999)}{"code":330}]`
}

const neverSuccess: ReadonlyArray<Expected> = [decode("Shape"), rejectedUnknown(200), rejected(200)]

const badErrors: ReadonlyArray<Scenario> = Object.entries(malformed).flatMap(([name, errors]) => [
  status(`where errors is ${name}`, 200, `{"errors":${errors}}`, neverSuccess),
  status(`where errors is ${name}, with a customer`, 200, `{"errors":${errors},${goodBody.slice(1)}`, neverSuccess)
])

const others: ReadonlyArray<Scenario> = [
  ...[402, 406, 410, 411, 412, 414, 415, 416, 417, 418, 424, 426, 428, 431, 451, 499].map((code) =>
    status("with plain text", code, "No", [rejected(code)])
  ),
  ...[500, 502, 503, 504, 506, 511, 520, 599].map((code) =>
    status("with HTML", code, "<html>Bad Gateway</html>", [serverError(code)])
  ),
  ...[501, 505].map((code) => status("is not retryable", code, "No", [serverError(code)])),
  ...[408, 425].map((code) => status("with plain text", code, "No", [serverError(code)])),
  ...[600, 700, 999].map((code) => status("with a customer", code, goodBody, [rejected(code)])),
  ...[0, 99].map((code): Scenario => ({
    name: `a status of ${code}`,
    plays: onRequest(write(httpResponse(String(code).padStart(3, "0"), goodBody)), ...close),
    expected: [rejected(code)],
    // the parsers of these layers reject a status below 100
    on: { fetch: brokenOrCut, undici: brokenOrCut }
  })),
  {
    name: "101 with an upgrade",
    plays: onRequest(write(head(101, { connection: "upgrade", upgrade: "websocket" })), ...close),
    expected: [rejected(101), ...brokenOrCut]
  },
  {
    name: "101 without an upgrade",
    plays: onRequest(write(head(101)), ...close),
    expected: [rejected(101), ...brokenOrCut]
  },
  // fetch fails on a 407, and repeats the request after a 421
  status("with plain text", 407, "No", [rejected(407)], { on: { fetch: [rejected(407), ...brokenOrCut] } }),
  status("with plain text", 421, "No", [rejected(421)], { requests: { fetch: 2 } }),
  {
    name: "413 before the request is read, then a close",
    plays: [{ after: "head", steps: [write(httpResponse(413, "No", { connection: "close" })), wait(20), end] }],
    expected: [validation(413)]
  }
]

const second = 1000
// the test clock stays at the Unix epoch
const retryAfters: ReadonlyArray<readonly [string, string, Failure["retryAfter"]]> = [
  ["7", "7", [7 * second, 7 * second]],
  ["0", "0", [0, 0]],
  ["007", "007", [7 * second, 7 * second]],
  ["10^9", "1000000000", [1e12, 1e12]],
  ["a date one minute ahead", "Thu, 01 Jan 1970 00:01:00 GMT", [60 * second, 60 * second]],
  ["a date in the past", "Wed, 31 Dec 1969 23:59:00 GMT", null],
  ["-5", "-5", null],
  ["soon", "soon", null],
  ["an empty value", "", null],
  ["NaN", "NaN", null],
  ["Infinity", "Infinity", null],
  ["0x10", "0x10", null],
  ["7 seconds", "7 seconds", null],
  ["an invalid date", "Wed, 99 Foo 2015 07:28:00 GMT", null]
]

const retryAfterScenarios: ReadonlyArray<Scenario> = [
  ...([[429, rateLimited], [503, (more: Pick<Failure, "retryAfter">) => serverError(503, more)]] as const).flatMap((
    [code, make]
  ) => [
    status("without Retry-After", code, "", [make({ retryAfter: null })]),
    ...retryAfters.map(([name, value, retryAfter]): Scenario => ({
      name: `${code} with Retry-After: ${name}`,
      plays: onRequest(write(httpResponse(code, "", { "retry-after": value }))),
      onTestClock: true,
      expected: [make({ retryAfter: retryAfter ?? null })]
    }))
  ]),
  {
    name: "429 with a Retry-After of 400 digits",
    plays: onRequest(write(httpResponse(429, "", { "retry-after": "9".repeat(400) }))),
    // a layer may treat this as the longest possible delay or as invalid
    expected: [rateLimited()]
  },
  {
    name: "200 with Retry-After",
    plays: onRequest(write(httpResponse(200, goodBody, { "retry-after": "7" }))),
    expected: [succeeds()]
  }
]

export const statuses: ReadonlyArray<Scenario> = [
  ...undecidedByBody,
  ...codes,
  ...badErrors,
  ...others,
  ...retryAfterScenarios
]
