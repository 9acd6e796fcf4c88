/** Answers of the server itself, and those of Trustly's model as HTTP. */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import type { TrustlyModel } from "effect-trustly/testing"

const exceptions = "com.paywithmybank.merchantgateway.v1.exception"

/** Trustly's envelope for a failure of its own. */
export const failed = {
  errors: [{ domain: `${exceptions}.InternalErrorException`, code: 100, message: "Internal error" }]
}

// as Trustly itself was seen to answer
export const accessDenied = HttpServerResponse.unsafeJson({
  errors: [{ domain: `${exceptions}.AccessControlException`, code: 375, message: "Access not authorized" }]
}, { status: 401 })

export const tooLarge = HttpServerResponse.unsafeJson({ message: "Payload Too Large" }, {
  status: 413,
  // what the client still sends is not waited for
  headers: { connection: "close" }
})

export const notJson = HttpServerResponse.unsafeJson({ message: "Bad Request" }, { status: 400 })

export const foreign = HttpServerResponse.unsafeJson({ message: "Forbidden" }, { status: 403 })

export const of = ({ body, status }: TrustlyModel.Reply): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.unsafeJson(body, { status })
