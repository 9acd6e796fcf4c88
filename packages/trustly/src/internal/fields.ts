/** What each field of Trustly's Customer, Address and DriverLicense means, and the value types that several schemas share. */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"

export const customerFields = {
  name: "First and last name, as one text",
  email: "Where the customer receives mail",
  phone: "Telephone number, with the country prefix where there is one",
  address: "Home or billing address",
  taxId:
    "Number at the tax office: SSN in the US, SIN in Canada; some industries and places must give it. Trustly may mask it",
  dateOfBirth: "Day of birth",
  nationalId: "Number of the national identity document",
  driverLicense: "Driver's license",
  organizationNumber: "Registration number, when the customer is a business",
  currency: "Currency of the account that the customer holds with the merchant",
  balance: "Decimal amount on the account with the merchant, not at the bank",
  vip: "Tier that tells how little risk the merchant sees in the customer: 1, 2, 3 ...",
  externalTier: "Rank in the merchant's own scheme, such as Gold",
  enrollDate: "When the customer first paid the merchant, by whatever method; milliseconds since 1970 on the wire",
  customData: "Whatever the merchant wants to keep with the customer, as a JSON object",
  personId: "Identity of the person across banks",
  customerId: "Trustly's identifier of the customer",
  externalId: "The merchant's own identifier of the customer",
  merchantId: "Trustly's identifier of the merchant",
  createdAt: "When Trustly made the record; milliseconds since 1970 on the wire",
  updatedAt: "When the record last changed; milliseconds since 1970 on the wire"
} as const

export const addressFields = {
  address1: "Street and number, or post-office box",
  address2: "Apartment, suite or unit",
  city: "City, town or village",
  state: "State, province or region, by its code",
  zip: "Postal code",
  country: "Country, two letters of ISO 3166-1"
} as const

export const driverLicenseFields = {
  number: "Number on the license",
  state: "State that issued it, two letters"
} as const

const documented: ReadonlySet<string> = new Set(
  [customerFields, addressFields, driverLicenseFields].flatMap(Object.keys)
)

/** Whether a dotted path is made of documented field names only, and so cannot carry a customer's data. */
export const isDocumentedPath = (path: string): boolean => path.split(".").every((name) => documented.has(name))

/** An instant, as milliseconds since 1970 on the wire. */
export const Millis = Schema.DateTimeUtcFromNumber.annotations({
  description: "a DateTime.Utc (in JSON, milliseconds since 1970)"
})

/** A number that JSON can carry without changing it. */
export const ExactNumber = Schema.Number.pipe(
  Schema.filter((n) => Number.isFinite(n) && Math.abs(n) <= Number.MAX_SAFE_INTEGER, {
    description: "a number up to 2^53 - 1",
    jsonSchema: {}
  })
)

/** A text that Trustly declares as a string and sends as a number at times. */
export const TextOrNumber = Schema.transform(Schema.Union(Schema.String, ExactNumber), Schema.String, {
  strict: true,
  decode: String,
  encode: (text) => text
})

/** A JSON object. Not a `Schema.Record`: that one loses an own key `__proto__` and changes the prototype of what it decodes. */
export const JsonObject: Schema.Schema<{ readonly [key: string]: unknown }> = Schema.declare(
  (input: unknown): input is { readonly [key: string]: unknown } => Predicate.isRecord(input),
  {
    description: "an object",
    jsonSchema: { type: "object" },
    arbitrary: () => (fc) => fc.dictionary(fc.string(), fc.jsonValue())
  }
)
