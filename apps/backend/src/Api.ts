/** The HTTP API as data: the server, the OpenAPI document, and a typed client come from it. */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import { CustomerChange, CustomerUpdate, TrustlyValidationError } from "effect-trustly"
import {
  BacklogFull,
  DeliveryStatus,
  IdempotencyConflict,
  Receipt,
  ReceiptNotFound,
  StorageError,
  Superseded
} from "effect-trustly-delivery"
import * as Schema from "effect/Schema"

const safeMessages = new Set<string>()

/** Whether a message is one of ours. Default schema messages quote the rejected value. */
export const isSafeMessage = (message: string): boolean => safeMessages.has(message)

const parameter = <A, I>(expected: string, schema: Schema.Schema<A, I>): Schema.Schema<A, I> => {
  safeMessages.add(expected)
  return schema.annotations({ description: expected, message: () => ({ message: expected, override: true }) })
}

const optional = <A, I>(expected: string, schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(parameter(expected, schema), { exact: true })

const ReceiptPath = Schema.Struct({ receipt: Receipt })

const CustomerPath = Schema.Struct({ customerId: Schema.String })

export const IdempotencyHeaders = Schema.Struct({
  "idempotency-key": optional("1 to 255 characters", Schema.String.pipe(Schema.minLength(1), Schema.maxLength(255)))
})

const Accepted = Schema.Struct({ receipt: Receipt }).annotations({
  identifier: "Accepted",
  description: "The change is stored and will be delivered, even after a crash",
  ...HttpApiSchema.annotations({ status: 202 })
})

const Change = Schema.Union(
  Schema.Struct({ change: CustomerChange }),
  Schema.Struct({ update: CustomerUpdate })
).annotations({ description: "The fields to change, or a complete customer" })

/** A customer profile in this backend's own table. */
export const Profile = Schema.Struct({
  tier: Schema.Int.pipe(Schema.between(1, 5)),
  newsletter: Schema.Boolean
}).annotations({ parseOptions: { onExcessProperty: "error", errors: "all" } })

const changes = HttpApiGroup.make("changes")
  .add(
    HttpApiEndpoint.post("accept", "/customers/:customerId/changes")
      .setPath(CustomerPath)
      .setHeaders(IdempotencyHeaders)
      .setPayload(Change)
      .addSuccess(Accepted)
      .addError(BacklogFull, { status: 429 })
      .addError(IdempotencyConflict, { status: 409 })
      .annotate(OpenApi.Summary, "Accept a change of a customer")
  )
  .add(
    HttpApiEndpoint.post("saveProfile", "/customers/:customerId/profile")
      .setPath(CustomerPath)
      .setPayload(Profile)
      .addSuccess(Accepted)
      .addError(BacklogFull, { status: 429 })
      .annotate(OpenApi.Summary, "Save a profile and enqueue its change for Trustly in one transaction")
  )
  .add(
    HttpApiEndpoint.get("status", "/changes/:receipt")
      .setPath(ReceiptPath)
      .addSuccess(DeliveryStatus.Status)
      .addError(ReceiptNotFound, { status: 404 })
      .annotate(OpenApi.Summary, "Get the status of a change")
  )
  .addError(StorageError, { status: 503 })

const deadLetters = HttpApiGroup.make("deadLetters")
  .add(
    HttpApiEndpoint.get("list", "/")
      .setUrlParams(Schema.Struct({
        limit: Schema.optionalWith(
          parameter(
            "a whole number from 1 to 1000",
            Schema.NumberFromString.pipe(Schema.int(), Schema.between(1, 1000))
          ),
          { exact: true, default: () => 100 }
        ),
        after: optional("one receipt", Receipt)
      }))
      .addSuccess(Schema.Struct({
        items: Schema.Array(DeliveryStatus.Failed),
        next: Schema.optionalWith(Receipt, { exact: true })
      }))
      .annotate(OpenApi.Summary, "Dead letters, oldest first")
  )
  .add(
    HttpApiEndpoint.post("retry", "/:receipt/retry")
      .setPath(ReceiptPath)
      .setUrlParams(Schema.Struct({ evenIfSuperseded: optional("true or false", Schema.BooleanFromString) }))
      .addSuccess(Accepted)
      .addError(Superseded, { status: 409 })
      .annotate(OpenApi.Summary, "Queue a dead letter again, after the customer's other changes")
  )
  .add(
    HttpApiEndpoint.del("discard", "/:receipt")
      .setPath(ReceiptPath)
      .addSuccess(HttpApiSchema.NoContent)
      .annotate(OpenApi.Summary, "Discard a dead letter")
  )
  .addError(ReceiptNotFound, { status: 404 })
  .addError(StorageError, { status: 503 })
  .prefix("/dead-letters")

const health = HttpApiGroup.make("health")
  .add(HttpApiEndpoint.get("live", "/health/live").addSuccess(Schema.Struct({ live: Schema.Literal(true) })))
  .add(
    HttpApiEndpoint.get("ready", "/health/ready")
      .addSuccess(Schema.Struct({ delivery: DeliveryStatus.State, ...DeliveryStatus.Counts.fields }))
      .addError(StorageError, { status: 503 })
  )
  .add(
    HttpApiEndpoint.get("metrics", "/metrics")
      .addSuccess(HttpApiSchema.Text({ contentType: "text/plain; version=0.0.4; charset=utf-8" }))
  )

/** Removes the platform's decode error: `Responses.ts` responds with `TrustlyValidationError` instead. */
const withoutDecodeError = (document: object): Record<string, unknown> =>
  JSON.parse(JSON.stringify(document), (key, value) => {
    if (key === "HttpApiDecodeError") return undefined
    return Array.isArray(value)
      ? value.filter((item) => item?.$ref !== "#/components/schemas/HttpApiDecodeError")
      : value
  })

export const Api = HttpApi.make("backend")
  .add(changes)
  .add(deadLetters)
  .add(health)
  .addError(TrustlyValidationError, { status: 400 })
  .annotate(OpenApi.Title, "Customer changes")
  .annotate(
    OpenApi.Description,
    "Accepts changes of customers and delivers them to Trustly, in order and at least once."
  )
  .annotate(OpenApi.Transform, withoutDecodeError)
