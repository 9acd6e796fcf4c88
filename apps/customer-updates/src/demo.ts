/** The demonstration of `npm start`: the example against the local sandbox, every kind of error, and an import of 1,000 lines. */
import { NodeHttpClient, NodeRuntime } from "@effect/platform-node"
import { Array, ConfigProvider, Console, Effect, Exit, Layer, Redacted, Stream } from "effect"
import type { TrustlyConfig } from "effect-trustly"
import { CustomerBatch, CustomerService, TrustlyRetry } from "effect-trustly"
import type { Fault } from "effect-trustly-sandbox"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { customerId, Customers, john, updateCustomer, whatToDo } from "./main.ts"

/** A service for the sandbox, without retries. */
const connect = (changes: Partial<TrustlyConfig.Options> = {}) =>
  Effect.flatMap(
    TrustlySandbox,
    ({ accessId, accessKey, url }) => CustomerService.make({ accessId, accessKey, baseUrl: url, ...changes })
  )

/** Runs `main.ts` with the sandbox's settings in place of the environment. The first attempt fails. */
const example = Effect.gen(function*() {
  const { accessId, accessKey, fail, requests, url } = yield* TrustlySandbox
  const settings = new Map([
    ["TRUSTLY_BASE_URL", url],
    ["TRUSTLY_ACCESS_ID", accessId],
    ["TRUSTLY_ACCESS_KEY", Redacted.value(accessKey)]
  ])
  yield* Console.log("\n1. Update a customer, then read and change it. The first attempt gets HTTP 503.\n")
  yield* fail({ fault: { _tag: "Status", status: 503, retryAfter: 1 } })
  const { address, vip } = yield* updateCustomer.pipe(
    Effect.provide(Layer.provide(Customers, Layer.setConfigProvider(ConfigProvider.fromMap(settings))))
  )
  for (const { attempt, method, path, status } of yield* requests) {
    yield* Console.log(
      `   ${method.padEnd(4)} ${path}  HTTP ${status}${attempt > 1 ? `  (attempt ${attempt}, a retry)` : ""}`
    )
  }
  yield* Console.log(`   The customer at Trustly now: city ${address?.city}, zip ${address?.zip}, VIP tier ${vip}`)
})

interface Failure {
  readonly what: string
  /** What makes the update fail: a fault of the sandbox, or other options. */
  readonly fault?: Fault
  readonly options?: Partial<TrustlyConfig.Options>
  /** Another customer than the one of the example, or another country. */
  readonly id?: string
  readonly country?: string
}

const failures: ReadonlyArray<Failure> = [
  { what: "country USA, not US", country: "USA" },
  { what: "HTTP 400 bad request", fault: { _tag: "Status", status: 400 } },
  { what: "HTTP 401 wrong key", options: { accessKey: Redacted.make("wrong") } },
  { what: "HTTP 404 no customer", id: "1000000000" },
  { what: "HTTP 409 conflict", fault: { _tag: "Status", status: 409 } },
  { what: "HTTP 429 rate limit", fault: { _tag: "Status", status: 429, retryAfter: 5 } },
  { what: "HTTP 502 outage", fault: { _tag: "Status", status: 502 } },
  { what: "no server there", options: { baseUrl: "http://127.0.0.1:1" } },
  { what: "HTTP 200 not JSON", fault: { _tag: "Malformed" } }
]

/** Makes an update that fails, and returns its row of the table. */
const failureRow = ({ country = "US", fault, id = customerId, options, what }: Failure) =>
  Effect.gen(function*() {
    const { fail, reset } = yield* TrustlySandbox
    yield* reset
    if (fault !== undefined) yield* fail({ fault })
    const customers = yield* connect(options)
    const error = yield* Effect.flip(customers.update(id, { ...john, address: { ...john.address, country } }))
    return [what, error._tag, error.outcome, whatToDo(error)]
  })

const formatTable = (rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> => {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? "").length)))
  return rows.map((row) => `   ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ").trimEnd()}`)
}

const failureTable = Effect.gen(function*() {
  yield* Console.log(
    "\n2. Every kind of error, without retries. The outcome says if it was applied:\n   NotSent and Rejected: not applied. Applied: applied. Unknown: may be applied.\n"
  )
  const rows = yield* Effect.forEach(failures, failureRow)
  for (const line of formatTable([["case", "error", "outcome", "what to do"], ...rows])) yield* Console.log(line)
})

const invented = 200
const firstInvented = 1_003_000_001

/** Imports 1,000 lines of NDJSON, 16 at a time, while every tenth request fails. */
const importLines = Effect.gen(function*() {
  yield* Console.log("\n3. An import of 1,000 updates, one per line. Every tenth request gets HTTP 503.\n")
  const { fail, requests, reset } = yield* TrustlySandbox
  yield* reset
  yield* fail({ fault: { _tag: "Status", status: 503 }, every: 10 })
  const lines = Array.makeBy(
    1000,
    (at) => JSON.stringify({ customerId: `${firstInvented + at % invented}`, update: { ...john, vip: at + 1 } })
  )
  const results = CustomerBatch.run(
    Stream.mapEffect(Stream.fromIterable(lines), (line) => CustomerBatch.decode(JSON.parse(line))),
    { concurrency: 16, retry: TrustlyRetry.policy({ baseDelay: "10 millis", times: 10 }) }
  )
  const updated = yield* Stream.runCount(Stream.filter(results, ({ exit }) => Exit.isSuccess(exit))).pipe(
    Effect.provideServiceEffect(CustomerService, connect())
  )
  const retries = (yield* requests).length - lines.length
  yield* Console.log(
    `   ${updated} of ${lines.length} updates succeeded, with ${retries} retries in ${lines.length + retries} requests`
  )
})

const nextSteps = `
Try next:
   npm run sandbox                      the same sandbox, with a page
   apps/customer-updates/src/main.ts    the code of step 1: copy it
   docs/getting-started.md              your first program, step by step`

const demo = Effect.gen(function*() {
  const { url } = yield* TrustlySandbox
  yield* Console.log(`A simulated Trustly runs at ${url}\nNo data leaves this computer.`)
  yield* example
  yield* failureTable
  yield* importLines
  yield* Console.log(nextSteps)
}).pipe(Effect.provide([TrustlySandbox.layer({ seed: invented }), NodeHttpClient.layerUndici]))

NodeRuntime.runMain(demo)
