import { brokenOrCut, decode, decodeAny, type Expected, forRead, succeeds } from "../expectations.ts"
import type { Scenario } from "../Scenario.ts"
import {
  bytes,
  close,
  customer,
  end,
  goodBody,
  goodBodyOf,
  head,
  httpResponse,
  nested,
  onRequest,
  utf8,
  withCustomer,
  write
} from "../wire.ts"

const body = (
  name: string,
  content: string | Uint8Array,
  expected: ReadonlyArray<Expected>,
  more: Partial<Scenario> = {}
): Scenario => ({
  name,
  plays: onRequest(write(httpResponse(200, typeof content === "string" ? utf8(content) : content))),
  expected,
  ...more
})

const [notJson, empty, shape, encoding] = [[decode("NotJson")], [decode("Empty")], [decode("Shape")], [
  decode("Encoding")
]]

const texts: ReadonlyArray<Scenario> = [
  body("HTML", "<html><body>Welcome</body></html>", notJson),
  body("plain text", "OK", notJson),
  body("truncated JSON", goodBody.slice(0, -1), notJson),
  body("JSON with trailing bytes", `${goodBody}x`, notJson),
  body("two JSON documents", `${goodBody}\n${goodBody}`, notJson),
  body("JSON with single quotes", "{'customer':{}}", notJson),
  body("JSON with a comment", `/* */${goodBody}`, notJson),
  body("JSON with a trailing comma", "{\"customer\":{},}", notJson),
  body("JSON with NaN", "{\"customer\":NaN}", notJson),
  body("an anti-hijacking prefix", `)]}',\n${goodBody}`, notJson),
  body("a NUL after the JSON", `${goodBody}\0`, notJson),
  body("a NUL inside a string", withCustomer({ name: "Joe User" }).replace("Joe", "J\0e"), notJson),
  body("only NULs", "\0\0\0\0", notJson),
  body("an XML response", "<?xml version=\"1.0\"?><customer/>", notJson),
  body("whitespace around the JSON", `\r\n\t ${goodBody} \n`, [succeeds()]),
  body("UTF-8 characters of every length", utf8(withCustomer({ name: "Zoë 日本 😀" })), [
    succeeds({ name: "Zoë 日本 😀" })
  ])
]

const nothing: ReadonlyArray<Scenario> = [
  body("an empty body", "", empty),
  body("only whitespace", " \r\n\t", [...empty, ...notJson]),
  ...[204, 205].map((status): Scenario => ({
    name: `${status}`,
    plays: onRequest(write(head(status))),
    expected: [decode("Empty", status)],
    ...(status === 205 ? { plays: onRequest(write(httpResponse(205))) } : {})
  })),
  {
    name: "204 with an invalid content-length",
    plays: onRequest(write(head(204, { "content-length": 5 }))),
    expected: [decode("Empty", 204)],
    on: { undici: [decode("Empty", 204), ...brokenOrCut] }
  },
  { name: "no body and no length", plays: onRequest(write(head(200)), ...close), expected: empty },
  {
    name: "chunked with only the last chunk",
    plays: onRequest(write(`${head(200, { "transfer-encoding": "chunked" })}0\r\n\r\n`)),
    expected: empty
  },
  { name: "HTTP/1.0 without a body", plays: onRequest(write("HTTP/1.0 200 OK\r\n\r\n"), end), expected: empty },
  body("only a byte order mark", bytes("\xef\xbb\xbf"), [...empty, ...notJson])
]

const required = ["name", "email", "phone", "address"] as const

const shapes: ReadonlyArray<Scenario> = [
  ...["{}", "null", "\"customer\"", "[]", `[${goodBody}]`, "1", "true", "-0", "{\"message\":\"Hello\"}"].map((json) =>
    body(`the JSON ${json.slice(0, 24)}`, json, shape)
  ),
  ...["null", "[]", "\"x\"", "1", "true", `[${JSON.stringify(customer)}]`].map((json) =>
    body(`customer is ${json.slice(0, 10)}`, `{"customer":${json}}`, shape)
  ),
  body("a customer without an envelope", JSON.stringify(customer), shape),
  body("an array of customers", JSON.stringify({ customers: [customer] }), shape),
  body("a capitalized Customer key", JSON.stringify({ Customer: customer }), shape),
  body("an empty customer", "{\"customer\":{}}", shape, { read: [succeeds({})] }),
  ...required.flatMap((field) => [
    body(`no ${field}`, withCustomer({ [field]: undefined }), shape, { read: [succeeds({})] }),
    body(`${field} is null`, withCustomer({ [field]: null }), shape, { read: [succeeds({})] }),
    body(`${field} is a number`, withCustomer({ [field]: 7 }), shape),
    body(`${field} is an array`, withCustomer({ [field]: ["x"] }), shape)
  ]),
  body("an address without a country", withCustomer({ address: { city: "Reno" } }), shape, { read: [succeeds()] }),
  body("country is a number", withCustomer({ address: { country: 1 } }), shape),
  body("vip is an object", withCustomer({ vip: {} }), shape),
  body("taxId is a number", withCustomer({ taxId: 12345678 }), shape),
  body("enrollDate is a word", withCustomer({ enrollDate: "yesterday" }), shape),
  body("driverLicense is a string", withCustomer({ driverLicense: "A1" }), shape),
  body("customData is an array", withCustomer({ customData: [1] }), shape),
  body("customData is a string", withCustomer({ customData: "x" }), shape)
]

