import * as Command from "@effect/cli/Command"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Terminal from "@effect/platform/Terminal"
import type { CustomerRecord, TrustlyConfig, TrustlyError } from "effect-trustly"
import { CustomerService, TrustlyRetry } from "effect-trustly"
import { TrustlySandbox } from "effect-trustly-sandbox"
import type { TrustlyModel } from "effect-trustly/testing"
import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as CustomerView from "../CustomerView.ts"
import type { FailingCall } from "../DemoCalls.ts"
import { customerId, failing, sample } from "../DemoCalls.ts"
import * as Import from "../import/Import.ts"
import * as Source from "../import/Source.ts"
import * as Output from "../Output.ts"
import { failed, whenInterrupted } from "../Problem.ts"
import * as Report from "../Report.ts"
import { perform } from "./Import.ts"

/** How many customers there are besides the two of Trustly's document. */
const seed = 200

/** The options for the sandbox: the demo never looks at the credentials of the environment. */
const options: Effect.Effect<TrustlyConfig.Options, never, TrustlySandbox> = Effect.map(
  TrustlySandbox,
  ({ accessId, accessKey, url }) => ({ accessId, accessKey, baseUrl: url, timeout: "5 seconds" })
)

/** An update whose first attempt fails, and whose second one does not. */
const mended = Effect.gen(function*() {
  const { fail, requests } = yield* TrustlySandbox
  const { bad, faint, good, strong } = yield* Output.style
  const terminal = yield* Terminal.Terminal
  const tell = (line: string) =>
    Output.print(bad(`   ${line}`)).pipe(Effect.provideService(Terminal.Terminal, terminal), Effect.ignore)
  const policy = Report.announced(TrustlyRetry.policy({ baseDelay: "50 millis" }), tell)

  yield* Output.print("", strong("1. Trustly's sample update; the first attempt meets HTTP 503 with Retry-After: 1"))
  yield* fail({ fault: { _tag: "Status", status: 503, retryAfter: 1 } })
  const customer = yield* CustomerService.pipe(
    Effect.flatMap((customers) => customers.update(customerId, sample)),
    Effect.provide(CustomerService.withRetry(policy)(CustomerService.layer(yield* options)))
  )
  for (const { attempt, fields, method, path, status } of yield* requests) {
    yield* Output.print(
      faint(`   the server saw attempt ${attempt}: ${method} ${path}, ${fields.length} fields, HTTP ${status}`)
    )
  }
  yield* Output.print(
    good(`   customer ${customerId} updated`),
    ...CustomerView.lines(yield* CustomerView.wire(customer), false).map((line) => ` ${line}`)
  )
})

/** Only what changes is sent, with what Trustly requires. */
const modified = Effect.gen(function*() {
  const { good, strong } = yield* Output.style
  yield* Output.print("", strong("2. A change of some fields: the record is read, and no mask is written back"))
  const customers = yield* CustomerService.make(yield* options)
  const read = yield* Ref.make<CustomerRecord>({})
  const customer = yield* customers.modify(
    customerId,
    (record) => Effect.as(Ref.set(read, record), { vip: 2, address: { city: "Reno", state: "NV", zip: "89501" } })
  )
  const [before, after] = yield* Effect.all([
    Effect.flatMap(Ref.get(read), CustomerView.wire),
    CustomerView.wire(customer)
  ])
  yield* Output.print(
    good(`   customer ${customerId} updated`),
    ...CustomerView.changes(before, after, false).map((line) => ` ${line}`)
  )
})

