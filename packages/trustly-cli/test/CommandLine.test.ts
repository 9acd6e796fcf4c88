import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Ref } from "effect"
import { type CustomerChange, CustomerFields } from "effect-trustly"
import * as ChangeOptions from "../src/ChangeOptions.ts"
import * as CommandLine from "../src/CommandLine.ts"
import * as Output from "../src/Output.ts"
import * as Program from "../src/Program.ts"
import { printed, refused } from "./commands.ts"

const refusals: ReadonlyArray<readonly [args: ReadonlyArray<string>, line: RegExp]> = [
  [["nonsense"], /^Unknown command\. See trustly-customers --help$/],
  [["udpate", "1"], /^Unknown command\. Did you mean update\? See/],
  [["--wizard"], /^Unknown option\. See/],
  [["get"], /^<customerId> is missing\. See trustly-customers get --help$/],
  [["get", "--sentinel"], /^Unknown option --sentinel\. See/],
  [["get", ""], /^<customerId> is missing/],
  [["get", "1", "sentinel"], /^There is an argument too many\. Put quotes/],
  [["get", "1", "--JSON"], /^Unknown option --JSON\. Did you mean --json\?/],
  [["get", "1", "--json=true"], /^--json takes no value/],
  [["get", "1", "-x"], /^Unknown option -x\. See/],
  [["get", "-x", "1"], /^Unknown option -x\. See/],
  [["get", "1", "--jsno"], /^Unknown option --jsno\. Did you mean --json\?/],
  [["update", "1"], /^Nothing to change/],
  [["update", "1", "--vpi", "2"], /^Unknown option --vpi\. Did you mean --vip\? See trustly-customers update --help$/],
  [["update", "1", "--foo=sentinel"], /^Unknown option --foo\./],
  [["update", "1", "--tax-id", "sentinel"], /^Unknown option --tax-id\./],
  [["update", "1", "--name"], /^--name needs a value/],
  [["update", "1", "--name", "a", "--name", "sentinel"], /^--name is given twice/],
  [
    ["update", "1", "--city", "--dry-run"],
    /^--city needs a value\. Write one that starts with "-" as --city=<value>\. See/
  ],
  [["update", "1", "--set", "--dry-run"], /^--set needs a value/],
  [["update", "1", "--phone", "-sentinel"], /^--phone needs a value/],
  [["import", "a.csv", "--limit", "--check"], /^--limit needs a value/],
  [["update", "1", "--clear"], /^--clear needs a value/],
  [["update", "1", "--vip", "2", "--clear="], /^--clear: unknown field/],
  [["update", "1", "--clear", "sentinel"], /^--clear: unknown field\. Known fields: .*address\.city/],
  [["update", "1", "--clear", "city"], /^--clear: unknown field\. Did you mean address\.city\?/],
  [["update", "1", "--clear", "adress.zip"], /^--clear: unknown field\. Did you mean address\.zip\?/],
  [["update", "1", "--clear", "name"], /^--clear name: Trustly requires this field, so it cannot be cleared$/],
  [["update", "1", "--clear", "vip", "--vip", "2"], /another option changes vip too$/],
  [["update", "1", "--clear", "address.city", "--city", "sentinel"], /another option changes address\.city too$/],
  [
    ["update", "1", "--set", "address.city=sentinel", "--city", "sentinel"],
    /another option changes address\.city too$/
  ],
  [["update", "1", "--set", "sentinel"], /^--set: expected <field>=<value>/],
  [["update", "1", "--set", "addres.city=sentinel"], /^--set: unknown field\. Did you mean address\.city\?/],
  [["update", "1", "--set", "taxId=sentinel"], /^--set taxId: secrets come in with --from only/],
  [["update", "1", "--set", "driverLicense.number=sentinel"], /^--set driverLicense\.number: secrets come in with/],
  [["update", "1", "--zip", "1"], /: address\.zip is invalid, expected .*\. No update was sent/],
  [["update", "1", "--set", "address.zip=1"], /: address\.zip is invalid, expected .*\. No update was sent/],
  [["update", "1", "--country", "sentinel"], /address\.country is invalid, expected/],
  [["update", "1", "--name="], /name is invalid, expected/],
  [["update", "1", "--enroll-date", "2026-02-30"], /^--enroll-date: expected a date/],
  [["update", "1", "--enroll-date", "sentinel"], /^--enroll-date: expected a date/],
  [["update", "1", "--enroll-date", "2026-01-31T09:30"], /^--enroll-date: expected a date/],
  [["update", "1", "--enroll-date", "20260131"], /^--enroll-date: expected a date such as 2026-01-31/],
  [["update", "1", "--enroll-date", "202601310930"], /^--enroll-date: expected a date such as 2026-01-31/],
  [["update", "1", "--enroll-date", "45688"], /^--enroll-date: expected a date/],
  [["update", "1", "--set", "enrollDate=1767225600"], /^--set enrollDate: expected a date/],
  [["update", "1", "--custom-data", "sentinel"], /^--custom-data: expected a JSON object/],
  [["update", "1", "--custom-data", "[\"sentinel\"]"], /^--custom-data: expected a JSON object/],
  [["update", "1", "--custom-data", "{\"a\":".repeat(10_000) + "1" + "}".repeat(10_000)], /^--custom-data: expected/],
  [["update", "1", "--from", "x", "--vip", "2"], /^--from sends a whole customer/],
  [["update", "1", "--from", "x", "--clear", "vip"], /^--from sends a whole customer/],
  [["import", "a.csv", "--format", "sentinel"], /^--format: expected one of ndjson, csv/],
  [["import", "a.csv", "--rate", "sentinel"], /^--rate: expected a number and a time/],
  [["import", "a.csv", "--rate", "0/s"], /^--rate: expected a number and a time/],
  [["import", "a.csv", "--concurrency", "0"], /^--concurrency: expected a whole number from 1 to 1000/],
  [["import", "a.csv", "--limit", "0"], /^--limit: expected a whole number from 1/]
]

