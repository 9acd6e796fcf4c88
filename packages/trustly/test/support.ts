import { HttpClient, type HttpClientError, type HttpClientRequest, HttpClientResponse } from "@effect/platform"
import { Context, Effect, Layer, Redacted } from "effect"
import { CustomerService, type TrustlyConfig } from "effect-trustly"

/** The sample request of Trustly's document, as it stands. */
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

/** The customer in the answer of Trustly's reference. */
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

/** The least that can be sent. */
export const least = { name: "Jo Doe", email: "jo@example.test", phone: "+1", address: { country: "US" } }

/** What a server sees of a request. */
interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const seenOf = (request: HttpClientRequest.HttpClientRequest, url: URL): Seen => ({
  method: request.method,
  url: url.href,
  headers: request.headers,
  body: request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
})

type Answering = (seen: Seen) => Effect.Effect<Response, HttpClientError.HttpClientError>

/** A client that plays the server itself, for what is about time or order and not about the network. */
const scriptedClient = (answer: Answering): HttpClient.HttpClient =>
  HttpClient.make((request, url) =>
    Effect.map(answer(seenOf(request, url)), (response) => HttpClientResponse.fromWeb(request, response))
  )

const scriptedLayer = (answer: Answering): Layer.Layer<HttpClient.HttpClient> =>
  Layer.succeed(HttpClient.HttpClient, scriptedClient(answer))

const options: TrustlyConfig.Options = {
  accessId: "id",
  accessKey: Redacted.make("key"),
  baseUrl: "http://127.0.0.1/api/v1"
}

/** A service whose requests are answered by a script. */
export const scriptedService = (
  answer: Answering,
  more: Partial<TrustlyConfig.Options> = {}
): Effect.Effect<CustomerService.Service> =>
  Effect.orDie(Effect.provide(CustomerService.make({ ...options, ...more }), scriptedLayer(answer)))

export const json = (body: unknown, init?: ResponseInit): Effect.Effect<Response> =>
  Effect.sync(() => Response.json(body, init))

export const use = <A, E, R>(
  f: (customers: CustomerService.Service) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R | CustomerService> => Effect.flatMap(CustomerService, f)

export const serviceOf = <E, R>(layer: Layer.Layer<CustomerService, E, R>) =>
  Effect.map(Layer.build(layer), (context) => Context.get(context, CustomerService))
