/**
 * Trustly's four Customers operations as a declaration, and the OpenAPI document that is made of it.
 *
 * The client is not made of it: one derived from an `HttpApi` escapes no path, and cannot tell a refusal from an answer that
 * is not to be read.
 */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiMiddleware from "@effect/platform/HttpApiMiddleware"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as HttpApiSecurity from "@effect/platform/HttpApiSecurity"
import * as OpenApi from "@effect/platform/OpenApi"
import { Customer, CustomerRecord, CustomerUpdate, TrustlyConfig } from "effect-trustly"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

const field = <A, I>(schema: Schema.Schema<A, I>, description: string) =>
  Schema.propertySignature(schema).annotations({ description })

const optional = <A, I>(schema: Schema.Schema<A, I>, description: string) =>
  Schema.optionalWith(schema, { exact: true }).annotations({ description })

const integer = Schema.Number.pipe(Schema.int())

const url = optional(Schema.String, "Path and query of the request")

const CustomerWritten = Schema.Struct({ customer: field(Customer, "The customer as Trustly now holds it"), url })
  .annotations({ identifier: "CustomerWritten", description: "The write was applied" })

const CustomerFound = Schema.Struct({ customer: field(CustomerRecord, "The customer as stored"), url })
  .annotations({ identifier: "CustomerFound", description: "The customer was found" })

const CustomersFound = Schema.Struct({
  customers: field(Schema.Array(CustomerRecord), "Whoever has the identifier; empty where nobody has"),
  url
}).annotations({ identifier: "CustomersFound", description: "The search was made" })

const ServerError = Schema.Struct({
  domain: field(Schema.String, "Class of the exception at Trustly"),
  code: field(integer, "Trustly's number for what went wrong, such as 200 for an invalid parameter"),
  message: field(Schema.String, "What went wrong, in words"),
  location: optional(Schema.String, "Field of the request that is to blame"),
  occurredAt: optional(integer, "When it happened; milliseconds since 1970")
}).annotations({ identifier: "ServerError" })

const errors = field(Schema.Array(ServerError), "What went wrong")

// the status is set with the name: the one of `addError` would take the name away
const refusal = (identifier: string, status: number, description: string) =>
  Schema.Struct({ errors }).annotations({ identifier, description, ...HttpApiSchema.annotations({ status }) })

const badRequest = "The request is not valid"

const MessageOnly = Schema.Struct({ message: field(Schema.String, "What went wrong, in words") }).annotations({
  identifier: "MessageOnly",
  description: "What some refusals shrink to",
  ...HttpApiSchema.annotations({ status: 400 })
})

class Credentials extends HttpApiMiddleware.Tag<Credentials>()("effect-trustly-sandbox/Credentials", {
  security: {
    basic: HttpApiSecurity.annotate(
      HttpApiSecurity.basic,
      OpenApi.Description,
      "User name: the access id. Password: the access key."
    )
  }
}) {}

const path = Schema.Struct({ customerId: field(Schema.String, "Trustly's identifier of the customer") })

const update = HttpApiEndpoint.post("update", "/customers/:customerId")
  .setPath(path)
  .setPayload(CustomerUpdate)
  .addSuccess(CustomerWritten)
  .annotate(OpenApi.Summary, "Update a customer")
  .annotate(
    OpenApi.Description,
    "Sets the fields that are sent. One that is absent stays as it is, `null` removes it. The same body twice leaves the same customer."
  )

const get = HttpApiEndpoint.get("get", "/customers/:customerId")
  .setPath(path)
  .addSuccess(CustomerFound)
  .annotate(OpenApi.Summary, "Read a customer")
  .annotate(
    OpenApi.Description,
    "Any field can be missing, and `taxId` can be masked. A mask that is sent back replaces the number."
  )

const find = HttpApiEndpoint.get("find", "/customers")
  .setUrlParams(Schema.Struct({
    externalId: optional(Schema.String, "The merchant's own identifier of the customer"),
    customerId: optional(Schema.String, "Trustly's identifier of the customer")
  }))
  .addSuccess(CustomersFound)
  .annotate(OpenApi.Summary, "Find customers")
  .annotate(
    OpenApi.Description,
    "By one of the two identifiers, which must be given. There are no pages and no other filters."
  )

const createOrUpdate = HttpApiEndpoint.post("createOrUpdate", "/customers")
  .setUrlParams(Schema.Struct({
    externalId: optional(Schema.String, "The merchant's own identifier of the customer")
  }))
  .setPayload(CustomerUpdate)
  .addSuccess(CustomerWritten)
  .annotate(OpenApi.Summary, "Create or update a customer")
  .annotate(
    OpenApi.Description,
    "Updates the customer who has the `customerId` or the `externalId`, else creates one. Without either, each call creates one."
  )

const customers = HttpApiGroup.make("customers")
  .add(update).add(get).add(find).add(createOrUpdate)
  .addError(refusal("BadRequest", 400, badRequest))
  .addError(MessageOnly)
  .addError(refusal("Unauthorized", 401, "The access id or the access key is wrong"))
  .addError(refusal("NotFound", 404, "There is no such customer or endpoint"))
  .addError(refusal("InternalError", 500, "Trustly failed; a write may have been applied"))
  .addError(refusal("Unavailable", 503, "Trustly is overloaded or in maintenance; a write may have been applied"))
  .middleware(Credentials)
  .annotate(OpenApi.Description, "Keep customers current, by their identifiers")

const platformSchemas: ReadonlySet<unknown> = new Set(["HttpApiDecodeError", "Issue", "PropertyKey"])

const isDecodeError = Predicate.struct({ $ref: (ref: unknown) => ref === "#/components/schemas/HttpApiDecodeError" })

// the platform adds an answer of its own to each endpoint
const withoutDecodeError = (document: object): Record<string, unknown> =>
  JSON.parse(JSON.stringify(document), (key, value) => {
    if (key === "400") return { ...value, description: badRequest }
    if (platformSchemas.has(key)) return undefined
    return Array.isArray(value) ? value.filter((item) => !isDecodeError(item)) : value
  })

/**
 * Trustly's four Customers operations: what is sent, what is answered, and the refusals.
 */
export const api = HttpApi.make("Trustly")
  .add(customers)
  .annotate(OpenApi.Title, "Trustly customers")
  .annotate(OpenApi.Version, "1.0.0")
  .annotate(OpenApi.Description, "An answer with `errors` is a refusal, whatever its status.")
  .annotate(OpenApi.Servers, [
    { url: "/api/v1", description: "The server that answers with this document" },
    { url: TrustlyConfig.sandboxUrl, description: "Trustly's sandbox" },
    { url: TrustlyConfig.productionUrl, description: "Trustly" }
  ])
  .annotate(OpenApi.Transform, withoutDecodeError)

/**
 * The OpenAPI 3.1 document of {@link api}. Keys that it does not know are allowed everywhere, as they are at Trustly.
 */
export const openApi = OpenApi.fromApi(api, { additionalPropertiesStrategy: "allow" })
