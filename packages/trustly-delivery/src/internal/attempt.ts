/** One delivery attempt: decrypts the stored change and sends it. */
import type { CustomerService } from "effect-trustly"
import { CustomerBatch } from "effect-trustly"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Change } from "../CustomerDelivery.ts"
import { PayloadUnreadable, UnexpectedDefect } from "../DeliveryError.ts"
import type { AttemptError } from "../DeliveryStatus.ts"
import type { Keyring } from "./keyring.ts"
import type { Lease } from "./lanes.ts"
import type { Head } from "./outbox.ts"
import * as Trace from "./trace.ts"

const parseJson = Schema.decodeUnknownEither(Schema.parseJson())

const undecodable = () => new PayloadUnreadable({ reason: "Decode" })

const readChange = (keyring: Keyring, head: Head): Either.Either<Change, PayloadUnreadable> =>
  Either.gen(function*() {
    if (!keyring.has(head.keyId)) return yield* Either.left(new PayloadUnreadable({ reason: "KeyMissing" }))
    const text = yield* Either.fromOption(
      keyring.decrypt(head, head.keyId, head.payload),
      () => new PayloadUnreadable({ reason: "Decrypt" })
    )
    const command = yield* Either.mapLeft(Either.flatMap(parseJson(text), CustomerBatch.decode), undecodable)
    return "customerId" in command && command.customerId === head.customerId
      ? command
      : yield* Either.left(undecodable())
  })

const send = (customers: CustomerService.Service, change: Change, lease: Lease): Effect.Effect<unknown, AttemptError> =>
  "update" in change
    ? customers.update(change.customerId, change.update)
    // another process may have taken over the lane between the read and the write of `modify`
    : customers.modify(
      change.customerId,
      () => Effect.flatMap(lease.isCurrent, (isCurrent) => isCurrent ? Effect.succeed(change.change) : Effect.interrupt)
    )

/**
 * Returns the error of the attempt, or none if the change was delivered. Never fails, and can be interrupted. The span records
 * only the error's tag, because the error's message can contain the customer id.
 */
export const run = ({ customers, head, keyring, lease }: {
  readonly customers: CustomerService.Service
  readonly head: Head
  readonly keyring: Keyring
  readonly lease: Lease
}): Effect.Effect<Option.Option<AttemptError>> => {
  const parent = Option.getOrUndefined(Option.flatMap(Option.fromNullable(head.trace), Trace.parse))
  return Effect.flatMap(
    readChange(keyring, head),
    (change) =>
      Effect.catchAllDefect(
        Effect.suspend(() => send(customers, change, lease)),
        () => Effect.fail(new UnexpectedDefect())
      )
  ).pipe(
    Effect.as(Option.none()),
    Effect.catchAll((error) => Effect.as(Effect.annotateCurrentSpan("error.type", error._tag), Option.some(error))),
    Effect.withSpan("CustomerDelivery.deliver", {
      parent,
      root: parent === undefined,
      captureStackTrace: false,
      attributes: { "trustly.delivery.receipt": head.receipt, "trustly.delivery.attempt": head.attempts + 1 }
    })
  )
}
