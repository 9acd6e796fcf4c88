/**
 * Plays the fault table of the tests to this library and to what people use instead, and prints how many faults each gets right,
 * how many of its errors print a credential or a customer's data, and how many lines a program writes for it.
 */
import { Array, Duration, Effect, Option, type Scope } from "effect"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { inspect } from "node:util"
import { certificates } from "../test/faults/certificates.ts"
import type { Expected, LayerName } from "../test/faults/expectations.ts"
import { listen } from "../test/faults/FaultServer.ts"
import { deadline as shortDeadline, type Scenario } from "../test/faults/Scenario.ts"
import { themes } from "../test/faults/scenarios.ts"
import { customerId, goodBody, httpResponse, onRequest, write } from "../test/faults/wire.ts"
import { axiosAndRetry } from "./compare/axios.ts"
import type { Client, Customer, Options, Result } from "./compare/client.ts"
import { fetchAndZod } from "./compare/fetch.ts"
import { httpClient } from "./compare/httpClient.ts"
import { ours } from "./compare/ours.ts"

interface Contender {
  readonly name: string
  readonly make: (options: Options) => Client
  /** The layer of ours on the same HTTP implementation: a few faults look different there. */
  readonly layer: LayerName
  /** What a program writes. */
  readonly files: ReadonlyArray<string>
}

const contenders: ReadonlyArray<Contender> = [
  { name: "effect-trustly", make: ours, layer: "undici", files: ["compare/ours.ts"] },
  {
    name: "fetch + zod",
    make: fetchAndZod,
    layer: "fetch",
    files: ["compare/fetch.ts", "compare/judge.ts", "zod.ts"]
  },
  {
    name: "axios + axios-retry + zod",
    make: axiosAndRetry,
    layer: "node",
    files: ["compare/axios.ts", "compare/judge.ts", "zod.ts"]
  },
  {
    name: "HttpClient + Schema",
    make: httpClient,
    layer: "undici",
    files: ["compare/httpClient.ts", "compare/judge.ts", "compare/schemas.ts"]
  }
]

const accessId = "access-id"
const accessKey = "sentinel-access-key"

const customer: Customer = {
  name: "sentinel-name",
  email: "sentinel-email@example.test",
  phone: "sentinel-phone",
  address: {
    address1: "sentinel-street",
    city: "sentinel-city",
    state: "sentinel-state",
    zip: "sentinel-zip",
    country: "US"
  },
  taxId: "sentinel-tax-id"
}

const secrets = [
  accessKey,
  Buffer.from(`${accessId}:${accessKey}`).toString("base64"),
  ...JSON.stringify(customer).match(/sentinel-[\w@.-]+/g) ?? []
]

/** What a log line, an error tracker, or a debugger can print of an error. */
const printsOf = (error: unknown): string => {
  const prints = [
    () => String(error),
    () => JSON.stringify(error),
    () => inspect(error, { depth: 20, showHidden: true })
  ]
  return prints.map((print) => Option.getOrElse(Option.liftThrowable(print)(), () => "")).join("\n")
}

