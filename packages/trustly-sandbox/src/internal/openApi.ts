/**
 * Declares Trustly's four Customers operations, and derives the OpenAPI document from them.
 *
 * The client library is not derived from this declaration: a client derived from an `HttpApi` does not escape path parameters, and
 * reports an error response and an unreadable response alike.
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

const CustomerWritten = Schema.Struct({ customer: field(Customer, "The customer after the write"), url })
  .annotations({ identifier: "CustomerWritten", description: "The write was applied" })

const CustomerFound = Schema.Struct({ customer: field(CustomerRecord, "The customer as stored"), url })
  .annotations({ identifier: "CustomerFound", description: "The customer was found" })

const CustomersFound = Schema.Struct({
  customers: field(Schema.Array(CustomerRecord), "Customers with this identifier; empty if there are none"),
  url
}).annotations({ identifier: "CustomersFound", description: "The search succeeded" })

const ServerError = Schema.Struct({
  domain: field(Schema.String, "Exception class at Trustly"),
  code: field(integer, "Trustly's error code, such as 200 for an invalid parameter"),
  message: field(Schema.String, "Description of the error"),
  location: optional(Schema.String, "Request field that caused the error"),
  occurredAt: optional(integer, "When the error occurred, in milliseconds since 1970")
}).annotations({ identifier: "ServerError" })

const errors = field(Schema.Array(ServerError), "The errors")

// `addError` with a status would remove the identifier, so the status is an annotation
const refusal = (identifier: string, status: number, description: string) =>
  Schema.Struct({ errors }).annotations({ identifier, description, ...HttpApiSchema.annotations({ status }) })

const badRequest = "The request is not valid"

const MessageOnly = Schema.Struct({ message: field(Schema.String, "Description of the error") }).annotations({
  identifier: "MessageOnly",
  description: "Some errors contain a message only",
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
    "Sets the fields in the body. Omitted fields are left unchanged; `null` clears a field. Sending the same body twice has the same result as sending it once."
  )

const get = HttpApiEndpoint.get("get", "/customers/:customerId")
  .setPath(path)
  .addSuccess(CustomerFound)
  .annotate(OpenApi.Summary, "Read a customer")
  .annotate(
    OpenApi.Description,
    "Any field can be missing, and `taxId` can be masked. A mask that is sent back overwrites the number."
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
    "Finds customers by one of the two identifiers, which is required. There is no pagination and no other filter."
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
    "Updates the customer with this `customerId` or `externalId`, or creates it. Without either, every call creates a customer."
  )

const customers = HttpApiGroup.make("customers")
  .add(update).add(get).add(find).add(createOrUpdate)
  .addError(refusal("BadRequest", 400, badRequest))
  .addError(MessageOnly)
  .addError(refusal("Unauthorized", 401, "The access id or the access key is wrong"))
  .addError(refusal("NotFound", 404, "The customer or the endpoint does not exist"))
  .addError(refusal("InternalError", 500, "Trustly failed; a write may have been applied"))
  .addError(refusal("Unavailable", 503, "Trustly is overloaded or in maintenance; a write may have been applied"))
  .middleware(Credentials)
  .annotate(OpenApi.Description, "Read, update, find, and create customers")

const platformSchemas: ReadonlySet<unknown> = new Set(["HttpApiDecodeError", "Issue", "PropertyKey"])

const isDecodeError = Predicate.struct({ $ref: (ref: unknown) => ref === "#/components/schemas/HttpApiDecodeError" })

// the platform adds its own error response to every endpoint
const withoutDecodeError = (document: object): Record<string, unknown> =>
  JSON.parse(JSON.stringify(document), (key, value) => {
    if (key === "400") return { ...value, description: badRequest }
    if (platformSchemas.has(key)) return undefined
    return Array.isArray(value) ? value.filter((item) => !isDecodeError(item)) : value
  })

/** Trustly's four Customers operations with their requests, responses, and errors. */
export const api = HttpApi.make("Trustly")
  .add(customers)
  .annotate(OpenApi.Title, "Trustly customers")
  .annotate(OpenApi.Version, "1.0.0")
  .annotate(OpenApi.Description, "A response with `errors` is an error, whatever its status.")
  .annotate(OpenApi.Servers, [
    { url: "/api/v1", description: "The server that serves this document" },
    { url: TrustlyConfig.sandboxUrl, description: "Trustly's sandbox" },
    { url: TrustlyConfig.productionUrl, description: "Trustly" }
  ])
  .annotate(OpenApi.Transform, withoutDecodeError)

/** The OpenAPI 3.1 document of {@link api}. Unknown keys are allowed everywhere, as Trustly allows them. */
export const openApi = OpenApi.fromApi(api, { additionalPropertiesStrategy: "allow" })
