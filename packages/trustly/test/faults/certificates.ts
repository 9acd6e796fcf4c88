import { DateTime, Effect } from "effect"
import { generate } from "selfsigned"

interface Certificate {
  readonly key: string
  readonly cert: string
}

interface CertificateOptions {
  readonly host?: { readonly type: 2; readonly value: string } | { readonly type: 7; readonly ip: string }
  readonly signedBy?: Certificate
  readonly years?: readonly [number, number]
}

const newYear = (year: number): Date => DateTime.toDateUtc(DateTime.unsafeMake({ year }))

const make = (
  { host = { type: 7, ip: "127.0.0.1" }, signedBy, years }: CertificateOptions
): Effect.Effect<Certificate> =>
  Effect.promise(() =>
    generate([{ name: "commonName", value: "Test server" }], {
      keyType: "ec",
      algorithm: "sha256",
      extensions: [{ name: "basicConstraints", cA: false }, { name: "subjectAltName", altNames: [host] }],
      ...(signedBy === undefined ? {} : { ca: signedBy }),
      ...(years === undefined ? {} : { notBeforeDate: newYear(years[0]), notAfterDate: newYear(years[1]) })
    })
  ).pipe(Effect.map((made) => ({ key: made.private, cert: made.cert })))

const makeAuthority: Effect.Effect<Certificate> = Effect.promise(() =>
  generate([{ name: "commonName", value: "Test authority" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [{ name: "basicConstraints", cA: true, critical: true }, { name: "keyUsage", keyCertSign: true }]
  })
).pipe(Effect.map((made) => ({ key: made.private, cert: made.cert })))

const makeCertificates = Effect.gen(function*() {
  const authority = yield* makeAuthority
  return yield* Effect.all({
    authority: Effect.succeed(authority),
    good: make({ signedBy: authority }),
    selfSigned: make({}),
    expired: make({ signedBy: authority, years: [2020, 2021] }),
    notYetValid: make({ signedBy: authority, years: [2080, 2081] }),
    otherHost: make({ signedBy: authority, host: { type: 2, value: "trustly.example" } }),
    otherAddress: make({ signedBy: authority, host: { type: 7, ip: "127.0.0.2" } })
  })
})

export type Certificates = Effect.Effect.Success<typeof makeCertificates>

/** Generated once per process. */
export const certificates: Certificates = await Effect.runPromise(makeCertificates)
