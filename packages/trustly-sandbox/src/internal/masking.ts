/** Hides the secrets of customers, and values that may be secrets under a wrong name. */
import { CustomerFields } from "effect-trustly"
import { TrustlyModel } from "effect-trustly/testing"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"

const hidden = "#####"

const kinds: ReadonlyMap<string, CustomerFields.Field["kind"]> = new Map(
  CustomerFields.all.map(({ kind, path }) => [path, kind])
)

/**
 * `taxId` as Trustly masks it, other secrets completely. Also hides what a field cannot hold: it may be a secret in the wrong
 * place.
 */
const maskField = (path: string, value: unknown): unknown => {
  if (value === null) return null
  if (path === "taxId" && typeof value === "string") return TrustlyModel.masked(value)
  switch (kinds.get(path)) {
    case "Group":
      return Predicate.isRecord(value) ? Record.map(value, (part, name) => maskField(`${path}.${name}`, part)) : hidden
    case "Json":
      return value
    case "Instant":
    case "Number":
    case "Text":
      return typeof value === "object" ? hidden : value
    default:
      return hidden
  }
}

const maskFields = (customer: object): { readonly [name: string]: unknown } =>
  Record.fromEntries(Object.entries(customer).map(([name, value]) => [name, maskField(name, value)]))

/** A customer with its secrets masked. */
export const maskCustomer = (customer: TrustlyModel.WireCustomer): TrustlyModel.WireCustomer => ({
  ...customer,
  ...maskFields(customer)
})

/** JSON that is meant to be a customer but may be anything. */
export const maskRequestBody = (body: unknown): unknown =>
  Predicate.isRecord(body) ? maskFields(body) : body === null ? null : hidden

const parameters: ReadonlySet<string> = new Set(["externalId", "customerId"])

/** Path and query of a request, without parameters that the operations do not have: those may hold anything. */
export const maskUrl = (url: string): string => {
  const [path = "", query] = url.split(/\?(.*)/s)
  const known = [...new URLSearchParams(query)].filter(([name]) => parameters.has(name))
  return known.length === 0 ? path : `${path}?${new URLSearchParams(known)}`
}

const maskResult = (value: unknown): unknown => Predicate.isRecord(value) ? maskFields(value) : value

/** A response of the sandbox: the customers in it are masked. */
export const maskResponseBody = (body: unknown): unknown =>
  !Predicate.isRecord(body) ? body : Record.map(body, (value, name) => {
    if (name === "url") return typeof value === "string" ? maskUrl(value) : value
    if (name === "customer") return maskResult(value)
    return name === "customers" && Array.isArray(value) ? value.map(maskResult) : value
  })

const shownHeaders: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "accept-language",
  "cache-control",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
  "origin",
  "sec-ch-ua",
  "sec-ch-ua-mobile",
  "sec-ch-ua-platform",
  "sec-fetch-dest",
  "sec-fetch-mode",
  "sec-fetch-site",
  "traceparent",
  "transfer-encoding",
  "user-agent"
])

/** The values of headers that hold no credential. Any other header may hold one, whatever its name. */
export const maskHeaders = (headers: { readonly [name: string]: string }): { readonly [name: string]: string } =>
  Record.map(headers, (value, name) => shownHeaders.has(name) ? value : "(hidden)")
