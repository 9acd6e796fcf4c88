import type { Customer, CustomerChange, CustomerRecord, CustomerUpdate } from "effect-trustly"
import { CustomerRequest, CustomerService } from "effect-trustly"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as ChangeOptions from "../ChangeOptions.ts"
import * as CommandLine from "../CommandLine.ts"
import * as CustomerFile from "../CustomerFile.ts"
import * as CustomerView from "../CustomerView.ts"
import type { Wire } from "../Json.ts"
import * as Otlp from "../Otlp.ts"
import * as Output from "../Output.ts"
import { failed, usage, whenInterrupted } from "../Problem.ts"
import { customerId, readView, viewOptions } from "./shared.ts"

interface Target {
  readonly customerId: string
  readonly dryRun: boolean
  readonly json: boolean
  readonly reveal: boolean
}

const unsent = () => failed("Stopped before an update was sent")

const unknown = () => failed("Stopped. The update may have been applied. Check with `get` what Trustly holds now")

/** Prints the customer as JSON, or a title and what changed. */
const show = ({ json, reveal }: Target, title: string, customer: Wire, rows: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    if (json) return yield* Output.print(Output.formatJson(reveal ? customer : CustomerView.redact(customer)))
    const { strong } = yield* Output.style
    yield* Output.print(strong(title), ...(rows.length === 0 ? ["  no field changes"] : rows))
  })

const updated = (target: Target, { updatedAt }: Customer): string =>
  `customer ${Output.escapeControls(target.customerId)} updated${
    updatedAt === undefined ? "" : ` at ${DateTime.formatIso(updatedAt)}`
  }`

const planned = (target: Target): string =>
  `customer ${Output.escapeControls(target.customerId)} would be updated (nothing was sent)`

/** Sends a whole customer: one request. */
const send = (target: Target, customer: CustomerUpdate) =>
  Effect.gen(function*() {
    const customers = yield* CustomerService
    const request = yield* CustomerRequest.update(target.customerId, customer)
    const body: Wire = { ...request.body }
    if (target.dryRun) {
      return yield* show(target, planned(target), body, CustomerView.rowsOfBody(body, body, target.reveal))
    }
    const answer = yield* whenInterrupted(unknown)(customers.update(target.customerId, customer))
    const after = yield* CustomerView.toWire(answer)
    yield* show(target, updated(target, answer), after, CustomerView.rowsOfBody(body, after, target.reveal))
  })

/** Reads the customer and sends what changes: two requests. */
const modify = (target: Target, change: CustomerChange) =>
  Effect.gen(function*() {
    const customers = yield* CustomerService
    const showDifferences = (title: string, before: Wire, after: Wire) =>
      show(target, title, after, CustomerView.differences(before, after, target.reveal))
    if (target.dryRun) {
      const record = yield* customers.get(target.customerId)
      const before = yield* CustomerView.toWire(record)
      const request = yield* CustomerRequest.modify(target.customerId, record, change)
      const after = Option.match(request, {
        onNone: () => before,
        onSome: ({ body }) => CustomerView.applyBody(before, { ...body })
      })
      return yield* showDifferences(planned(target), before, after)
    }
    const read = yield* Ref.make<CustomerRecord>({})
    const answer = yield* whenInterrupted(unknown)(
      customers.modify(target.customerId, (record) => Effect.as(Ref.set(read, record), change))
    )
    const before = yield* CustomerView.toWire(yield* Ref.get(read))
    yield* showDifferences(updated(target, answer), before, yield* CustomerView.toWire(answer))
  })

const from = CommandLine.text(
  "from",
  "file",
  "Send the whole customer in this JSON file; `-` reads stdin. Secrets can be set only this way."
)

const dryRun = CommandLine.flag("dry-run", "Show what would change, and send no update.")

export const update = CommandLine.makeCommand({
  name: "update",
  summary: "Change fields of a customer, or send a whole one.",
  description: [
    "Changes fields of a customer. Reads the customer first, then sends the changed fields and those that Trustly requires. " +
    "With --from it sends a whole customer instead. Prints what changed."
  ],
  argument: customerId,
  groups: [
    { title: "Options", options: [...ChangeOptions.options, from, dryRun, ...viewOptions, Otlp.option] },
    { title: "Fields (short for --set)", options: ChangeOptions.fieldOptions }
  ],
  notes: [`--clear and --from only, because they are or contain secrets: ${ChangeOptions.clearOnly.join(", ")}.`],
  examples: [
    "update 1001165729 --vip 2 --city Reno --dry-run",
    "update 1001165729 --set vip=2 --clear address.zip",
    "update 1001165729 --from customer.json"
  ],
  run: (given) =>
    Effect.gen(function*() {
      const change = yield* ChangeOptions.read(given)
      const file = yield* given.get(from)
      const target = { customerId: given.argument, dryRun: yield* given.get(dryRun), ...(yield* readView(given)) }
      if (Option.isSome(file)) {
        if (Option.isSome(change)) {
          return yield* usage("--from sends a whole customer, so no field can be given beside it")
        }
        return yield* send(target, yield* CustomerFile.read(file.value))
      }
      if (Option.isNone(change)) {
        return yield* usage("Nothing to change. Give a field, --clear, or --from. See trustly-customers update --help")
      }
      yield* modify(target, change.value)
    }).pipe(whenInterrupted(unsent))
})
