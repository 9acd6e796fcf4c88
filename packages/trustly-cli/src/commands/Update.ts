import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import type { Customer, CustomerChange, CustomerRecord, CustomerUpdate } from "effect-trustly"
import { CustomerService } from "effect-trustly"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as ChangeOptions from "../ChangeOptions.ts"
import * as CustomerInput from "../CustomerInput.ts"
import * as CustomerView from "../CustomerView.ts"
import * as Otlp from "../Otlp.ts"
import * as Output from "../Output.ts"
import * as Preview from "../Preview.ts"
import { usage, whenInterrupted } from "../Problem.ts"
import { shown } from "./shared.ts"

interface Target {
  readonly customerId: string
  readonly dryRun: boolean
  readonly json: boolean
  readonly reveal: boolean
}

const unsent = "Stopped before an update was sent"
const unknown = "Stopped: it is unknown whether the update was applied. See with `get` what the record holds now"

const printBody = ({ customerId, json, reveal }: Target, body: CustomerView.Wire) =>
  Effect.gen(function*() {
    const { strong } = yield* Output.style
    const title = strong(`would send to customer ${Output.harmless(customerId)} (nothing was sent):`)
    yield* Output.print(...(json ? [] : [title]), Output.json(reveal ? body : CustomerView.masked(body)))
  })

const printCustomer = (
  { customerId, json, reveal }: Target,
  customer: Customer,
  lines: (after: CustomerView.Wire) => ReadonlyArray<string>
) =>
  Effect.gen(function*() {
    const after = yield* CustomerView.wire(customer)
    if (json) return yield* Output.print(Output.json(reveal ? after : CustomerView.masked(after)))
    const { strong } = yield* Output.style
    const at = customer.updatedAt === undefined ? "" : ` at ${DateTime.formatIso(customer.updatedAt)}`
    const changed = lines(after)
    yield* Output.print(
      strong(`customer ${Output.harmless(customerId)} updated${at}`),
      ...(changed.length === 0 ? ["  every field is as it was"] : changed)
    )
  })

/** Sends a whole customer: one exchange. */
const send = (target: Target, customer: CustomerUpdate) =>
  Effect.gen(function*() {
    const customers = yield* CustomerService
    const body = yield* Preview.update(target.customerId, customer)
    const { ours, theirs } = CustomerView.masks(body)
    if (ours.length > 0) {
      return yield* usage(
        `--from: ${ours.join(", ")}: hidden by this program, leave it out or give the real value`
      )
    }
    if (theirs.length > 0) {
      yield* Output.tell(`warning: ${theirs.join(", ")}: looks like one of Trustly's masks, and is sent as it stands`)
    }
    if (target.dryRun) return yield* printBody(target, body)
    const updated = yield* whenInterrupted(unknown)(customers.update(target.customerId, customer))
    yield* printCustomer(target, updated, (after) => CustomerView.sent(body, after, target.reveal))
  })

/** Reads a customer and sends what is to change: two exchanges. */
const modify = (target: Target, change: CustomerChange) =>
  Effect.gen(function*() {
    const customers = yield* CustomerService
    if (target.dryRun) {
      const record = yield* customers.get(target.customerId)
      return yield* printBody(target, yield* Preview.modify(target.customerId, record, change))
    }
    const read = yield* Ref.make<CustomerRecord>({})
    const updated = yield* whenInterrupted(unknown)(
      customers.modify(target.customerId, (record) => Effect.as(Ref.set(read, record), change))
    )
    const before = yield* CustomerView.wire(yield* Ref.get(read))
    yield* printCustomer(target, updated, (after) => CustomerView.changes(before, after, target.reveal))
  })

const file = Options.text("from").pipe(
  Options.withDescription(
    "File with a whole customer as JSON, - for the standard input. It is sent as it is; no other field can be given."
  ),
  Options.withPseudoName("file"),
  Options.optional
)

const dryRun = Options.boolean("dry-run").pipe(
  Options.withDescription("Show what would be sent, and send no update. Without --from the record is read.")
)

export const update = Command.make(
  "update",
  { ...shown, from: file, dryRun, fields: ChangeOptions.options, otlp: Otlp.option },
  ({ fields, from, ...target }) =>
    Effect.gen(function*() {
      const change = yield* ChangeOptions.change(fields)
      if (Option.isSome(from)) {
        if (Option.isSome(change)) return yield* usage("--from takes the whole customer: no other field can be given")
        return yield* send(target, yield* CustomerInput.read(from.value))
      }
      if (Option.isNone(change)) return yield* usage("Nothing to change: give a field, --clear or --from. See --help")
      yield* modify(target, change.value)
    }).pipe(whenInterrupted(unsent))
).pipe(
  Command.withDescription(
    "Changes fields of a customer. With options the record is read and only what changes is sent with what Trustly requires; " +
      "with --from a whole customer is sent. Secrets come in with --from only."
  )
)
