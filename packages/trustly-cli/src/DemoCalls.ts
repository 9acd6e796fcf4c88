/** The calls of the demo: Trustly's own sample, and one that fails in each way there is. */
import type { Customer, CustomerService, CustomerUpdate, TrustlyConfig, TrustlyError } from "effect-trustly"
import type { Fault } from "effect-trustly-sandbox"
import type * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

export const customerId = "1001165729"

/** The sample request of Trustly's document. */
export const sample: CustomerUpdate = {
  name: "John Smith",
  address: {
    country: "US",
    address1: "105 Alternate2 Street",
    address2: "#402",
    city: "Beverly Hills",
    state: "CA",
    zip: "90210"
  },
  phone: "+1 123456789",
  email: "jsmith@email.com",
  taxId: "#####6790",
  customerId,
  merchantId: "110005502",
  driverLicense: { number: "124ABC", state: "CA" }
}

export interface FailingCall {
  readonly what: string
  /** The error that it has to end with. */
  readonly tag: TrustlyError["_tag"]
  readonly call: (customers: CustomerService.Service) => Effect.Effect<Customer, TrustlyError>
  readonly fault?: Fault
  readonly options?: Partial<TrustlyConfig.Options>
}

const update: FailingCall["call"] = (customers) => customers.update(customerId, sample)

export const failing = (unreachable: string): ReadonlyArray<FailingCall> => [
  {
    what: "a country that is no code of two letters",
    tag: "TrustlyValidationError",
    call: (customers) => customers.update(customerId, { ...sample, address: { country: "USA" } })
  },
  {
    what: "a field that the server refuses",
    tag: "TrustlyValidationError",
    call: update,
    fault: { _tag: "Status", status: 400, body: { errors: [{ code: 200, location: "address.zip" }] } }
  },
  { what: "a wrong access key", tag: "TrustlyAuthError", call: update, options: { accessKey: Redacted.make("wrong") } },
  {
    what: "a customer that does not exist",
    tag: "TrustlyNotFoundError",
    call: (customers) => customers.modify("1000000000", () => ({ vip: 2 }))
  },
  { what: "a conflict", tag: "TrustlyRejectedError", call: update, fault: { _tag: "Status", status: 409 } },
  {
    what: "too many requests",
    tag: "TrustlyRateLimitError",
    call: update,
    fault: { _tag: "Status", status: 429, retryAfter: 5 }
  },
  { what: "an outage", tag: "TrustlyServerError", call: update, fault: { _tag: "Status", status: 502 } },
  { what: "nobody listens", tag: "TrustlyNetworkError", call: update, options: { baseUrl: unreachable } },
  { what: "an answer that is no customer", tag: "TrustlyDecodeError", call: update, fault: { _tag: "Malformed" } }
]
