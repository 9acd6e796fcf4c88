import { assert, describe, it } from "@effect/vitest"
import { Array as Arr, DateTime, Effect, Order, Redacted } from "effect"
import type { CustomerIdentifier, CustomerService, TrustlyError } from "effect-trustly"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { type ClientLayer, clientLayers } from "../../../trustly/test/faults/layers.ts"
import { minimalCustomer, reference, sample, use } from "../../../trustly/test/support.ts"
import { withSandbox } from "./support.ts"

const john = sample.customerId
const joe = reference.customerId

const sorted = (names: ReadonlyArray<string>) => Arr.sort(names, Order.string)

/** What the sandbox saw, in the order in which it came. */
const seen = Effect.flatMap(TrustlySandbox, ({ requests }) => requests).pipe(
  Effect.map((requests) =>
    requests.map(({ customerId, fields, operation, status }) => ({
      operation,
      customerId,
      fields: sorted(fields),
      status
    }))
  )
)

const stored = (customerId: string) =>
  Effect.flatMap(TrustlySandbox, ({ customers }) => customers).pipe(
    Effect.map((customers) => customers.find((customer) => customer.customerId === customerId))
  )

const liveWith =
  (client: ClientLayer) => <E>(name: string, test: Effect.Effect<void, E, CustomerService | TrustlySandbox>) =>
    it.live(name, () => test.pipe(Effect.provide(withSandbox(client)), Effect.orDie))

const idsFound = (by: CustomerIdentifier) =>
  use((customers) => customers.find(by)).pipe(Effect.map((found) => found.map(({ customerId }) => customerId)))

for (const client of clientLayers) {
  describe(`the operations (${client.name})`, () => {
    const live = liveWith(client)

    live(
      "update sends the document's own sample in one exchange, without its mask",
      Effect.gen(function*() {
        const before = yield* stored(john)
        const customer = yield* use((customers) => customers.update(john, sample))
        const { taxId: _, ...sent } = sample
        assert.strictEqual(customer.name, "John Smith")
        assert.strictEqual(customer.customerId, john)
        assert.deepStrictEqual(yield* seen, [
          { operation: "update", customerId: john, fields: sorted(Object.keys(sent)), status: 200 }
        ])
        assert.strictEqual((yield* stored(john))?.taxId, before?.taxId)
      })
    )

    live(
      "update sets, leaves and removes",
      Effect.gen(function*() {
        const enrollDate = DateTime.unsafeMake(1555696836548)
        const customer = yield* use((customers) =>
          customers.update(john, {
            ...minimalCustomer,
            address: { country: "US", address2: null },
            taxId: Redacted.make("987654321"),
            driverLicense: null,
            vip: 2,
            enrollDate,
            customData: { tier: ["a", null, { b: 1 }] }
          })
        )
        assert.strictEqual(customer.vip, "2")
        assert.deepStrictEqual(customer.enrollDate, enrollDate)
        assert.strictEqual(customer.taxId && Redacted.value(customer.taxId), "#####4321")
        const record = yield* stored(john)
        assert.strictEqual(record?.taxId, "987654321")
        assert.strictEqual(record?.enrollDate, 1555696836548)
        assert.strictEqual(record?.merchantId, "110005502")
        assert.notProperty(record, "driverLicense")
        assert.notProperty(record?.address, "address2")
        assert.strictEqual(record?.address?.address1, "105 Alternate2 Street")
        assert.deepStrictEqual(record?.customData, { tier: ["a", null, { b: 1 }] })
      })
    )

    live(
      "get reads a record in one exchange",
      Effect.gen(function*() {
        const record = yield* use((customers) => customers.get(joe))
        assert.strictEqual(record.name, "Joe User")
        assert.strictEqual(record.taxId && Redacted.value(record.taxId), "#####5678")
        assert.strictEqual(record.createdAt && DateTime.toEpochMillis(record.createdAt), 1555696836548)
        assert.deepStrictEqual(yield* seen, [{ operation: "get", customerId: joe, fields: [], status: 200 }])
      })
    )

    live(
      "modify reads and sends the required fields and the changed ones, in two exchanges",
      Effect.gen(function*() {
        const customer = yield* use((customers) =>
          customers.modify(john, () => ({ vip: 3, address: { city: "Reno" } }))
        )
        assert.strictEqual(customer.vip, "3")
        assert.strictEqual(customer.address.city, "Reno")
        const [read, sent, ...more] = yield* seen
        assert.strictEqual(read?.operation, "get")
        assert.strictEqual(sent?.operation, "update")
        assert.deepStrictEqual(sent?.fields, ["address", "email", "name", "phone", "vip"])
        assert.deepStrictEqual(more, [])
        assert.strictEqual((yield* stored(john))?.taxId, "123456790")
      })
    )

    live(
      "find looks by either identifier; no match is an empty array",
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* idsFound({ externalId: "4567890" }), [joe])
        assert.deepStrictEqual(yield* idsFound({ customerId: john }), [john])
        assert.deepStrictEqual(yield* idsFound({ externalId: "a&b=c #?%/ü" }), [])
        assert.deepStrictEqual((yield* seen).map(({ operation }) => operation), ["find", "find", "find"])
      })
    )

    live(
      "createOrUpdate creates, then updates the same record",
      Effect.gen(function*() {
        const send = use((customers) => customers.createOrUpdate({ ...minimalCustomer, externalId: "m-1" }))
        const created = yield* send
        const updated = yield* send
        assert.match(created.customerId ?? "", /^\d+$/)
        assert.strictEqual(updated.customerId, created.customerId)
        yield* use((customers) => customers.createOrUpdate({ ...minimalCustomer, customerId: joe }))
        assert.strictEqual((yield* stored(joe))?.name, minimalCustomer.name)
        assert.deepStrictEqual((yield* seen).map(({ operation }) => operation), [
          "createOrUpdate",
          "createOrUpdate",
          "createOrUpdate"
        ])
      })
    )

    live(
      "each refuses what it must, and nothing is sent",
      Effect.gen(function*() {
        for (
          const id of ["", ".", "..", "a/b", "a?b", "a#b", "a%b", "a\\b", "a b", "\u0000", "\ud800", "x".repeat(129)]
        ) {
          const calls: ReadonlyArray<Effect.Effect<unknown, TrustlyError, CustomerService>> = [
            use((customers) => customers.update(id, minimalCustomer)),
            use((customers) => customers.get(id)),
            use((customers) => customers.modify(id, () => ({}))),
            use((customers) => customers.find({ customerId: id })),
            use((customers) => customers.createOrUpdate({ ...minimalCustomer, customerId: id }))
          ]
          for (const call of calls) {
            const error = yield* Effect.flip(Effect.asVoid(call))
            assert.propertyVal(error, "_tag", "TrustlyValidationError")
            assert.propertyVal(error, "outcome", "NotSent")
          }
        }
        assert.deepStrictEqual(yield* seen, [])
      })
    )

    live(
      "what the server refuses is an error of its class",
      Effect.gen(function*() {
        const notFound = yield* Effect.flip(use((customers) => customers.get("1000000000")))
        assert.strictEqual(notFound._tag, "TrustlyNotFoundError")
        assert.propertyVal(notFound, "customerId", "1000000000")
        assert.propertyVal(notFound, "operation", "get")
      })
    )
  })
}
