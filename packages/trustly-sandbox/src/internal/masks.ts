import { TrustlyModel } from "effect-trustly/testing"

const hidden = "#####"

/** A customer whose four secrets do not show: the tax id as Trustly masks it, the others not at all. */
export const masked = (customer: TrustlyModel.WireCustomer): TrustlyModel.WireCustomer => {
  const { dateOfBirth, driverLicense, nationalId, taxId } = customer
  return {
    ...customer,
    ...(typeof taxId === "string" ? { taxId: TrustlyModel.masked(taxId) } : {}),
    ...(typeof dateOfBirth === "string" ? { dateOfBirth: hidden } : {}),
    ...(typeof nationalId === "string" ? { nationalId: hidden } : {}),
    ...(typeof driverLicense?.number === "string" ? { driverLicense: { ...driverLicense, number: hidden } } : {})
  }
}
