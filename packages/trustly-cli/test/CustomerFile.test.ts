import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { CustomerRequest, CustomerUpdate } from "effect-trustly"
import * as CustomerFile from "../src/CustomerFile.ts"
import { customer, sentinels, toJson } from "./program.ts"

const read = (content: string | Uint8Array) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const file = yield* fs.makeTempFileScoped()
    yield* typeof content === "string" ? fs.writeFileString(file, content) : fs.writeFile(file, content)
    return yield* CustomerFile.read(file)
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

const lines: Readonly<Record<string, readonly [content: string | Uint8Array, line: RegExp]>> = {
  "that is empty": ["", /^--from: the file is empty/],
  "that is blank": [" \n\t", /^--from: the file is empty/],
  "that is invalid JSON": ["{\"name\":sentinel}", /^--from: invalid JSON/],
  "that is cut off": [toJson(customer).slice(0, -1), /^--from: invalid JSON/],
  "with two customers": ["{}\n{}", /^--from: invalid JSON/],
  "that is not UTF-8": [new Uint8Array([0x22, 0xff, 0x22]), /^--from: the file is not in UTF-8/],
  "in UTF-16": [Buffer.from("\ufeff{}", "utf16le"), /^--from: the file is not in UTF-8/],
  "larger than 1 MiB": [" ".repeat(1024 * 1024 + 1), /^--from: larger than 1 MiB/],
  "with an array": ["[\"sentinel\"]", /^--from: expected a customer as a JSON object/],
  "with null": ["null", /^--from: expected a customer as a JSON object/],
  "with a string": ["\"sentinel\"", /^--from: expected a customer as a JSON object/],
  "nested 100,000 levels deep": [`{"a":`.repeat(100_000) + "1" + "}".repeat(100_000), /^--from: invalid JSON/],
  "with a redacted secret": [
    toJson({ ...customer, taxId: "<redacted>", driverLicense: { number: "<redacted>", state: "NV" } }),
    /: taxId is invalid.*; driverLicense\.number is invalid/
  ],
  "with an enrollDate in seconds": [
    toJson({ ...customer, enrollDate: 1767225600 }),
    /: enrollDate is invalid, expected milliseconds since 1970/
  ],
  "without a field": ["{}", /: name is missing; email is missing; phone is missing; address is missing$/],
  "with unknown keys": [
    toJson({ ...customer, foo: 1, "sentinel key": 2 }),
    /^CustomerService\.update: input refused: foo is unknown; \(a key\) is unknown$/
  ],
  "with a prototype": ["{\"__proto__\":{},\"name\":\"a\"}", /__proto__ is unknown/],
  "with wrong types": [
    toJson({
      ...customer,
      name: 1,
      address: "sentinel",
      driverLicense: [],
      taxId: 5,
      vip: true,
      enrollDate: "x"
    }),
    /: name is invalid.*; address is invalid.*; taxId is invalid.*; driverLicense is .*; enrollDate is .*milliseconds/
  ],
  "with values below the minimum": [
    toJson({ ...customer, email: "", externalId: "", address: { country: "usa", zip: "1" } }),
    /email is invalid.*; address\.zip .*; address\.country .*; externalId/
  ]
}

describe("update --from refuses a file", () => {
  for (const [what, [content, line]] of Object.entries(lines)) {
    it.effect(what, () =>
      Effect.gen(function*() {
        const { message } = yield* Effect.flip(read(content))
        assert.match(message, line)
        assert.notMatch(message, /\n|sentinel/)
      }))
  }

  it.effect("that does not exist, or is a directory", () =>
    Effect.gen(function*() {
      const none = yield* Effect.flip(CustomerFile.read("/nowhere/at/all"))
      assert.strictEqual(none.message, "Cannot read --from /nowhere/at/all: no such file or directory")
      const directory = yield* Effect.flip(CustomerFile.read("."))
      assert.strictEqual(directory.message, "Cannot read --from .: it is a directory, not a file")
    }).pipe(Effect.provide(NodeContext.layer)))
})

describe("update --from reads a file", () => {
  it.effect("with or without a byte order mark", () =>
    Effect.gen(function*() {
      const [plain, marked] = yield* Effect.all([
        read(toJson(customer)),
        read(`\ufeff${toJson(customer)}`)
      ])
      assert.isTrue(Redacted.isRedacted(plain.taxId) && Redacted.value(plain.taxId) === sentinels.taxId)
      assert.deepStrictEqual(yield* Schema.encode(CustomerUpdate)(marked), customer)
    }))

  it.effect("of 1 MiB", () =>
    Effect.gen(function*() {
      const text = toJson(customer)
      assert.strictEqual((yield* read(text + " ".repeat(1024 * 1024 - text.length))).name, customer.name)
    }))

  it.effect("without the secrets that Trustly masked, which stay unchanged", () =>
    Effect.gen(function*() {
      const masked = { ...customer, taxId: "#####6790", driverLicense: { number: "#####", state: "NV" } }
      const { driverLicense: _, taxId: __, ...rest } = customer
      const { body } = yield* CustomerRequest.update("1", yield* read(toJson(masked)))
      assert.deepStrictEqual(body, rest)
    }))
})
