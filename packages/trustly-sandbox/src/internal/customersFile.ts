/** Customers that a sandbox starts with, as NDJSON: one customer as wire JSON per line. */
import { CustomerRecord, issuesOf } from "effect-trustly"
import type { TrustlyModel } from "effect-trustly/testing"
import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isUtf8 } from "node:buffer"
import { maxCustomers } from "./customerStore.ts"
import { describeIssue } from "./issues.ts"
import * as Json from "./json.ts"

const CustomerId = Schema.String.pipe(
  // the client library refuses to send any other identifier
  Schema.pattern(/^(?!\.{1,2}$)[^\s/\\?#%]{1,128}$/u, {
    description: "1 to 128 characters without white space and / \\ ? # %"
  })
)

const StoredCustomer = Schema.Struct({ ...CustomerRecord.fields, customerId: CustomerId })
const decode = Schema.decodeUnknownEither(StoredCustomer, { errors: "all" })
const encode = Schema.encodeEither(StoredCustomer)

const invalidJson = `expected JSON, nested at most ${Json.maxDepth} levels deep`

/** A customer as wire JSON without unknown fields, which Trustly may add, or what is wrong with it, without its values. */
export const validate = (value: unknown): Either.Either<TrustlyModel.WireCustomer, string> =>
  Option.flatMap(Json.stringifyExactly(value), Json.parse).pipe(
    Either.fromOption(() => `${invalidJson}, with finite numbers`),
    Either.flatMap((json) =>
      Either.mapLeft(
        Either.flatMap(decode(json), encode),
        (error) => issuesOf(error).map(describeIssue("customer")).join("; ")
      )
    )
  )

const decodeText = (bytes: Buffer): Either.Either<string, string> =>
  isUtf8(bytes) ? Either.right(bytes.toString("utf8")) : Either.left("expected UTF-8")

/** The lines of a file, without those that are blank, by their numbers. */
const linesOf = (file: Uint8Array): ReadonlyArray<{ readonly number: number; readonly bytes: Buffer }> =>
  // Latin-1 keeps the bytes of a line as they are
  Buffer.from(file).toString("latin1").replace(/^\xEF\xBB\xBF/, "").split(/\r?\n/)
    .map((line, index) => ({ number: index + 1, bytes: Buffer.from(line, "latin1") }))
    .filter(({ bytes }) => bytes.toString("utf8").trim() !== "")

/** The customers of a file, or one problem per bad line: its number and what is wrong, without its values. */
export const parse = (
  file: Uint8Array
): Either.Either<ReadonlyArray<TrustlyModel.WireCustomer>, ReadonlyArray<string>> => {
  const lineOfId = new Map<string, number>()
  const checkId = (
    customer: TrustlyModel.WireCustomer,
    line: number
  ): Either.Either<TrustlyModel.WireCustomer, string> => {
    const first = lineOfId.get(customer.customerId)
    if (first !== undefined) return Either.left(`customerId: line ${first} has the same one`)
    lineOfId.set(customer.customerId, line)
    return Either.right(customer)
  }
  const parseLine = (bytes: Buffer, line: number): Either.Either<TrustlyModel.WireCustomer, string> =>
    decodeText(bytes).pipe(
      Either.flatMap((json) => Either.fromOption(Json.parse(json), () => invalidJson)),
      Either.flatMap(validate),
      Either.flatMap((customer) => checkId(customer, line)),
      Either.mapLeft((problem) => `line ${line}: ${problem}`)
    )
  const [problems, customers] = Arr.separate(linesOf(file).map(({ bytes, number }) => parseLine(bytes, number)))
  if (problems.length > 0) return Either.left(problems)
  return customers.length > maxCustomers
    ? Either.left([`expected at most ${maxCustomers.toLocaleString("en")} customers`])
    : Either.right(customers)
}
