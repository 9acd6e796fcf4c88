import { HttpClient, type HttpClientError, type HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { type Clock, Context, Duration, Effect, Layer, Redacted } from "effect"
import { CustomerService, type TrustlyConfig } from "effect-trustly"

/** The sample request in Trustly's documentation, unchanged. */
export const sample = {
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
  customerId: "1001165729",
  merchantId: "110005502",
  driverLicense: { number: "124ABC", state: "CA" }
}

/** The customer in the sample response of Trustly's reference. */
export const reference = {
  name: "Joe User",
  address: { country: "US", address1: "2000 Broadway St", city: "Redwood City", state: "CA", zip: "94063" },
  phone: "+16505551212",
  email: "joe.user@mail.com",
  taxId: "012345678",
  createdAt: 1555696836548,
  updatedAt: 1555696836548,
  customerId: "1002580963",
  externalId: "4567890",
  merchantId: "1002463580",
  enrollDate: 1555696836548,
  driverLicense: { number: "A1234567", state: "CA" }
}

/** Only the required fields. */
export const minimalCustomer = { name: "Jo Doe", email: "jo@example.test", phone: "+1", address: { country: "US" } }

/** A clock whose system time is `offset` milliseconds later. Its monotonic time is that of the given clock. */
export const clockWithOffset = (clock: Clock.Clock, offset: () => number): Clock.Clock =>
  Object.assign(Object.create(clock), {
    unsafeCurrentTimeMillis: () => clock.unsafeCurrentTimeMillis() + offset(),
    unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
    currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + offset())
  })

/** A clock whose system time goes back an hour with each sleep. */
export const clockThatGoesBack = (clock: Clock.Clock): Clock.Clock => {
  let step = 0
  return Object.assign(clockWithOffset(clock, () => step), {
    sleep: (duration: Duration.DurationInput) => {
      step -= 3_600_000
      return clock.sleep(Duration.decode(duration))
    }
  })
}

/** A clock whose sleeps never end if they are longer than a platform timer can hold. */
export const clockOfPlatform = (clock: Clock.Clock): Clock.Clock =>
  Object.assign(clockWithOffset(clock, () => 0), {
    sleep: (duration: Duration.DurationInput) =>
      Duration.toMillis(duration) > 2 ** 31 - 1 ? Effect.never : clock.sleep(Duration.decode(duration))
  })

/** A request as the server receives it. */
interface SeenRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const toSeenRequest = (request: HttpClientRequest.HttpClientRequest, url: URL): SeenRequest => ({
  method: request.method,
  url: url.href,
  headers: request.headers,
  body: request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
})

type Respond = (request: SeenRequest) => Effect.Effect<Response, HttpClientError.HttpClientError>

/** A client that responds without a network, for tests of timing or order. */
const scriptedClient = (respond: Respond): HttpClient.HttpClient =>
  HttpClient.make((request, url) =>
    Effect.map(respond(toSeenRequest(request, url)), (response) => HttpClientResponse.fromWeb(request, response))
  )

const scriptedLayer = (respond: Respond): Layer.Layer<HttpClient.HttpClient> =>
  Layer.succeed(HttpClient.HttpClient, scriptedClient(respond))

const options: TrustlyConfig.Options = {
  accessId: "id",
  accessKey: Redacted.make("key"),
  baseUrl: "http://127.0.0.1/api/v1"
}

/** A service whose HTTP client calls `respond` instead of the network. */
export const scriptedService = (
  respond: Respond,
  more: Partial<TrustlyConfig.Options> = {}
): Effect.Effect<CustomerService.Service> =>
  Effect.orDie(Effect.provide(CustomerService.make({ ...options, ...more }), scriptedLayer(respond)))

export const json = (body: unknown, init?: ResponseInit): Effect.Effect<Response> =>
  Effect.sync(() => Response.json(body, init))

export const use = <A, E, R>(
  f: (customers: CustomerService.Service) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R | CustomerService> => Effect.flatMap(CustomerService, f)

export const serviceOf = <E, R>(layer: Layer.Layer<CustomerService, E, R>) =>
  Effect.map(Layer.build(layer), (context) => Context.get(context, CustomerService))
