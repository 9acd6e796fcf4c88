import * as Command from "@effect/cli/Command"
import { assert, describe, it } from "@effect/vitest"
import type { Console } from "effect"
import { Effect, Option, Ref } from "effect"
import type { CustomerChange } from "effect-trustly"
import { CustomerService } from "effect-trustly"
import * as Arguments from "../src/Arguments.ts"
import * as ChangeOptions from "../src/ChangeOptions.ts"
import { faults } from "../src/FaultOption.ts"
import * as Program from "../src/Program.ts"
import { all, environment, parse, refused } from "./commands.ts"

const lines: ReadonlyArray<readonly [args: ReadonlyArray<string>, line: RegExp]> = [
  [["nonsense"], /^Invalid subcommand for customer-updates - use one of 'get', 'update', 'import', 'sandbox', 'demo'/],
  [["get"], /^Missing argument <customerId>/],
  [["get", "--sentinel"], /^Missing argument <customerId>/],
  [["get", "1", "sentinel"], /^An argument was not expected/],
  [["get", "1", "--JSON"], /^--JSON is not known/],
  [["get", "1", "-x"], /^An argument was not expected/],
  [["get", "-x", "1"], /^Missing argument/],
  [["update", "1"], /^Nothing to change/],
  [["update", "1", "--foo=sentinel"], /^--foo is not known here/],
  [["update", "1", "--tax-id", "sentinel"], /^--tax-id is not known here/],
  [["update", "1", "--name"], /^--name is not known here, is given twice, or lacks its value/],
  [["update", "1", "--name", "a", "--name", "sentinel"], /^--name is not known here, is given twice/],
  [["update", "1", "--clear"], /^Expected a value following option: '--clear'/],
  [["update", "1", "--vip", "2", "--clear="], /^Expected a value following option: '--clear'/],
  [["update", "1", "--clear", "sentinel"], /^Expected one of the following cases: taxId, /],
  [["update", "1", "--clear", "name"], /^Expected one of the following cases: taxId, /],
  [["update", "1", "--clear", "vip", "--vip", "2"], /^--clear vip: the same field is set by another option/],
  [["update", "1", "--clear", "address.city", "--city", "sentinel"], /^--clear address\.city: the same field/],
  [
    ["update", "1", "--zip", "1"],
    /: address\.zip is invalid, expected a text of 5 characters or more or null\. No update was sent/
  ],
  [["update", "1", "--country", "sentinel"], /address\.country is invalid, expected two letters A to Z/],
  [["update", "1", "--name="], /name is invalid, expected a text that is not empty/],
  [["update", "1", "--enroll-date", "2026-02-30"], /^--enroll-date: expected a date/],
  [["update", "1", "--enroll-date", "sentinel"], /^--enroll-date: expected a date/],
  [["update", "1", "--enroll-date", "2026-01-31T09:30"], /^--enroll-date: expected a date/],
  [["update", "1", "--custom-data", "sentinel"], /^--custom-data: expected a JSON object/],
  [["update", "1", "--custom-data", "[\"sentinel\"]"], /^--custom-data: expected a JSON object/],
  [["update", "1", "--from", "x", "--vip", "2"], /^--from takes the whole customer/],
  [["update", "1", "--from", "x", "--clear", "vip"], /^--from takes the whole customer/],
  [["sandbox", "--port", "sentinel"], /^--port: expected a whole number up to 65535/],
  [["sandbox", "--port", "65536"], /^--port: expected a whole number up to 65535/],
  [["sandbox", "--seed", "-1"], /^--seed: expected a whole number/],
  [["sandbox", "--seed", "10001"], /^--seed: expected a whole number up to 10000/],
  [["sandbox", "--access-id", "a:b"], /^--access-id: expected letters/],
  [["sandbox", "--fault", "nonsense"], /^--fault: expected words out of status, /],
  [["sandbox", "--fault", "next=2"], /^--fault: expected one of status, delay, /],
  [["sandbox", "--fault", "status=503,delay=1"], /^--fault: expected one of status, delay, /],
  [["sandbox", "--fault", "delay=1,delay=2"], /^--fault: delay is given twice/],
  [["sandbox", "--fault", "silence=1"], /^--fault: silence takes no value/],
  [["sandbox", "--fault", "silence,retry-after=1"], /^--fault: not a rule/],
  [["sandbox", "--fault", "status="], /^--fault: not a rule/],
  [["sandbox", "--fault", "silence,next=1,every=2"], /^--fault: not a rule/]
]

describe("a command line that cannot be followed", () => {
  for (const [args, line] of lines) {
    it.effect(args.join(" "), () =>
      Effect.gen(function*() {
        const { message, status } = yield* refused(args)
        assert.match(message, line)
        assert.notMatch(message, /\n|sentinel/)
        assert.strictEqual(status, 2)
      }))
  }
})

