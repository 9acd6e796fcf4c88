/** Responses of the server itself, and those of Trustly's model as HTTP. */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type { TrustlyModel } from "effect-trustly/testing"
import * as Json from "./json.ts"

const exceptions = "com.paywithmybank.merchantgateway.v1.exception"

/** Trustly's error envelope for an internal error. */
export const internalError = {
  errors: [{ domain: `${exceptions}.InternalErrorException`, code: 100, message: "Internal error" }]
}

// observed at Trustly
export const accessDenied = HttpServerResponse.unsafeJson({
  errors: [{ domain: `${exceptions}.AccessControlException`, code: 375, message: "Access not authorized" }]
}, { status: 401 })

export const tooLarge = HttpServerResponse.unsafeJson({ message: "Payload Too Large" }, {
  status: 413,
  // the rest of the request body is not read
  headers: { connection: "close" }
})

export const badRequest = HttpServerResponse.unsafeJson({ message: "Bad Request" }, { status: 400 })

export const invalidJson = HttpServerResponse.unsafeJson({
  message: `The request body must be JSON, nested at most ${Json.maxDepth} levels deep`
}, { status: 400 })

export const sandboxFull = (limit: string) =>
  HttpServerResponse.unsafeJson({
    message: `The sandbox is full: it stores at most ${limit}. Reset it with POST /_sandbox/reset, or restart it`
  }, { status: 409 })

export const forbidden = HttpServerResponse.unsafeJson({
  message: "Forbidden: the page and the control path accept this Host or Origin only if --allow-host names it"
}, { status: 403 })

export const fromModel = ({ body, status }: TrustlyModel.Response): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.unsafeJson(body, { status })
