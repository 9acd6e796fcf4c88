/** Hides the secrets of customers, and values that may be secrets under a wrong name. */
import { CustomerRecord } from "effect-trustly"
import { TrustlyModel } from "effect-trustly/testing"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"

const hidden = "#####"

/** A customer with its four secrets masked: `taxId` as Trustly masks it, the others completely. */
export const maskCustomer = (customer: TrustlyModel.WireCustomer): TrustlyModel.WireCustomer => {
  const { dateOfBirth, driverLicense, nationalId, taxId } = customer
  return {
    ...customer,
    ...(typeof taxId === "string" ? { taxId: TrustlyModel.masked(taxId) } : {}),
    ...(typeof dateOfBirth === "string" ? { dateOfBirth: hidden } : {}),
    ...(typeof nationalId === "string" ? { nationalId: hidden } : {}),
    ...(typeof driverLicense?.number === "string" ? { driverLicense: { ...driverLicense, number: hidden } } : {})
  }
}

const hide = (value: unknown): unknown => value === null ? null : hidden

const maskField = (value: unknown, name: string): unknown => {
  switch (name) {
    case "taxId":
      return typeof value === "string" ? TrustlyModel.masked(value) : hide(value)
    case "dateOfBirth":
    case "nationalId":
      return hide(value)
    case "driverLicense":
      return Predicate.isRecord(value)
        ? Record.map(value, (part, key) => key === "state" && typeof part === "string" ? part : hide(part))
        : hide(value)
    default:
      return Object.hasOwn(CustomerRecord.fields, name) ? value : hide(value)
  }
}

/** JSON that is meant to be a customer but may be anything. Values of unknown fields are hidden: a typo may hold a secret. */
export const maskRequestBody = (body: unknown): unknown =>
  Predicate.isRecord(body) ? Record.map(body, maskField) : hide(body)

const parameters: ReadonlySet<string> = new Set(["externalId", "customerId"])

/** Path and query of a request, without parameters that the operations do not have: those may hold anything. */
export const maskUrl = (url: string): string => {
  const [path = "", query] = url.split(/\?(.*)/s)
  const known = [...new URLSearchParams(query)].filter(([name]) => parameters.has(name))
  return known.length === 0 ? path : `${path}?${new URLSearchParams(known)}`
}

const maskResult = (value: unknown): unknown => Predicate.isRecord(value) ? Record.map(value, maskField) : value

/** A response of the sandbox: the customers in it are masked. */
export const maskResponseBody = (body: unknown): unknown =>
  !Predicate.isRecord(body) ? body : Record.map(body, (value, name) => {
    if (name === "url") return typeof value === "string" ? maskUrl(value) : value
    if (name === "customer") return maskResult(value)
    return name === "customers" && Array.isArray(value) ? value.map(maskResult) : value
  })

const mayHoldCredential = /auth|cookie|key|secret|token/i

export const maskHeaders = (headers: { readonly [name: string]: string }): { readonly [name: string]: string } =>
  Record.map(headers, (value, name) => mayHoldCredential.test(name) ? "(hidden)" : value)
