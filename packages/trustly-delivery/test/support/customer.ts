/** Trustly's required fields for a customer. */
export const customer = (customerId: string) => ({
  customerId,
  name: "Jo Doe",
  email: "jo@example.com",
  phone: "+1",
  address: { country: "US" }
})
