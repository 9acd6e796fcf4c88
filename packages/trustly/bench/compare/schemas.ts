/** The rules of the library's schemas as a program writes them for the plain `HttpClient`. */
import { Schema } from "effect"

const removable = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(Schema.NullOr(schema), { exact: true })
const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true, nullable: true })
const text = (min: number) => Schema.String.pipe(Schema.minLength(min))
const textOrNumber = Schema.transform(Schema.Union(Schema.String, Schema.Number), Schema.String, {
  decode: String,
  encode: (value) => value
})
const json = Schema.Record({ key: Schema.String, value: Schema.Unknown })

export const CustomerUpdate = Schema.Struct({
  name: text(1),
  email: text(1),
  phone: Schema.String,
  address: Schema.Struct({
    address1: removable(text(1)),
    address2: removable(Schema.String),
    city: removable(text(1)),
    state: removable(text(2)),
    zip: removable(text(5)),
    country: Schema.String.pipe(Schema.pattern(/^[A-Z]{2}$/))
  }),
  taxId: removable(Schema.String),
  dateOfBirth: removable(Schema.String),
  nationalId: removable(Schema.String),
  driverLicense: removable(Schema.Struct({ number: Schema.String, state: Schema.String })),
  organizationNumber: removable(Schema.String),
  currency: removable(Schema.String),
  balance: removable(Schema.String),
  vip: removable(Schema.Union(Schema.String, Schema.Number)),
  externalTier: removable(Schema.String),
  enrollDate: removable(Schema.DateTimeUtcFromNumber),
  customData: removable(json),
  personId: removable(Schema.String),
  externalId: removable(text(1)),
  merchantId: removable(text(1))
})

const Customer = Schema.Struct({
  name: Schema.String,
  email: Schema.String,
  phone: Schema.String,
  address: Schema.Struct({
    address1: optional(Schema.String),
    address2: optional(Schema.String),
    city: optional(Schema.String),
    state: optional(Schema.String),
    zip: optional(Schema.String),
    country: Schema.String
  }),
  taxId: optional(Schema.String),
  dateOfBirth: optional(Schema.String),
  nationalId: optional(Schema.String),
  driverLicense: optional(Schema.Struct({ number: Schema.String, state: Schema.String })),
  organizationNumber: optional(Schema.String),
  currency: optional(Schema.String),
  balance: optional(textOrNumber),
  vip: optional(textOrNumber),
  externalTier: optional(Schema.String),
  enrollDate: optional(Schema.DateTimeUtcFromNumber),
  customData: optional(json),
  personId: optional(Schema.String),
  customerId: optional(Schema.String),
  externalId: optional(Schema.String),
  merchantId: optional(Schema.String),
  createdAt: optional(Schema.DateTimeUtcFromNumber),
  updatedAt: optional(Schema.DateTimeUtcFromNumber)
})

export const Answer = Schema.Struct({ customer: Customer })