const encodings: ReadonlyArray<Scenario> = [
  ...Object.entries({
    "a lone 0xff": "\xff",
    "latin-1": "Jos\xe9 P",
    "a truncated character": "\xe2\x82",
    "an overlong encoding": "\xc0\x80",
    "a lone surrogate": "\xed\xa0\x80",
    "a code point beyond U+10FFFF": "\xf4\x90\x80\x80"
  }).map(([name, text]) => body(`not UTF-8: ${name}`, bytes(withCustomer({ name: text })), encoding)),
  body("not UTF-8: the last byte", bytes(`${goodBody}\xff`), encoding),
  body(
    "UTF-16 with a byte order mark",
    bytes(`\xff\xfe${Buffer.from(goodBody, "utf16le").toString("latin1")}`),
    encoding
  ),
  body("big-endian UTF-16 with a byte order mark", Buffer.from(`\ufeff${goodBody}`, "utf16le").swap16(), encoding),
  body("UTF-16 without a byte order mark", Buffer.from(goodBody, "utf16le"), [...encoding, ...notJson]),
  body("UTF-8 with a byte order mark", utf8(`\ufeff${goodBody}`), [succeeds(), ...notJson, ...encoding]),
  body("two byte order marks", utf8(`\ufeff\ufeff${goodBody}`), [...notJson, ...encoding])
]

const assertNoPollution = (): void => {
  if ("polluted" in {}) throw new Error("the prototype of every object has changed")
}

/** Bodies that may be decoded or rejected, but must not cause a defect. */
const either: ReadonlyArray<Expected> = [succeeds(), ...decodeAny()]

const hostile = (
  name: string,
  content: string,
  expected: ReadonlyArray<Expected> = either,
  more: Partial<Scenario> = {}
): Scenario => body(name, content, expected, { afterwards: assertNoPollution, maxResponseBytes: 4_000_000, ...more })

const own = "\"__proto__\":{\"polluted\":true},\"constructor\":{\"prototype\":{\"polluted\":true}}"
const inCustomer = (json: string): string => goodBody.replace("{\"name\"", `{${json},"name"`)

