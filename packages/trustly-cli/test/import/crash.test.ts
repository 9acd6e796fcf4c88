import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, it } from "@effect/vitest"
import { Array, Duration, Effect, Layer, Random, Schedule } from "effect"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { soak } from "../../../trustly/test/soak.ts"
import type { Running } from "../program.ts"
import { runWith } from "../program.ts"
import { ndjson, write } from "./files.ts"

const kills = soak({ quick: 3, whole: 20 })
const lines = soak({ quick: 300, whole: 1500 })
const customers = 50
const concurrency = 8

// the tier identifies the line
const line = (at: number) => ({
  customerId: `${1_003_000_001 + at % customers}`,
  update: { name: "Jo", email: "jo@example.com", phone: "+1", address: { country: "US" }, vip: at + 1 }
})

/** The lines that began and did not end, according to a journal. */
const open = (journal: string): ReadonlySet<number> => {
  const found = new Set<number>()
  for (const [, what, number] of journal.matchAll(/^(begin|done|failed) (\d+)\b.*\.$/gm)) {
    if (what === "begin") found.add(Number(number))
    else found.delete(Number(number))
  }
  return found
}

it.scopedLive(
  "an import that is killed again and again loses nothing, and repeats only lines that were in flight",
  () =>
    Effect.gen(function*() {
      const { fail, requests, customers: records } = yield* TrustlySandbox
      const fs = yield* FileSystem.FileSystem
      const file = yield* write("customers.ndjson", ndjson(...Array.makeBy(lines, line)))
      const args = ["import", file, "--concurrency", `${concurrency}`]
      // slow enough to be killed before the end
      yield* fail({ fault: { _tag: "Delay", millis: 30 }, every: 1 })

      const interrupted = new Set<number>()
      const killed = Effect.gen(function*() {
        const before = (yield* requests).length
        let running: Running | undefined
        const run = yield* Effect.fork(runWith(args, {
          onStart: (process) => {
            running = process
          }
        }))
        yield* Effect.repeat(requests, { until: (all) => all.length > before, schedule: Schedule.spaced("5 millis") })
        yield* Effect.sleep(Duration.millis(yield* Random.nextIntBetween(0, 150)))
        running?.stop("SIGKILL")
        const { status } = yield* run
        assert.isNull(status, "it ended before it was killed")
        const journal = yield* fs.readFileString(`${file}.journal`)
        for (const number of open(journal)) interrupted.add(number)
        // the lock that it left is old enough to be taken over
        yield* fs.utimes(`${file}.lock`, 0, 0)
      })
      yield* Effect.repeatN(killed, kills - 1)
      const last = open(yield* fs.readFileString(`${file}.journal`))

      const ended = yield* runWith(args)
      assert.strictEqual(ended.status, 0, ended.stderr)
      assert.include(ended.stdout, `${lines.toLocaleString("en-US")} lines done, 0 failed\n`)
      const repeated = /(\d+) lines? (?:was|were) sent again/.exec(ended.stdout)?.[1] ?? "0"
      assert.strictEqual(Number(repeated), last.size)

      const seen = (yield* requests).flatMap(({ applied }) => typeof applied?.vip === "number" ? [applied.vip] : [])
      assert.strictEqual(new Set(seen).size, lines)
      const twice = seen.filter((number, at) => seen.indexOf(number) !== at)
      assert.deepStrictEqual(twice.filter((number) => !interrupted.has(number)), [])
      // the lines of a customer in their order, a repeated one before the next
      for (
        const [customer, numbers] of Object.entries(Array.groupBy(seen, (number) => `${(number - 1) % customers}`))
      ) {
        assert.deepStrictEqual(Array.dedupeAdjacent(numbers), [...new Set(numbers)], `customer ${customer}`)
        assert.isTrue(numbers.every((number, at) => number >= (numbers[at - 1] ?? 0)), `customer ${customer}`)
      }
      const stored = new Map((yield* records).map(({ customerId, vip }) => [customerId, vip]))
      for (let at = lines - customers; at < lines; at++) assert.strictEqual(stored.get(line(at).customerId), at + 1)
    }).pipe(Effect.provide(Layer.merge(TrustlySandbox.layer({ seed: customers }), NodeContext.layer)))
)
