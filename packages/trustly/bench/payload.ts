/** The update that every contender sends, and the answer that every contender reads. */
import type { CustomerUpdate } from "../src/index.ts"

export const customerId = "1001165729"
export const path = `/customers/${customerId}`

const address = {
  country: "US",
  address1: "105 Alternate2 Street",
  address2: "#402",
  city: "Beverly Hills",
  state: "CA",
  zip: "90210"
}

/** The customer as a program holds it, but for the date, whose type differs. */
export const customer = {
  name: "John Smith",
  email: "jsmith@email.com",
  phone: "+1 123456789",
  address,
  taxId: "123456790",
  dateOfBirth: "1980-02-29",
  driverLicense: { number: "A1234567", state: "CA" },
  currency: "USD",
  balance: "1024.50",
  vip: 2,
  externalTier: null,
  customData: { segment: "retail", tags: ["a", "b"], score: 0.75 },
  externalId: "4567890"
} satisfies CustomerUpdate

export const enrolledAt = 1_555_696_836_548

/** What must arrive. */
export const wire = JSON.stringify({ ...customer, enrollDate: enrolledAt })

/** Trustly's answer, with its masks, nulls and numbers. */
export const answer = JSON.stringify({
  customer: {
    ...customer,
    customerId,
    merchantId: "110005502",
    taxId: "#####6790",
    nationalId: null,
    organizationNumber: null,
    enrollDate: enrolledAt,
    createdAt: 1_555_696_836_548,
    updatedAt: 1_764_057_600_000,
    url: "https://example.test/customers/1001165729"
  }
})
