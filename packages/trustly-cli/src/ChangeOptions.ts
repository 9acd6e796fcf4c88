/** The fields of a change as options of the command line: all but the four secrets, which would end up in process lists. */
import * as Options from "@effect/cli/Options"
import type { TrustlyValidationError } from "effect-trustly"
import { CustomerChange } from "effect-trustly"
import * as Effect from "effect/Effect"
import { pipe } from "effect/Function"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as AST from "effect/SchemaAST"
import * as String from "effect/String"
import * as Arguments from "./Arguments.ts"
import * as CustomerInput from "./CustomerInput.ts"
import type { Wire } from "./CustomerView.ts"
import * as FieldText from "./FieldText.ts"
import type { Problem } from "./Problem.ts"
import { usage } from "./Problem.ts"

const properties = (ast: AST.AST) =>
  new Map(AST.getPropertySignatures(ast).map((property) => [property.name, property]))

const ofCustomer = properties(CustomerChange.ast)
const ofAddress = properties(ofCustomer.get("address")?.type ?? AST.neverKeyword)

/** What a field means, in the words of the library's schema. */
const meaning = (name: string): string =>
  pipe(
    Option.fromNullable(ofCustomer.get(name) ?? ofAddress.get(name)),
    Option.flatMap(AST.getDescriptionAnnotation),
    Option.getOrElse(() => name)
  )

const option = (name: string, format = ""): Options.Options<Option.Option<string>> =>
  Options.text(pipe(name, String.camelToSnake, String.snakeToKebab)).pipe(
    Options.withDescription(`${meaning(name)}${format === "" ? "" : `; ${format}`}.`),
    Options.withPseudoName("text"),
    Options.optional
  )

const addressOptions = {
  address1: option("address1"),
  address2: option("address2"),
  city: option("city"),
  state: option("state"),
  zip: option("zip"),
  country: option("country")
}

const textOptions = {
  name: option("name"),
  email: option("email"),
  phone: option("phone"),
  organizationNumber: option("organizationNumber"),
  currency: option("currency"),
  balance: option("balance"),
  externalTier: option("externalTier"),
  personId: option("personId"),
  externalId: option("externalId"),
  merchantId: option("merchantId")
}

const removable = [
  "taxId",
  "nationalId",
  "dateOfBirth",
  "driverLicense",
  "organizationNumber",
  "currency",
  "balance",
  "vip",
  "externalTier",
  "enrollDate",
  "customData",
  "personId",
  "externalId",
  "merchantId",
  "address.address1",
  "address.address2",
  "address.city",
  "address.state",
  "address.zip"
] as const

export const options = {
  texts: textOptions,
  lines: addressOptions,
  vip: option("vip", "a whole number is sent as a number"),
  enrollDate: option("enrollDate", "as 2026-01-31 or 2026-01-31T09:30:00Z"),
  customData: option("customData", "replaces what is stored"),
  clear: Options.choice(Arguments.repeatable.clear, removable).pipe(
    Options.withDescription("Field to remove from the record."),
    Options.repeated
  )
}

type Given<Fields> = { readonly [K in keyof Fields]: Option.Option<string> }

interface Parsed {
  readonly texts: Given<typeof textOptions>
  readonly lines: Given<typeof addressOptions>
  readonly vip: Option.Option<string>
  readonly enrollDate: Option.Option<string>
  readonly customData: Option.Option<string>
  readonly clear: ReadonlyArray<typeof removable[number]>
}

const parsed = <A>(
  name: string,
  text: Option.Option<string>,
  parse: (text: string) => Option.Option<A>,
  expected: string
): Effect.Effect<{ readonly [name: string]: A }, Problem> =>
  Option.match(text, {
    onNone: () => Effect.succeed({}),
    onSome: (given) =>
      Option.match(parse(given), {
        onNone: () => Effect.fail(usage(`--${String.snakeToKebab(String.camelToSnake(name))}: expected ${expected}`)),
        onSome: (value) => Effect.succeed({ [name]: value })
      })
  })

const decode = CustomerInput.decoder("modify", CustomerChange)

/** The change that the options ask for, or none where they ask for nothing. */
export const change = (
  { clear, customData, enrollDate, lines, texts, vip }: Parsed
): Effect.Effect<Option.Option<CustomerChange>, Problem | TrustlyValidationError> =>
  Effect.gen(function*() {
    const set: Wire = {
      ...Record.getSomes(texts),
      ...Record.getSomes({ vip: Option.map(vip, FieldText.tier) }),
      ...yield* parsed(
        "enrollDate",
        enrollDate,
        FieldText.instant,
        "a date such as 2026-01-31 or 2026-01-31T09:30:00Z"
      ),
      ...yield* parsed("customData", customData, FieldText.object, "a JSON object")
    }
    const address: Wire = Record.getSomes(lines)
    const isSet = (field: string) => field in set || (field.startsWith("address.") && field.slice(8) in address)
    const contradicted = clear.find(isSet)
    if (contradicted !== undefined) {
      return yield* usage(`--clear ${contradicted}: the same field is set by another option`)
    }

    const cleared = (isLine: boolean) =>
      Object.fromEntries(
        clear.filter((field) => field.startsWith("address.") === isLine).map((field) => [
          field.replace("address.", ""),
          null
        ])
      )
    const whole = { ...address, ...cleared(true) }
    const wire: Wire = { ...set, ...cleared(false), ...(Record.isEmptyRecord(whole) ? {} : { address: whole }) }
    return Record.isEmptyRecord(wire) ? Option.none() : Option.some(yield* decode(wire))
  })