describe("a command line is refused in one line, with status 2, and without its values", () => {
  for (const [args, line] of refusals) {
    it.effect(args.join(" ").slice(0, 100), () =>
      Effect.gen(function*() {
        const { message, status } = yield* refused(args)
        assert.match(message, line)
        assert.notMatch(message.replace("--sentinel", ""), /\n|sentinel/)
        assert.strictEqual(status, 2)
      }))
  }
})

/** The change that options of `update` describe. */
const changeOf = (...args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const change = yield* Ref.make<Option.Option<CustomerChange>>(Option.none())
    const update = CommandLine.makeCommand({
      name: "update",
      summary: "",
      description: [],
      groups: [{ title: "", options: [...ChangeOptions.options, ...ChangeOptions.fieldOptions] }],
      examples: [],
      run: (given) => Effect.flatMap(ChangeOptions.read(given), (found) => Ref.set(change, found))
    })
    const program = { name: "test", version: "", description: "", sections: [], commands: [update] }
    yield* CommandLine.run(program, ["update", ...args], () => Effect.void)
    return Option.getOrUndefined(yield* Ref.get(change))
  })

/** Whether an option of its own sets the field. Secrets come in by --from only, and a driver's license has one. */
const hasOption = ({ isReadOnly, kind, path }: CustomerFields.Field): boolean =>
  !isReadOnly && kind !== "Group" && kind !== "Secret" && !path.startsWith("driverLicense.") && path !== "customerId"

