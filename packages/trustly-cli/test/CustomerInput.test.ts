import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted, Schema } from "effect"
import { CustomerUpdate } from "effect-trustly"
import * as CustomerInput from "../src/CustomerInput.ts"
import { customer, sentinels, toJson } from "./program.ts"

const read = (content: string | Uint8Array) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const file = yield* fs.makeTempFileScoped()
    yield* typeof content === "string" ? fs.writeFileString(file, content) : fs.writeFile(file, content)
    return yield* CustomerInput.read(file)
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

const lines: Readonly<Record<string, readonly [content: string | Uint8Array, line: RegExp]>> = {
  "empty": ["", /^--from: empty/],
  "blank": [" \n\t", /^--from: empty/],
  "not JSON": ["{\"name\":sentinel}", /^--from: not JSON/],
  "cut": [toJson(customer).slice(0, -1), /^--from: not JSON/],
  "two customers": ["{}\n{}", /^--from: not JSON/],
  "not UTF-8": [new Uint8Array([0x22, 0xff, 0x22]), /^--from: not a text in UTF-8/],
  "UTF-16": [Buffer.from("\ufeff{}", "utf16le"), /^--from: not a text in UTF-8/],
  "huge": [" ".repeat(1024 * 1024 + 1), /^--from: over 1 MiB/],
  "an array": ["[\"sentinel\"]", /^--from: not an object/],
  "null": ["null", /^--from: not an object/],
  "a text": ["\"sentinel\"", /^--from: not an object/],
  "deep": ["[".repeat(100_000) + "]".repeat(100_000), /^--from: not an object/],
  "no field": ["{}", /: name is missing; email is missing; phone is missing; address is missing$/],
  "unknown keys": [
    toJson({ ...customer, foo: 1, "sentinel key": 2 }),
    /^CustomerService\.update: input refused: foo is unknown; \(a key\) is unknown$/
  ],
  "a prototype": ["{\"__proto__\":{},\"name\":\"a\"}", /__proto__ is unknown/],
  "wrong types": [
    toJson({
      ...customer,
      name: 1,
      address: "sentinel",
      driverLicense: [],
      taxId: 5,
      vip: true,
      enrollDate: "x"
    }),
    /: name is invalid, expected a text; address is invalid, expected an object; taxId is invalid, .*; driverLicense is .*; enrollDate is .*milliseconds/
  ],
  "below the minima": [
    toJson({ ...customer, email: "", externalId: "", address: { country: "usa", zip: "1" } }),
    /email is invalid, expected a text that is not empty; address\.zip .* 5 characters or more or null; address\.country .*; externalId/
  ]
}

describe("a file that is no customer", () => {
  for (const [what, [content, line]] of Object.entries(lines)) {
    it.effect(what, () =>
      Effect.gen(function*() {
        const { message } = yield* Effect.flip(read(content))
        assert.match(message, line)
        assert.notMatch(message, /\n|sentinel/)
      }))
  }

  it.effect("none at all, or a directory", () =>
    Effect.gen(function*() {
      const none = yield* Effect.flip(CustomerInput.read("/nowhere/at/all"))
      assert.strictEqual(none.message, "--from: there is no such file")
      const directory = yield* Effect.flip(CustomerInput.read("."))
      assert.strictEqual(directory.message, "--from: that is a directory, a file is needed")
    }).pipe(Effect.provide(NodeContext.layer)))
})

describe("a file that is a customer", () => {
  it.effect("is read, with or without a byte order mark", () =>
    Effect.gen(function*() {
      const [plain, marked] = yield* Effect.all([
        read(toJson(customer)),
        read(`\ufeff${toJson(customer)}`)
      ])
      assert.isTrue(Redacted.isRedacted(plain.taxId) && Redacted.value(plain.taxId) === sentinels.taxId)
      assert.deepStrictEqual(yield* Schema.encode(CustomerUpdate)(marked), customer)
    }))

  it.effect("is read up to the limit", () =>
    Effect.gen(function*() {
      const text = toJson(customer)
      assert.strictEqual((yield* read(text + " ".repeat(1024 * 1024 - text.length))).name, customer.name)
    }))
})
