import { DateTime, Redacted, Schema } from "effect"
import { CustomerFields, CustomerUpdate } from "effect-trustly"

/** Fields that accept only two letters. */
const codes: Readonly<Record<string, string>> = { "address.country": "QX", "driverLicense.state": "ZQ" }

const valueOf = ({ kind, path }: CustomerFields.Field, index: number): unknown => {
  switch (kind) {
    case "Group":
      return Object.fromEntries(
        CustomerFields.all.filter((field) => field.path.startsWith(`${path}.`)).map((field, at) => [
          field.path.slice(path.length + 1),
          valueOf(field, at)
        ])
      )
    case "Number":
      return String(770_077_007_700 + index)
    case "Instant":
      return 8_123_456_789_123 + index
    case "Json":
      return { "sentinel-key": [`sentinel-${path}`] }
    default:
      return codes[path] ?? `sentinel-${path}`
  }
}

/** Wire JSON with a unique value for every field. */
const allFields = Object.fromEntries(
  CustomerFields.all.filter(({ path }) => !path.includes(".")).map((
    field,
    index
  ) => [field.path, valueOf(field, index)])
)

const { createdAt: _createdAt, customerId: _customerId, updatedAt: _updatedAt, ...writable } = allFields

/** Excludes the read-only fields, and `customerId`, which a `TrustlyNotFoundError` may contain. */
export const customer = Schema.decodeUnknownSync(CustomerUpdate)(writable)

export const customerId = "sentinel-customer-id"
export const accessId = "sentinel-access-id"
export const accessKey = "sentinel-access-key"

/** Texts that only the server sends, one for each part of a response that can contain text. */
export const echoes = {
  message: "sentinel-message",
  domain: "sentinel-domain",
  location: "sentinelLocation",
  key: "sentinelUnknownKey",
  value: "sentinel-unknown-value",
  header: "sentinel-header",
  reason: "sentinel-reason-phrase",
  url: "sentinel-url"
}

const textsOf = (value: unknown): ReadonlyArray<string> => {
  if (Redacted.isRedacted(value)) return textsOf(Redacted.value(value))
  if (DateTime.isDateTime(value)) return [String(DateTime.toEpochMillis(value)), DateTime.formatIso(value).slice(0, 10)]
  return typeof value === "object" && value !== null
    ? [...Object.keys(value).filter((key) => key.startsWith("sentinel")), ...Object.values(value).flatMap(textsOf)]
    : [String(value)]
}

/** Texts that must not leak. */
export const secrets: ReadonlyArray<string> = [
  ...new Set([...textsOf(customer), ...textsOf(echoes), accessId, accessKey, `${accessId}:${accessKey}`])
]

/** The same customer as wire JSON. */
export const wire = { ...Schema.encodeSync(CustomerUpdate)(customer), customerId, createdAt: 1, updatedAt: 1 }

/** An error envelope that echoes the entire request. */
export const echoed = (code: number): string =>
  JSON.stringify({
    errors: [
      {
        domain: echoes.domain,
        code,
        message: `${echoes.message} ${JSON.stringify(wire)}`,
        location: echoes.location,
        [echoes.key]: echoes.value
      },
      { code, location: `address.${customer.name}` }
    ],
    message: echoes.message,
    url: echoes.url,
    [echoes.key]: wire
  })

export const echoHeaders = {
  "content-type": "application/json",
  "x-echo": echoes.header,
  "www-authenticate": `Basic realm="${echoes.header}"`,
  "set-cookie": `id=${echoes.header}`,
  location: `http://127.0.0.1/${echoes.url}`
}
