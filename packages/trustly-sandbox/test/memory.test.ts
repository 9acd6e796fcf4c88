import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as V8 from "node:v8"
import * as Vm from "node:vm"
import { isSoak } from "../../trustly/test/soak.ts"
import { fields, start, trustly } from "./support.ts"

V8.setFlagsFromString("--expose-gc")
const collect: unknown = Vm.runInNewContext("gc")

const heapMiB = Effect.sync(() => {
  assert(typeof collect === "function")
  collect()
  return process.memoryUsage().heapUsed / 2 ** 20
})

it.scopedLive.runIf(isSoak)("memory does not grow once the request log is full", () =>
  Effect.gen(function*() {
    const sandbox = yield* start({ seed: 100 })
    yield* sandbox.fail({ fault: { _tag: "Status", status: 503 }, every: 10 })
    yield* sandbox.fail({ fault: { _tag: "Reset" }, every: 50 })
    const update = (each: number) =>
      Effect.ignore(
        trustly(sandbox).post(`/customers/${1_003_000_001 + each % 100}`, {
          ...fields,
          customData: { note: `${each} `.repeat(1000) }
        })
      )
    const updates = (count: number) =>
      Effect.forEach(Array.from({ length: count }, (_, each) => each), update, { concurrency: 10, discard: true })
    yield* updates(2000)
    const before = yield* heapMiB
    // 5 KB each
    yield* updates(2000)
    assert.isBelow((yield* heapMiB) - before, 4)
  }))

it.scopedLive("bodies of many small objects take no more memory than their text", () =>
  Effect.gen(function*() {
    const customData = { items: Array.from({ length: 19_000 }, () => ({})) }
    const sandbox = yield* start({ customers: [{ customerId: "1", customData }] })
    const before = yield* heapMiB
    yield* Effect.replicateEffect(trustly(sandbox).get("/customers/1"), 200, { discard: true })
    assert.isBelow((yield* heapMiB) - before, 64)
    assert.strictEqual((yield* sandbox.requests).length, 200)
  }))