const asked = (...args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const change = yield* Ref.make<Option.Option<CustomerChange>>(Option.none())
    const command = Command.make("update", { fields: ChangeOptions.options }, ({ fields }) =>
      Effect.flatMap(ChangeOptions.change(fields), (found) =>
        Ref.set(change, found)))
    yield* parse(command, args, CustomerService.layerTest())
    return Option.getOrUndefined(yield* Ref.get(change))
  })

describe("what the options of update ask for", () => {
  it.effect("values as they were typed, whatever they look like", () =>
    Effect.gen(function*() {
      const change = yield* asked("--name= A=B ", "--phone", "-5", "--address2", "--city", "--city", "", "--balance=")
        .pipe(Effect.either)
      // an empty city is refused by the schema: the value did arrive
      assert.strictEqual(change._tag, "Left")
      assert.deepStrictEqual(yield* asked("--name= A=B ", "--phone", "-5", "--balance=", "--address2", "--x"), {
        name: " A=B ",
        phone: "-5",
        balance: "",
        address: { address2: "--x" }
      })
    }))

  it.effect("a tier is a number where that is the same", () =>
    Effect.gen(function*() {
      const tiers = yield* Effect.forEach(["2", "0", "02", "1e3", "9007199254740993", "Gold"], (vip) =>
        asked("--vip", vip))
      assert.deepStrictEqual(
        tiers.map((change) =>
          change?.vip
        ),
        [2, 0, "02", "1e3", "9007199254740993", "Gold"]
      )
    }))

  it.effect("fields to remove, on the record and in its address", () =>
    Effect.gen(function*() {
      const change = yield* asked("--clear", "taxId", "--clear=address.zip", "--state", "NV", "--clear", "taxId")
      assert.deepStrictEqual(change, { taxId: null, address: { zip: null, state: "NV" } })
    }))

  it.effect("nothing", () =>
    Effect.gen(function*() {
      assert.isUndefined(yield* asked())
    }))
})

const rules = (...forms: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const read = yield* Ref.make<ReadonlyArray<unknown>>([])
    const command = Command.make("sandbox", { faults }, ({ faults: found }) => Ref.set(read, found))
    yield* parse(command, forms.flatMap((form) => ["--fault", form]), CustomerService.layerTest())
    return yield* Ref.get(read)
  })

describe("the short form of a fault", () => {
  it.effect("becomes a rule", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* rules(
          "status=503,retry-after=1,next=2",
          "delay=200,customer=1001165729",
          "silence,operation=update",
          "reset,every=3",
          "reset=body,applied",
          "malformed,share=0.2"
        ),
        [
          { fault: { _tag: "Status", status: 503, retryAfter: 1 }, times: 2 },
          { fault: { _tag: "Delay", millis: 200 }, customerId: "1001165729" },
          { fault: { _tag: "Silence" }, operation: "update" },
          { fault: { _tag: "Reset" }, every: 3 },
          { fault: { _tag: "Reset", where: "body" }, applied: true },
          { fault: { _tag: "Malformed" }, share: 0.2 }
        ]
      )
      assert.deepStrictEqual(yield* rules(), [])
    }))
})

const printed = (...args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const text = yield* Ref.make("")
    const console = yield* Effect.console
    const capture: Console.Console = {
      ...console,
      log: (...parts) => Ref.update(text, (before) => `${before}${parts.join(" ")}\n`)
    }
    const program = Effect.flatMap(Arguments.prepare(["node", "main", ...args]), Command.run(all, Program.info))
    yield* Effect.withConsole(Program.reported(program), capture).pipe(
      Effect.provide([environment, CustomerService.layerTest()])
    )
    return yield* Ref.get(text)
  })

describe("help", () => {
  it.effect("names every command in a line", () =>
    Effect.gen(function*() {
      const text = yield* printed("--help")
      for (const command of ["get", "update", "import", "sandbox", "demo"]) {
        assert.match(text, new RegExp(`^ {2}- ${command} +[A-Z].{20,}$`, "m"))
      }
      assert.include(text, "EXIT STATUS")
      assert.include(text, "TRUSTLY_RETRY_TIMES")
      assert.notInclude(text, "\u001b")
    }))

  it.effect("tells what each option of each command means", () =>
    Effect.gen(function*() {
      const text = (yield* Effect.forEach(["get", "update", "import", "sandbox", "demo"], (name) =>
        printed(name, "--help")))
        .join("")
      const options = text.split(/^(?=--[a-z0-9-]+|\()/m).slice(1)
      assert.isAbove(options.length, 30)
      for (const option of options) assert.match(option, /^\(?-[^\n]+\n+(?: {2}[^\n]+\n+){2,}/)
      for (
        const name of ["--from", "--dry-run", "--clear", "--address2", "--enroll-date", "--fault", "--seed", "--reveal"]
      ) {
        assert.include(text, name)
      }
      assert.notInclude(text, "--tax-id")
    }))

  it.effect("the version", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* printed("--version")).trim(), Program.info.version)
    }))
})
