/** Trustly's answers, as wire JSON. */

export interface Answer {
  readonly status: number
  readonly body: { readonly [key: string]: unknown }
}

const exceptions = "com.paywithmybank.merchantgateway.v1.exception"

export const invalid = (locations: ReadonlyArray<string>, occurredAt: number): Answer => ({
  status: 400,
  body: {
    errors: locations.map((location) => ({
      domain: `${exceptions}.InvalidParameterException`,
      code: 200,
      message: "Invalid parameter",
      ...(location === "" ? {} : { location }),
      occurredAt
    }))
  }
})

/** Some of Trustly's answers collapse to a message. */
export const unreadable: Answer = { status: 400, body: { message: "Bad Request" } }

export const notFound = (what: "Customer" | "Endpoint", occurredAt: number): Answer => ({
  status: 404,
  body: { errors: [{ domain: `${exceptions}.NotFoundException`, code: 200, message: `${what} not found`, occurredAt }] }
})
