import { FetchHttpClient } from "@effect/platform"
import { Effect, Redacted } from "effect"
import { CustomerService, TrustlyRetry } from "effect-trustly"

const customerId = "1001165729"
const customer = { name: "Jo Doe", email: "jo@example.com", phone: "+1", address: { country: "US" } }

const at = (baseUrl) => {
  const options = { accessId: "sandbox", accessKey: Redacted.make("sandbox"), baseUrl, timeout: "500 millis" }
  return Effect.provide(CustomerService.make(options), FetchHttpClient.layer)
}

const describeResult = Effect.match({
  onSuccess: ({ vip }) => `vip ${vip}`,
  onFailure: ({ _tag, outcome, reason }) => [_tag, reason, outcome].filter((part) => part !== undefined).join(" ")
})

/**
 * The results of some calls in this runtime, against a local sandbox, a server that redirects to it, and a port that refuses
 * connections.
 */
export const calls = ({ sandbox, redirecting, refusing }) => {
  const failNext = (fault, operation) =>
    Effect.promise(() =>
      fetch(new URL("/_sandbox/faults", sandbox), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ fault, operation })
      }).then((answer) => answer.text())
    )
  return Effect.runPromise(Effect.gen(function*() {
    const customers = yield* at(sandbox)
    const change = customers.modify(customerId, () => ({ vip: 2 }))
    yield* failNext({ _tag: "Status", status: 503 }, "update")
    const retried = yield* describeResult(Effect.retry(change, TrustlyRetry.policy({ baseDelay: "10 millis" })))
    const missing = yield* describeResult(customers.get("unknown"))
    yield* failNext({ _tag: "Silence" }, "update")
    const silent = yield* describeResult(change)
    yield* failNext({ _tag: "Reset", where: "body" }, "update")
    const cut = yield* describeResult(change)
    const redirected = yield* describeResult(Effect.flatMap(at(redirecting), (service) => service.get(customerId)))
    const unreachable = yield* describeResult(
      Effect.flatMap(at(refusing), (service) => service.update(customerId, customer))
    )
    return [retried, missing, silent, cut, redirected, unreachable]
  }))
}
