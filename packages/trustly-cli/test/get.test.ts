import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { assertNoSecret, customer, customerId, fromJson, runWith, seen, sentinels, toJson } from "./program.ts"

describe.concurrent("get", () => {
  it.live("shows a customer with one request and hides its secrets", () =>
    Effect.gen(function*() {
      const ended = yield* runWith(["get", customerId])
      assert.strictEqual(ended.status, 0, ended.stderr)
      assert.match(ended.stdout, /^customer 1001165729\n/)
      assert.match(ended.stdout, /^ {2}name +John Smith$/m)
      assert.match(ended.stdout, /^ {2}address\.city +Beverly Hills$/m)
      assert.match(ended.stdout, /^ {2}taxId +<redacted>$/m)
      assert.match(ended.stdout, /^ {2}driverLicense\.number +<redacted>$/m)
      assert.match(ended.stdout, /^ {2}createdAt +2019-04-19T18:00:36\.548Z$/m)
      assert.notInclude(ended.stdout, "124ABC")
      assert.strictEqual(ended.stderr, "")
      assert.deepStrictEqual(yield* seen, ["GET"])
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.live("prints wire JSON, with the secrets as Trustly sends them if --reveal is given", () =>
    Effect.gen(function*() {
      const ended = yield* runWith(["get", "--json", "--reveal", customerId])
      const record = fromJson(ended.stdout)
      assert.deepStrictEqual(record.driverLicense, { number: "124ABC", state: "CA" })
      assert.strictEqual(record.taxId, "#####6790")
      assert.strictEqual(record.createdAt, 1555696836548)
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.live("prints no secret and no control character", () =>
    Effect.gen(function*() {
      const name = "\u001b[31mred\u009b2J\u0007\r\n\u202egnp\u2028"
      const stdin = toJson({ ...customer, name })
      const updated = yield* runWith(["update", customerId, "--from", "-"], { stdin })
      const [stored] = yield* Effect.flatMap(TrustlySandbox, ({ customers }) => customers)
      assert.strictEqual(stored?.nationalId, sentinels.nationalId)
      const json = yield* runWith(["get", customerId, "--json"])
      assert.include(updated.stdout, "\\u001b[31mred\\u009b2J\\u0007\\u000d\\u000a\\u202egnp\\u2028")
      assert.strictEqual(fromJson(json.stdout).name, name)
      assert.notMatch(updated.stdout + json.stdout, /[^\P{Cc}\n]|[\u202a-\u202e\u2028]/u)
      assert.strictEqual(fromJson(json.stdout).taxId, "<redacted>")
      assertNoSecret(updated, json)
    }).pipe(Effect.provide(TrustlySandbox.layer())))
})
