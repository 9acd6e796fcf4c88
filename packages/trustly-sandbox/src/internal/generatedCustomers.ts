import { en, Faker } from "@faker-js/faker"
import type { TrustlyModel } from "effect-trustly/testing"

const firstId = 1_003_000_001
const enrolled = 1_600_000_000_000
const hour = 3_600_000

const tiers = ["Bronze", "Silver", "Gold", "Diamond"] as const

/** Generates fictional customers. The result is the same on every run, and a larger `count` only appends to it. */
export const customers = (count: number): ReadonlyArray<TrustlyModel.WireCustomer> => {
  const faker = new Faker({ locale: en, seed: 1_001_165_729 })
  return Array.from({ length: count }, (_, index): TrustlyModel.WireCustomer => {
    const at = enrolled + index * hour
    const firstName = faker.person.firstName()
    const lastName = faker.person.lastName()
    const state = faker.location.state({ abbreviated: true })
    return {
      name: `${firstName} ${lastName}`,
      address: {
        country: "US",
        address1: faker.location.streetAddress(),
        city: faker.location.city(),
        state,
        zip: faker.location.zipCode("#####")
      },
      // 555-0100 to 555-0199 are reserved for fiction
      phone: `+1${faker.string.numeric(3)}55501${faker.string.numeric(2)}`,
      email: faker.internet.exampleEmail({ firstName, lastName }),
      // no real tax id starts with 9
      taxId: `9${faker.string.numeric(8)}`,
      createdAt: at,
      updatedAt: at,
      customerId: String(firstId + index),
      externalId: `merchant-${index + 1}`,
      merchantId: "110005502",
      enrollDate: at,
      externalTier: faker.helpers.arrayElement(tiers),
      driverLicense: { number: faker.string.alphanumeric({ length: 8, casing: "upper" }), state },
      ...(index % 3 === 0 ? { vip: faker.number.int({ min: 1, max: 3 }) } : {})
    }
  })
}
