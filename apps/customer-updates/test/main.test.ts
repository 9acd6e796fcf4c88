import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { CustomerService, TrustlyNetworkError, TrustlyServerError } from "effect-trustly"
import { CustomersMemory } from "effect-trustly/testing"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { customerId, updateCustomer, whatToDo } from "../src/main.ts"

describe("updateCustomer", () => {
  const stored = { customerId, name: "Jo", email: "jo@example.com", phone: "+1", address: { country: "US" } }

  it.effect("updates the whole customer, then its tier and address", () =>
    Effect.gen(function*() {
      const customer = yield* updateCustomer
      assert.deepStrictEqual([customer.name, customer.vip, customer.address?.city], ["John Smith", "2", "Reno"])
      const { calls } = yield* CustomersMemory
      assert.deepStrictEqual((yield* calls).map(({ operation }) => operation), ["update", "modify"])
    }).pipe(Effect.provide(CustomersMemory.layer([stored]))))

  it.effect("fails with the error of the first operation that fails", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(updateCustomer)
      assert.strictEqual(error._tag, "TrustlyServerError")
      assert.strictEqual(whatToDo(error), "send it again")
    }).pipe(Effect.provide(CustomerService.layerTest({
      update: () => Effect.fail(new TrustlyServerError({ operation: "update" }))
    }))))

  it("advises against a retry where it cannot help", () => {
    assert.strictEqual(whatToDo(new TrustlyNetworkError({ operation: "update", reason: "Tls" })), "check the URL")
  })
})

describe("npm start", () => {
  it("shows a retry, every kind of error, and an import, on lines of at most 80 columns", async () => {
    const demo = fileURLToPath(new URL("../../../scripts/demo.mjs", import.meta.url))
    const { stderr, stdout } = await promisify(execFile)(process.execPath, [demo])
    assert.strictEqual(stderr, "")
    assert.match(stdout, /HTTP 503\n.*HTTP 200 {2}\(attempt 2, a retry\)\n/)
    assert.deepStrictEqual(
      [...stdout.matchAll(/(Trustly\w+Error) +(\w+)/g)].map(([, tag, outcome]) => [tag, outcome]),
      [
        ["TrustlyValidationError", "NotSent"],
        ["TrustlyValidationError", "Rejected"],
        ["TrustlyAuthError", "Rejected"],
        ["TrustlyNotFoundError", "Rejected"],
        ["TrustlyRejectedError", "Rejected"],
        ["TrustlyRateLimitError", "Rejected"],
        ["TrustlyServerError", "Unknown"],
        ["TrustlyNetworkError", "NotSent"],
        ["TrustlyDecodeError", "Applied"]
      ]
    )
    assert.match(stdout, /1000 of 1000 updates succeeded, with [1-9]\d* retries in \d+ requests\n/)
    assert.isAtMost(Math.max(...stdout.split("\n").map((line) => line.length)), 80)
  })
})
