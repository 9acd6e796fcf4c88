import { DateTime, Redacted } from "effect"
import type { CustomerUpdate } from "effect-trustly"

/** A value of its own for every field, found nowhere else; `customerId` is an identifier and goes by other rules. */
export const customer = {
  name: "sentinel-name",
  email: "sentinel-email@example.test",
  phone: "sentinel-phone",
  address: {
    address1: "sentinel-address1",
    address2: "sentinel-address2",
    city: "sentinel-city",
    state: "sentinel-state",
    zip: "sentinel-zip",
    country: "QX"
  },
  taxId: "sentinel-tax-id",
  dateOfBirth: "sentinel-date-of-birth",
  nationalId: Redacted.make("sentinel-national-id"),
  driverLicense: { number: Redacted.make("sentinel-license"), state: "ZQ" },
  organizationNumber: "sentinel-organization",
  currency: "sentinel-currency",
  balance: "sentinel-balance",
  vip: 770_077_007_700,
  externalTier: "sentinel-tier",
  enrollDate: DateTime.unsafeMake(8_123_456_789_123),
  customData: { "sentinel-key": ["sentinel-data"] },
  personId: "sentinel-person",
  externalId: "sentinel-external-id",
  merchantId: "sentinel-merchant"
} satisfies CustomerUpdate

export const customerId = "sentinel-customer-id"
export const accessId = "sentinel-access-id"
export const accessKey = "sentinel-access-key"

/** What only the server says, in every part of an answer where text can be. */
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

/** What may be seen nowhere. */
export const secrets: ReadonlyArray<string> = [
  ...new Set([...textsOf(customer), ...textsOf(echoes), accessId, accessKey, `${accessId}:${accessKey}`])
]

/** The same customer as wire JSON. */
export const wire = {
  ...customer,
  customerId,
  nationalId: Redacted.value(customer.nationalId),
  driverLicense: { ...customer.driverLicense, number: Redacted.value(customer.driverLicense.number) },
  enrollDate: DateTime.toEpochMillis(customer.enrollDate),
  createdAt: 1,
  updatedAt: 1
}

/** An envelope that quotes all that was sent. */
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