describe("the options of update", () => {
  it.effect("keep values as they were typed, whatever they look like", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* changeOf(
          "--name= A=B ",
          "--phone=-5",
          "--balance=",
          "--address2=--x",
          "--city",
          "-",
          "--set",
          "personId=a=b"
        ),
        { name: " A=B ", phone: "-5", balance: "", personId: "a=b", address: { address2: "--x", city: "-" } }
      )
      assert.strictEqual((yield* Effect.flip(changeOf("--city", "")))._tag, "TrustlyValidationError")
    }))

  it.effect("name a field in the same way, whether they set or clear it", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* changeOf("--set", "address.city=Reno", "--clear", "address.zip"), {
        address: { city: "Reno", zip: null }
      })
      assert.deepStrictEqual(yield* changeOf("--set", "vip=2"), yield* changeOf("--vip", "2"))
    }))

  it.effect("set each field of the library's table that is not a secret, and clear each one that can be cleared", () =>
    Effect.gen(function*() {
      const help = yield* printed("update", "--help")
      for (const { path } of CustomerFields.all.filter(hasOption)) {
        const option = path.replace(/^.*\./, "").replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
        assert.match(help, new RegExp(`^ {2}--${option} <value>\\s+${path}:`, "m"))
        // some fields refuse an empty text, but none is unknown
        for (const args of [["--set", `${path}=`], [`--${option}=`]]) {
          const outcome = yield* Effect.either(changeOf(...args))
          if (outcome._tag === "Left") assert.notMatch(outcome.left.message, /[Uu]nknown/, path)
        }
      }
      for (const { path } of CustomerFields.all.filter(({ isClearable }) => isClearable)) {
        assert.isDefined(yield* changeOf("--clear", path), path)
      }
    }))

  it.effect("send a tier as a number only if it reads back as the same text", () =>
    Effect.gen(function*() {
      const texts = ["2", "0", "02", "1e3", "9007199254740993", "Gold"]
      const changes = yield* Effect.forEach(texts, (vip) => changeOf("--vip", vip))
      assert.deepStrictEqual(changes.map((change) => change?.vip), [2, 0, "02", "1e3", "9007199254740993", "Gold"])
    }))

  it.effect("clear fields of the record and of its address", () =>
    Effect.gen(function*() {
      const change = yield* changeOf("--clear", "taxId", "--clear=address.zip", "--state", "NV", "--clear", "taxId")
      assert.deepStrictEqual(change, { taxId: null, address: { zip: null, state: "NV" } })
    }))

  it.effect("describe no change if there are none", () =>
    Effect.map(changeOf(), (change) => assert.isUndefined(change)))
})

describe("help", () => {
  const commands = ["get", "update", "import"]

  it.effect("of the program names every command, exit status, and environment variable", () =>
    Effect.gen(function*() {
      const text = yield* printed("--help")
      for (const command of [...commands, "sandbox"]) assert.match(text, new RegExp(`^  ${command} +[A-Z].{20,}$`, "m"))
      for (const name of ["Exit status", "TRUSTLY_RETRY_TIMES", "HTTPS_PROXY", "NO_PROXY"]) assert.include(text, name)
      assert.strictEqual(yield* printed(), text)
    }))

  for (const command of commands) {
    it.effect(`of ${command} fits into two screens of 80 columns, with an example`, () =>
      Effect.gen(function*() {
        const lines = (yield* printed(command, "--help")).split("\n")
        assert.isAtMost(lines.length, 2 * 35)
        assert.isAtMost(Math.max(...lines.map((line) => line.length)), 80)
        assert.isTrue(lines.some((line) => line.startsWith(`  trustly-customers ${command}`)))
        assert.strictEqual(yield* printed(command, "1", "-h"), lines.join("\n"))
      }))
  }

  it.effect("states defaults, and offers no option for a secret", () =>
    Effect.gen(function*() {
      assert.match(yield* printed("import", "--help"), /--concurrency <number>[^-]+Default: 16\./)
      const update = yield* printed("update", "--help")
      assert.match(update, /--set <field>=<value>/)
      assert.notMatch(update, /--tax-id|--national-id|--date-of-birth|--driver-license/)
    }))

  it.effect("is not what --version prints", () =>
    Effect.map(printed("--version"), (text) => assert.strictEqual(text.trim(), Program.info.version)))
})

it("escapes control characters of an option that it names", () => {
  assert.strictEqual(Output.escapeControls("--a\u001b[2J"), "--a\\u001b[2J")
})
