import { assert, describe, it } from "@effect/vitest"
import { Array, Effect, Either, Fiber, Option, Random, TestClock } from "effect"
import type { FaultRule } from "effect-trustly-sandbox"
import { eventually, fields, joe, john, start, trustly } from "./support.ts"

/** The status, or the code of the broken connection, of each of several updates. */
const results = (rule: FaultRule, calls: number, customer = john) =>
  Effect.gen(function*() {
    const sandbox = yield* start()
    yield* sandbox.fail(rule)
    const update = Effect.either(trustly(sandbox).post(`/customers/${customer}`, fields))
    const answers = yield* Effect.replicateEffect(update, calls)
    return answers.map((answer) => Either.isRight(answer) ? answer.right.status : answer.left)
  })

const busy: FaultRule["fault"] = { _tag: "Status", status: 503 }

describe("a fault rule fails", () => {
  const rules: Readonly<Record<string, readonly [rule: FaultRule, results: ReadonlyArray<number>]>> = {
    "the next request by default": [{ fault: busy }, [503, 200, 200]],
    "the next two requests": [{ fault: busy, times: 2 }, [503, 503, 200]],
    "every second request": [{ fault: busy, every: 2 }, [200, 503, 200, 503]],
    "no request if its share is 0": [{ fault: busy, share: 0 }, [200, 200, 200]],
    "every request if its share is 1": [{ fault: busy, share: 1 }, [503, 503, 503]],
    "requests of its operation": [{ fault: busy, operation: "update" }, [503, 200]],
    "no request of another operation": [{ fault: busy, operation: "get" }, [200, 200]],
    "requests for its customer": [{ fault: busy, customerId: john }, [503, 200]],
    "no request for another customer": [{ fault: busy, customerId: joe }, [200, 200]]
  }
  for (const [what, [rule, expected]] of Object.entries(rules)) {
    it.scopedLive(
      what,
      () => Effect.map(results(rule, expected.length), (actual) => assert.deepStrictEqual(actual, [...expected]))
    )
  }

  it.scopedLive("about its share of the requests", () =>
    Effect.gen(function*() {
      const failed = (yield* results({ fault: busy, share: 0.2 }, 200)).filter((status) => status === 503).length
      assert.isAtLeast(failed, 20)
      assert.isAtMost(failed, 60)
    }).pipe(Effect.withRandom(Random.make("a share"))))

  it.scopedLive("a request once, if several rules match it: the first one that fires applies", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      yield* sandbox.fail({ fault: busy })
      yield* sandbox.fail({ fault: { _tag: "Status", status: 500 }, times: 2 })
      const answers = yield* Effect.replicateEffect(trustly(sandbox).get(`/customers/${john}`), 4)
      assert.deepStrictEqual(answers.map(({ status }) => status), [503, 500, 500, 200])
    }))

  it.scopedLive("no request after a reset", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      yield* sandbox.fail({ fault: busy, share: 1 })
      yield* sandbox.reset
      assert.strictEqual((yield* trustly(sandbox).get(`/customers/${john}`)).status, 200)
    }))

  it.scopedLive("no request to an unknown endpoint", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      yield* sandbox.fail({ fault: busy })
      assert.strictEqual((yield* trustly(sandbox).get("/nowhere")).status, 404)
      assert.strictEqual((yield* trustly(sandbox).get(`/customers/${john}`)).status, 503)
    }))
})

