/** Copies of requests and responses for the request log: without credentials, with secrets masked, bounded in size. */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type { TrustlyModel } from "effect-trustly/testing"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import type { RecordedMessage, RequestDetail } from "../RequestLog.ts"
import type { Written } from "./customerStore.ts"
import * as Json from "./json.ts"
import { maskCustomer, maskHeaders, maskRequestBody, maskResponseBody } from "./masking.ts"

/** Longest body or field value that is kept, in characters. */
const maxLength = 64 * 1024

const bodyOf = (text: string, mask: (body: unknown) => unknown): { readonly body?: unknown } =>
  text.length > maxLength
    ? {}
    : Option.match(Json.parse(text), { onNone: () => ({}), onSome: (body) => ({ body: mask(body) }) })

export const ofRequest = ({ headers }: HttpServerRequest.HttpServerRequest, text: string): RecordedMessage => ({
  headers: maskHeaders(headers),
  bytes: Buffer.byteLength(text),
  ...bodyOf(text, maskRequestBody)
})

export const ofResponse = ({ body, headers }: HttpServerResponse.HttpServerResponse): RecordedMessage => {
  const bytes = body._tag === "Uint8Array" ? body.body : new Uint8Array()
  const contentType = body._tag === "Uint8Array" ? { "content-type": body.contentType } : {}
  return {
    headers: { ...headers, ...contentType },
    bytes: bytes.byteLength,
    ...bodyOf(Buffer.from(bytes).toString("utf8"), maskResponseBody)
  }
}

const valueOf = (customer: Partial<TrustlyModel.WireCustomer>, field: string): unknown => {
  const value: unknown = Reflect.get(customer, field)
  return (JSON.stringify(value) ?? "").length > maxLength ? "(too large to keep)" : value
}

export const changesOf = ({ after, before, fields }: Written): NonNullable<RequestDetail["changes"]> => {
  const [old, current] = [maskCustomer({ customerId: after.customerId, ...before }), maskCustomer(after)]
  return Record.fromIterableWith(fields, (field) => [field, {
    // a created customer has no customerId before
    ...(field in before ? { before: valueOf(old, field) } : {}),
    ...(field in current ? { after: valueOf(current, field) } : {})
  }])
}
