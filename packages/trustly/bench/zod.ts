/** The rules of our schemas, written with zod for the peers. */
import { DateTime } from "effect"
import { z } from "zod"
import { customer as common, enrolledAt } from "./payload.ts"

const removable = <A extends z.ZodType>(type: A) => type.nullable().optional()
const text = (min: number) => z.string().min(min)

const sentAddress = {
  address1: removable(text(1)),
  address2: removable(z.string()),
  city: removable(text(1)),
  state: removable(text(2)),
  zip: removable(text(5)),
  country: z.string().regex(/^[A-Z]{2}$/)
}

const millis = z.date().transform((date) => date.getTime())

/** A whole customer for writing: what is not known is refused. */
export const CustomerUpdate = z.strictObject({
  name: text(1),
  email: text(1),
  phone: z.string(),
  address: z.strictObject(sentAddress),
  taxId: removable(z.string()),
  dateOfBirth: removable(z.string()),
  nationalId: removable(z.string()),
  driverLicense: removable(z.strictObject({ number: z.string(), state: z.string().regex(/^[A-Za-z]{2}$/) })),
  organizationNumber: removable(z.string()),
  currency: removable(z.string()),
  balance: removable(z.string()),
  vip: removable(z.union([z.string(), z.number()])),
  externalTier: removable(z.string()),
  enrollDate: removable(millis),
  customData: removable(z.record(z.string(), z.json())),
  personId: removable(z.string()),
  externalId: removable(text(1)),
  merchantId: removable(text(1)),
  customerId: z.string().optional()
})

// null is read as absent
const optional = <A extends z.ZodType>(type: A) => type.nullish().transform((value) => value ?? undefined)

const textOrNumber = z.union([z.string(), z.number()]).transform(String)
const instant = z.number().pipe(z.coerce.date())

/** The answer to a write: what is not known is ignored. */
export const Answer = z.object({
  customer: z.object({
    name: z.string(),
    email: z.string(),
    phone: z.string(),
    address: z.object({
      address1: optional(z.string()),
      address2: optional(z.string()),
      city: optional(z.string()),
      state: optional(z.string()),
      zip: optional(z.string()),
      country: z.string()
    }),
    taxId: optional(z.string()),
    dateOfBirth: optional(z.string()),
    nationalId: optional(z.string()),
    driverLicense: optional(z.object({ number: z.string(), state: z.string() })),
    organizationNumber: optional(z.string()),
    currency: optional(z.string()),
    balance: optional(textOrNumber),
    vip: optional(textOrNumber),
    externalTier: optional(z.string()),
    enrollDate: optional(instant),
    customData: optional(z.record(z.string(), z.unknown())),
    personId: optional(z.string()),
    customerId: optional(z.string()),
    externalId: optional(z.string()),
    merchantId: optional(z.string()),
    createdAt: optional(instant),
    updatedAt: optional(instant)
  })
})

export const customer: z.input<typeof CustomerUpdate> = {
  ...common,
  enrollDate: DateTime.toDate(DateTime.unsafeMake(enrolledAt))
}
