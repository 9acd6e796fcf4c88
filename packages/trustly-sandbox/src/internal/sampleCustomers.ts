import type { TrustlyModel } from "effect-trustly/testing"

/** The two customers in Trustly's documentation: the sample request, with a tax id to mask, and the sample response. */
export const customers: ReadonlyArray<TrustlyModel.WireCustomer> = [
  {
    name: "John Smith",
    address: {
      country: "US",
      address1: "105 Alternate2 Street",
      address2: "#402",
      city: "Beverly Hills",
      state: "CA",
      zip: "90210"
    },
    phone: "+1 123456789",
    email: "jsmith@email.com",
    taxId: "123456790",
    createdAt: 1555696836548,
    updatedAt: 1555696836548,
    customerId: "1001165729",
    merchantId: "110005502",
    driverLicense: { number: "124ABC", state: "CA" }
  },
  {
    name: "Joe User",
    address: { country: "US", address1: "2000 Broadway St", city: "Redwood City", state: "CA", zip: "94063" },
    phone: "+16505551212",
    email: "joe.user@mail.com",
    taxId: "012345678",
    createdAt: 1555696836548,
    updatedAt: 1555696836548,
    customerId: "1002580963",
    externalId: "4567890",
    merchantId: "1002463580",
    enrollDate: 1555696836548,
    driverLicense: { number: "A1234567", state: "CA" }
  }
]