const unusual: ReadonlyArray<Scenario> = [
  hostile("100,000 nested arrays in customData", inCustomer(`"customData":{"a":${nested("[", "1", "]")}}`)),
  hostile("100,000 nested objects in customData", inCustomer(`"customData":${nested("{\"a\":", "1", "}")}`)),
  hostile("100,000 nested arrays in an unknown key", goodBody.replace("{", `{"a":${nested("[", "1", "]")},`)),
  hostile("100,000 nested arrays as the response", nested("[", "1", "]"), decodeAny()),
  hostile("100,000 nested objects as the response", nested("{\"customer\":", "1", "}"), decodeAny(), {
    read: [succeeds({}), ...decodeAny().map(forRead)]
  }),
  hostile(
    "100,000 nested arrays as the name",
    withCustomer({ name: "@" }).replace("\"@\"", nested("[", "1", "]")),
    decodeAny()
  ),
  hostile("100,000 unclosed arrays", "[".repeat(100_000), decodeAny()),
  hostile("customer twice", goodBody.replace("{", `{"customer":${JSON.stringify(customer)},`)),
  hostile("name twice", inCustomer("\"name\":\"Jane\"")),
  hostile("__proto__ next to the customer", goodBody.replace("{", `{${own},`), [succeeds()]),
  hostile("__proto__ in the customer", inCustomer(own), [succeeds()]),
  hostile("__proto__ in the address", goodBody.replace("\"address\":{", `"address":{${own},`), [succeeds()]),
  hostile("__proto__ in customData", inCustomer(`"customData":{${own},"a":1}`)),
  hostile("__proto__ is the customer", `{"__proto__":${goodBody}}`, decodeAny()),
  hostile("__proto__ contains the fields", `{"customer":{"__proto__":${JSON.stringify(customer)}}}`, [
    ...decodeAny(),
    succeeds({})
  ]),
  hostile("keys that objects inherit", inCustomer("\"toString\":1,\"hasOwnProperty\":2,\"valueOf\":null,\"then\":3"), [
    succeeds()
  ]),
  hostile("vip over 2^53", inCustomer("\"vip\":9007199254740993")),
  hostile("vip over the maximum number", inCustomer("\"vip\":1e400")),
  hostile("balance over 2^53", inCustomer("\"balance\":123456789012345678901234567890.12")),
  hostile(
    "a date over the maximum date",
    inCustomer("\"createdAt\":8640000000000001").replace(/,"createdAt":1555696836548/, "")
  ),
  hostile("a date of 10^300", inCustomer("\"updatedAt\":1e300").replace(/,"updatedAt":1555696836548/, "")),
  hostile("a fractional date", withCustomer({ createdAt: 1555696836548.5 })),
  hostile("a negative date", withCustomer({ createdAt: -1 })),
  hostile("numbers over 2^53 in customData", inCustomer("\"customData\":{\"n\":9007199254740993,\"m\":1e999}")),
  hostile(
    "20,000 keys",
    goodBody.replace("{", `{${Array.from({ length: 20_000 }, (_, key) => `"k${key}":1,`).join("")}`),
    [
      succeeds()
    ]
  ),
  hostile("a string of 900,000 characters", withCustomer({ externalTier: "x".repeat(900_000) }), [succeeds()]),
  hostile("an escaped lone surrogate", goodBody.replace("Joe User", "\\ud800"), [
    succeeds({}),
    ...decodeAny()
  ]),
  body("a body of exactly the limit", goodBodyOf(2 ** 20), [succeeds()]),
  body("a body of exactly a custom limit", goodBodyOf(2000), [succeeds()], { maxResponseBytes: 2000 })
]

const tolerated: ReadonlyArray<Scenario> = [
  body(
    "extra keys everywhere",
    JSON.stringify({
      url: "https://x.example",
      customer: { ...customer, novel: 1, nested: { a: [] }, address: { ...customer.address, planet: "Earth" } },
      paging: null
    }),
    [succeeds()]
  ),
  body("integer vip", withCustomer({ vip: 2 }), [succeeds({ vip: "2" })]),
  body("vip as a string", withCustomer({ vip: "2" }), [succeeds({ vip: "2" })]),
  body("balance as a number", withCustomer({ balance: 10.5 }), [succeeds({ balance: "10.5" })]),
  body(
    "null in every nullable field",
    withCustomer({ taxId: null, vip: null, customData: null, driverLicense: null }),
    [
      succeeds()
    ]
  ),
  body("errors is an empty array", `{"errors":[],${goodBody.slice(1)}`, [succeeds()]),
  body("errors is null", `{"errors":null,${goodBody.slice(1)}`, [succeeds()]),
  ...[200, 201, 202, 203, 206, 207, 226, 299].map((status): Scenario => ({
    name: `${status} with a customer`,
    plays: onRequest(write(httpResponse(status, goodBody))),
    expected: [succeeds()]
  })),
  ...["text/html", "text/plain; charset=utf-16", "application/json;charset=", "\xff;;;", "", "application/octet-stream"]
    .map((
      type
    ): Scenario => ({
      name: `content type ${JSON.stringify(type)}`,
      plays: onRequest(write(httpResponse(200, goodBody, { "content-type": type }))),
      expected: [succeeds()]
    })),
  { name: "no content type", plays: onRequest(write(httpResponse(200, goodBody, {}))), expected: [succeeds()] },
  {
    name: "unusual headers",
    plays: onRequest(
      write(httpResponse(200, goodBody, { "set-cookie": ";;=", date: "?", connection: "upgrade", upgrade: "h2c" }))
    ),
    expected: [succeeds()]
  },
  ...[102, 103, 199].map((status): Scenario => ({
    name: `${status} before the response`,
    plays: onRequest(write(head(status)), write(httpResponse(200, goodBody))),
    expected: [succeeds()]
  })),
  {
    name: "unrequested 100 Continue",
    plays: onRequest(write(head(100)), write(httpResponse(200, goodBody))),
    expected: [succeeds()],
    on: { fetch: brokenOrCut, undici: brokenOrCut }
  }
]

export const bodies: ReadonlyArray<Scenario> = [...texts, ...nothing, ...shapes, ...encodings, ...unusual, ...tolerated]
