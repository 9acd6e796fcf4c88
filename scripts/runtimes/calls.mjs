import { FetchHttpClient } from "@effect/platform"
import { Effect, Redacted } from "effect"
import { CustomerService, TrustlyRetry } from "effect-trustly"

const customerId = "1001165729"
const customer = { name: "Jo Doe", email: "jo@example.com", phone: "+1", address: { country: "US" } }

const at = (baseUrl) => {
  const options = { accessId: "sandbox", accessKey: Redacted.make("sandbox"), baseUrl, timeout: "500 millis" }
  return Effect.provide(CustomerService.make(options), FetchHttpClient.layer)
}

const word = Effect.match({
  onSuccess: ({ vip }) => `vip ${vip}`,
  onFailure: ({ _tag, outcome, reason }) => [_tag, reason, outcome].filter((part) => part !== undefined).join(" ")
})

/** What the library does in this runtime, one word for each call, against a local Trustly and a server that redirects to it. */
export const calls = ({ sandbox, redirecting, nobody }) => {
  const next = (fault, operation) =>
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
    yield* next({ _tag: "Status", status: 503 }, "update")
    const retried = yield* word(Effect.retry(change, TrustlyRetry.policy({ baseDelay: "10 millis" })))
    const missing = yield* word(customers.get("unknown"))
    yield* next({ _tag: "Silence" }, "update")
    const silent = yield* word(change)
    yield* next({ _tag: "Reset", where: "body" }, "update")
    const cut = yield* word(change)
    const redirected = yield* word(Effect.flatMap(at(redirecting), (service) => service.get(customerId)))
    const unreachable = yield* word(Effect.flatMap(at(nobody), (service) => service.update(customerId, customer)))
    return [retried, missing, silent, cut, redirected, unreachable]
  }))
}
