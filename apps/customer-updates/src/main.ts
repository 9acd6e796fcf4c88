/**
 * Updates one customer at Trustly. Copy this file: it has the HttpClient layer, the configuration, a retry policy, and a handler for
 * each kind of error. It runs with the variables that `npm run sandbox` prints: npx tsx apps/customer-updates/src/main.ts
 */
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Match } from "effect"
import type { CustomerUpdate, TrustlyError } from "effect-trustly"
import { CustomerService, TrustlyRetry } from "effect-trustly"
import { fileURLToPath } from "node:url"

export const customerId = "1001165729"

export const john: CustomerUpdate = {
  name: "John Smith",
  email: "jsmith@email.com",
  phone: "+1 123456789",
  address: { country: "US", address1: "105 Alternate2 Street", city: "Beverly Hills", state: "CA", zip: "90210" }
}

/** Sends a whole customer, then changes some of its fields. */
export const updateCustomer = Effect.gen(function*() {
  const customers = yield* CustomerService
  yield* customers.update(customerId, john)
  return yield* customers.modify(customerId, () => ({ vip: 2, address: { city: "Reno", state: "NV", zip: "89501" } }))
})

/** What to do about each kind of error. The compiler asks for all of them. */
export const whatToDo = Match.typeTags<TrustlyError>()({
  TrustlyValidationError: () => "fix the input",
  TrustlyAuthError: () => "check the access key",
  TrustlyNotFoundError: () => "check the customerId",
  TrustlyRejectedError: () => "look up the status",
  TrustlyRateLimitError: () => "send it later",
  TrustlyServerError: () => "send it again",
  TrustlyNetworkError: ({ outcome }) => outcome === "NotSent" ? "check the URL" : "send it again",
  TrustlyDecodeError: () => "read the customer"
})

// credentials, URL, and deadline come from TRUSTLY_ACCESS_ID, TRUSTLY_ACCESS_KEY, TRUSTLY_BASE_URL, and TRUSTLY_TIMEOUT
const Trustly = CustomerService.layerConfig().pipe(Layer.provide(NodeHttpClient.layerUndici))

/** The service, with the retry policy that TRUSTLY_RETRY_* describes. */
export const Customers = Layer.unwrapEffect(
  Effect.map(TrustlyRetry.config, (options) => CustomerService.withRetry(TrustlyRetry.policy(options))(Trustly))
)

const main = updateCustomer.pipe(
  Effect.flatMap(({ address, name, vip }) => Console.log(`${name} now lives in ${address?.city}, tier ${vip}`)),
  Effect.catchTags({
    // the other errors end the program
    TrustlyServerError: (error) => Console.error(`${error.message}: ${whatToDo(error)}`),
    TrustlyNetworkError: (error) => Console.error(`${error.message}: ${whatToDo(error)}`)
  }),
  Effect.provide(Customers)
)

// not when the demonstration or a test imports it
if (process.argv[1] === fileURLToPath(import.meta.url)) NodeRuntime.runMain(main)