/** Makes a call that has to fail; tells whether it did so in the way that it has to. */
const failsAsExpected = ({ call, fault, options: changed, tag, what }: FailingCall) =>
  Effect.gen(function*() {
    const { fail, reset } = yield* TrustlySandbox
    const { bad, faint, strong } = yield* Output.style
    yield* reset
    if (fault !== undefined) yield* fail({ fault })
    const customers = yield* CustomerService.make({ ...(yield* options), ...changed })
    const ended = yield* Effect.either(call(customers))
    if (ended._tag === "Right") {
      yield* Output.print("", strong(`   ${what}`), bad("   did not fail"))
      return false
    }
    const error: TrustlyError = ended.left
    yield* Output.print(
      "",
      strong(`   ${what}`),
      `   ${error._tag}, ${error.outcome}, ${error.isRetryable ? "a retry can help" : "a retry does not help"}`,
      faint(`   ${Output.harmless(error.message)}`),
      `   ${Report.advice(error)}`
    )
    return error._tag === tag
  })

/** What was stored is sent again, in another tier. */
const line = (customer: TrustlyModel.WireCustomer, at: number): string => {
  const { address, customerId: id, email, name, phone } = customer
  return JSON.stringify({ customerId: id, update: { name, email, phone, address, vip: at % 5 + 1 } })
}

/** A list of customers, while a tenth of the requests fail. Tells whether all of them were updated. */
const imported = Effect.gen(function*() {
  const { strong } = yield* Output.style
  const { customers, fail, reset } = yield* TrustlySandbox
  yield* Output.print("", strong("4. An import of 1,000 lines, while a tenth of the requests meet HTTP 503"))
  yield* reset
  yield* fail({ fault: { _tag: "Status", status: 503 }, share: 0.1 })
  const invented = Array.takeRight(yield* customers, seed)
  const lines = Array.flatten(Array.replicate(invented, 1000 / seed)).map(line)
  const fs = yield* FileSystem.FileSystem
  const file = yield* fs.makeTempDirectoryScoped().pipe(
    Effect.map((directory) => `${directory}/customers.ndjson`),
    Effect.tap((path) => fs.writeFileString(path, lines.join("\n"))),
    Effect.mapError(() => failed("No temporary file can be written"))
  )
  const work = yield* Import.prepare(yield* Source.open(file, Option.none()), false)
  yield* perform(work, {
    concurrency: 16,
    rate: Option.none(),
    limit: Option.none(),
    policy: TrustlyRetry.policy({ times: 10, baseDelay: "50 millis" })
  }, false).pipe(Effect.provide(CustomerService.layer(yield* options)))
  return work.tally.done === lines.length
}).pipe(Effect.scoped)

const run = Effect.gen(function*() {
  const { bad, good, strong } = yield* Output.style
  const { url } = yield* TrustlySandbox
  yield* Output.print(`It listens on ${url}`)
  yield* mended
  yield* modified
  yield* Output.print(
    "",
    strong("3. What can go wrong, each without a retry: the error, what became of the record, what to do")
  )
  // of a sandbox that is gone again
  const unreachable = yield* options.pipe(Effect.provide(TrustlySandbox.layer()))
  const calls = failing(unreachable.baseUrl ?? "")
  const asExpected = yield* Effect.forEach(calls, failsAsExpected)
  const ended = asExpected.filter(Boolean).length
  const summary =
    `2 updates applied, one of them by its second attempt; ${ended} of ${calls.length} failing calls ended as they have to`
  yield* Output.print("", ended === calls.length ? good(summary) : bad(summary))
  const allImported = yield* imported
  if (ended < calls.length || !allImported) return yield* failed("The demo did not go as it has to")
})

export const demo = Command.make("demo", {}, () =>
  Effect.gen(function*() {
    const { strong } = yield* Output.style
    yield* Output.print(strong("A local Trustly starts. Nothing leaves this machine."))
    yield* run.pipe(Effect.provide(TrustlySandbox.layer({ seed })), Effect.provide(NodeHttpClient.layerUndici))
  }).pipe(
    Effect.catchTag("ServeError", () => Effect.fail(failed("The sandbox did not start: no port is free"))),
    whenInterrupted("Stopped before the end")
  )).pipe(
    Command.withDescription(
      "Shows updates, a retry, every kind of failure and an import against a local Trustly of its own."
    )
  )