describe("a fault is", () => {
  it.scopedLive("a status with Trustly's error envelope and Retry-After", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      yield* sandbox.fail({ fault: { ...busy, retryAfter: 7 } })
      const { headers, json, status } = yield* trustly(sandbox).post(`/customers/${john}`, fields)
      assert.strictEqual(status, 503)
      assert.strictEqual(headers["retry-after"], "7")
      assert.strictEqual(Object(json).errors[0].code, 100)
    }))

  it.scopedLive("a status with a given body, or without one", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      yield* sandbox.fail({ fault: { _tag: "Status", status: 200, body: { errors: [{ code: 378 }] } } })
      yield* sandbox.fail({ fault: { _tag: "Status", status: 503, body: null } })
      yield* sandbox.fail({ fault: { _tag: "Status", status: 204 } })
      const { get } = trustly(sandbox)
      assert.deepStrictEqual((yield* get(`/customers/${john}`)).json, { errors: [{ code: 378 }] })
      assert.strictEqual((yield* get(`/customers/${john}`)).text, "null")
      assert.deepStrictEqual(yield* Effect.map(get(`/customers/${john}`), ({ status, text }) => [status, text]), [
        204,
        ""
      ])
    }))

  it.scoped("a delay, after which the normal response arrives", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      yield* sandbox.fail({ fault: { _tag: "Delay", millis: 60_000 } })
      const update = yield* Effect.fork(trustly(sandbox).post(`/customers/${john}`, fields))
      yield* eventually(sandbox.requests, ([request]) => request !== undefined)
      // the delay starts some time after the request arrived, so one step of the clock may be too early
      const step = Effect.zipRight(TestClock.adjust("10 seconds"), Fiber.poll(update))
      const exit = yield* eventually(step, Option.isSome)
      assert.strictEqual((yield* Option.getOrThrow(exit)).status, 200)
      const [request] = yield* sandbox.requests
      assert.isAtLeast(request?.millis ?? 0, 60_000)
      assert.strictEqual(request?.applied?.name, fields.name)
    }))

  it.scopedLive("silence until the client disconnects", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      yield* sandbox.fail({ fault: { _tag: "Silence" } })
      const { get, post } = trustly(sandbox)
      const update = yield* Effect.fork(post(`/customers/${john}`, fields))
      yield* eventually(sandbox.requests, ([request]) => request !== undefined)
      assert.strictEqual((yield* get(`/customers/${john}`)).status, 200)
      assert.isTrue(Option.isNone(yield* Fiber.poll(update)))
      yield* Fiber.interrupt(update)
      yield* eventually(sandbox.requests, ([request]) => request?.millis !== undefined)
      const [request] = yield* sandbox.requests
      assert.isUndefined(request?.status)
      assert.isUndefined(request?.applied)
    }))

  it.scopedLive("a reset before the response or in its body", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* results({ fault: { _tag: "Reset" } }, 2), ["ECONNRESET", 200])
      assert.deepStrictEqual(yield* results({ fault: { _tag: "Reset", where: "body" } }, 2), ["ECONNRESET", 200])
    }))

  it.scopedLive("a response without a customer", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      yield* sandbox.fail({ fault: { _tag: "Malformed" } })
      yield* sandbox.fail({ fault: { _tag: "Malformed", body: "<html>" } })
      const update = trustly(sandbox).post(`/customers/${john}`, fields)
      const [first, second] = [yield* update, yield* update]
      assert.deepStrictEqual([first.status, second.status, second.text], [200, 200, "<html>"])
      assert.notProperty(Object(first.json).customer, "name")
    }))

  const faults: ReadonlyArray<FaultRule["fault"]> = [
    busy,
    { _tag: "Reset" },
    { _tag: "Reset", where: "body" },
    { _tag: "Malformed" },
    { _tag: "Delay", millis: 1 }
  ]
  for (const fault of faults) {
    for (const applied of [false, true]) {
      const where = "where" in fault ? " in the body" : ""
      it.scopedLive(`${fault._tag}${where}, with the write ${applied ? "applied" : "not applied"} before it`, () =>
        Effect.gen(function*() {
          const sandbox = yield* start()
          yield* sandbox.fail({ fault, applied })
          yield* Effect.either(trustly(sandbox).post(`/customers/${john}`, fields))
          const [stored] = yield* sandbox.customers
          const [request] = yield* sandbox.requests
          // a delayed response is complete, so the write is always applied
          const written = applied || fault._tag === "Delay"
          assert.strictEqual(stored?.name, written ? fields.name : "John Smith")
          assert.strictEqual(request?.applied?.name, written ? fields.name : undefined)
          assert.deepStrictEqual(request?.fault, fault)
        }))
    }
  }
})

it.scopedLive("attempts of a request are counted until one succeeds", () =>
  Effect.gen(function*() {
    const sandbox = yield* start()
    const { get, post } = trustly(sandbox)
    yield* sandbox.fail({ fault: busy, times: 2, operation: "update" })
    const update = post(`/customers/${john}`, fields)
    yield* update
    yield* post(`/customers/${joe}`, fields)
    yield* get(`/customers/${john}`)
    yield* Effect.replicateEffect(update, 2)
    const attempts = Array.map(
      yield* sandbox.requests,
      ({ attempt, customerId, operation }) => [operation, customerId, attempt]
    )
    assert.deepStrictEqual(attempts, [
      ["update", john, 1],
      ["update", joe, 1],
      ["get", john, 1],
      ["update", john, 2],
      ["update", john, 1]
    ])
  }))
