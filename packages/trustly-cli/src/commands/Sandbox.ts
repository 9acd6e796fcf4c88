import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as CommandLine from "../CommandLine.ts"

const port = CommandLine.withDefault(
  CommandLine.integer("port", { min: 0, max: 65_535, help: "Port to listen on, 0 for a free one." }),
  4000
)

const host = CommandLine.withDefault(
  CommandLine.text("host", "address", "Address to listen on. Other machines cannot reach the default."),
  "127.0.0.1"
)

const seed = CommandLine.withDefault(
  CommandLine.integer("seed", {
    min: 0,
    max: 10_000,
    help: "Number of invented customers, besides the two of Trustly's documentation."
  }),
  0
)

const accessId = CommandLine.withDefault(
  CommandLine.value("access-id", {
    placeholder: "name",
    help: "Access id that the sandbox accepts.",
    parse: (text) => Option.filter(Option.some(text), (id) => /^[\w.@-]+$/.test(id)),
    expected: "letters, digits, and . _ - @ only"
  }),
  "sandbox"
)

const faults = CommandLine.repeated(
  "fault",
  "rule",
  "Make requests fail. One of status=503 (also retry-after=1), delay=200 (milliseconds), silence, reset, reset=body, malformed. " +
    "Then, separated by commas: operation=update (get, find, createOrUpdate), customer=1001165729, how often by next=2 " +
    "(default: 1), every=3, or share=0.2, and applied to apply the write before failing. Repeatable."
)

export const sandbox = CommandLine.makeCommand({
  name: "sandbox",
  summary: "Run a local Trustly to try the other commands against.",
  description: ["Runs a local Trustly until it is stopped, and prints how to use it. It needs no credentials."],
  groups: [{ title: "Options", options: [port, host, seed, accessId, faults] }],
  examples: ["sandbox --port 4000 --seed 50", "sandbox --fault status=503,operation=update,next=2"],
  run: (given) =>
    Effect.gen(function*() {
      const options = yield* Effect.all({
        port: given.get(port),
        host: given.get(host),
        seed: given.get(seed),
        accessId: given.get(accessId),
        faults: given.get(faults)
      })
      // loaded only here: the other commands start faster without it
      const server = yield* Effect.promise(() => import("../SandboxServer.ts"))
      yield* server.run(options)
    })
})