const hasFields = (value: object, fields: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(fields).every(([name, field]) => Reflect.get(value, name) === field)

const matches = (result: Result) => (expected: Expected): boolean => {
  if (result._tag === "Updated") return expected._tag === "Success" && hasFields(result.customer, expected.fields)
  return expected._tag === "Failure" && expected.outcome === result.outcome && expected.isRetryable === result.retry
}

/** A fault without a deadline of its own should not reach this one. */
const patience = Duration.seconds(20)

interface Row {
  readonly isRight: boolean
  readonly leaked: ReadonlyArray<string>
}

const good = onRequest(write(httpResponse(200, goodBody)))

const play = (scenario: Scenario, { layer, make }: Contender): Effect.Effect<Row, never, Scope.Scope> =>
  Effect.gen(function*() {
    const { plays = onRequest() } = scenario
    const other = yield* listen({ plays: good })
    const server = yield* listen({
      plays: typeof plays === "function" ? (self) => plays({ self, other: other.port }) : plays,
      ...(scenario.tls === undefined ? {} : { tls: scenario.tls }),
      ...(scenario.neverReads === undefined ? {} : { neverReads: scenario.neverReads })
    })
    const scheme = scenario.tls === undefined ? "http" : "https"
    const url = scenario.url?.({ self: server.port, other: other.port }) ?? `${scheme}://127.0.0.1:${server.port}`
    const deadline = scenario.expires === true ? Duration.millis(shortDeadline) : patience
    const client = yield* Effect.acquireRelease(
      Effect.sync(() =>
        make({
          baseUrl: `${url}/api/v1`,
          accessId,
          accessKey,
          timeout: Duration.toMillis(deadline),
          maxResponseBytes: scenario.maxResponseBytes ?? 2 ** 20
        })
      ),
      ({ close }) => Effect.promise(close)
    )
    const sent = scenario.customData === undefined
      ? customer
      : { ...customer, customData: scenario.customData }
    const result = yield* Effect.tryPromise(() => client.update(customerId, sent)).pipe(
      // a call that does not end soon after its deadline hangs
      Effect.timeout(Duration.sum(deadline, "5 seconds")),
      Effect.option
    )
    const isClean = Option.isSome(Option.liftThrowable(() => scenario.afterwards?.())())
    const expected = scenario.on?.[layer] ?? scenario.expected
    const isRight = Option.exists(result, (it) => expected.some(matches(it))) && isClean &&
      other.connections.length === 0
    const printed = Option.match(result, {
      onNone: () => "",
      onSome: (it) => it._tag === "Failed" ? printsOf(it.error) : ""
    })
    return { isRight, leaked: secrets.filter((secret) => printed.includes(secret)) }
  })

const isCode = (line: string): boolean => !/^\s*($|\/\/|\/\*|\*|import )/.test(line)

const linesOf = ({ files }: Contender): number =>
  files.flatMap((file) => readFileSync(`packages/trustly/bench/${file}`, "utf8").split("\n")).filter(isCode).length

// exceptions that no caller can catch: they end a process that does not listen for them
let uncaught = 0
process.on("uncaughtException", () => uncaught++)

const compare = (contender: Contender, rows: ReadonlyArray<Scenario>) =>
  Effect.gen(function*() {
    // the first calls load and compile what the later ones use, which no deadline should pay for
    const warmUp: Scenario = { name: "no fault", plays: good, expected: [] }
    yield* Effect.repeatN(Effect.scoped(play(warmUp, contender)), 20)
    uncaught = 0
    const played = yield* Effect.forEach(rows, (scenario) => Effect.scoped(play(scenario, contender)), {
      concurrency: 4
    })
    const right = played.filter(({ isRight }) => isRight).length
    const printing = played.filter(({ leaked }) => leaked.length > 0).length
    const values = Array.dedupe(played.flatMap(({ leaked }) => leaked)).length
    const wrong = rows.filter((_, at) => played[at]?.isRight !== true).map(({ name }) => name)
    process.stderr.write(`${contender.name}: ${right} of ${rows.length}\n`)
    return { name: contender.name, right, printing, values, uncaught, lines: linesOf(contender), wrong }
  })

const program = Effect.gen(function*() {
  // those that trust an authority of their own are a matter of set-up, not of the fault
  const rows = Object.values(themes(certificates)).flat().filter(({ trusts }) => trusts !== true)
  const results = yield* Effect.forEach(contenders, (contender) => compare(contender, rows))
  mkdirSync("packages/trustly/build", { recursive: true })
  writeFileSync(
    "packages/trustly/build/compare.txt",
    results.map(({ name, wrong }) => `${name}\n${wrong.map((fault) => `  ${fault}\n`).join("")}`).join("")
  )
  const cells = results.map(({ lines, name, printing, right, uncaught: crashes, values }) =>
    `| ${name} | ${right} of ${rows.length} | ${printing} | ${values} of ${secrets.length} | ${crashes} | ${lines} |`
  )
  process.stdout.write(
    [
      "| client | faults handled correctly | errors that expose a secret or personal data | values exposed | uncaught exceptions | lines to write |",
      "| --- | --- | --- | --- | --- | --- |",
      ...cells,
      ""
    ].join("\n")
  )
})

await Effect.runPromise(program)
process.exit()
