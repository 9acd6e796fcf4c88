import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Queue, Scope, Stream, Take, TestClock } from "effect"
import type { TrustlySandbox } from "effect-trustly-sandbox"
import * as Http from "node:http"
import * as Net from "node:net"
import { ask, fields, john, originOf, start, trustly } from "./support.ts"

const control = (sandbox: TrustlySandbox.Service) => (method: string, path: string, body?: unknown) =>
  ask(`${originOf(sandbox)}/_sandbox${path}`, {
    method,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
  })

describe("the control path", () => {
  it.scopedLive("shows all that the page needs, secrets masked", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      yield* sandbox.fail({ fault: { _tag: "Silence" }, operation: "get" })
      yield* trustly(sandbox).post(`/customers/${john}`, {
        ...fields,
        taxId: "sentinel-tax",
        dateOfBirth: "sentinel-birth"
      })
      const { json, text } = yield* control(sandbox)("GET", "/state")
      const { accessId, customers, faults, requests, url } = Object(json)
      assert.strictEqual(url, sandbox.url)
      assert.strictEqual(accessId, "sandbox")
      assert.strictEqual(requests.length, 1)
      assert.deepStrictEqual(faults, [{ rule: { fault: { _tag: "Silence" }, operation: "get" }, seen: 0 }])
      assert.deepStrictEqual(customers[0].changed.fields, ["name", "phone", "email", "taxId", "address", "dateOfBirth"])
      assert.notProperty(customers[1], "changed")
      assert.notMatch(text, /sentinel|124ABC|accessKey|c2FuZGJveA/)
    }))

  it.scopedLive("adds, lists and clears faults", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const call = control(sandbox)
      const rule = { fault: { _tag: "Status", status: 503, retryAfter: 1 }, times: 2 }
      const added = yield* call("POST", "/faults", rule)
      assert.strictEqual(added.status, 201)
      assert.deepStrictEqual(added.json, [{ rule, seen: 0 }])
      assert.strictEqual((yield* trustly(sandbox).get(`/customers/${john}`)).status, 503)
      assert.deepStrictEqual((yield* call("GET", "/faults")).json, [{ rule, seen: 1 }])
      assert.strictEqual((yield* call("DELETE", "/faults")).status, 204)
      assert.strictEqual((yield* trustly(sandbox).get(`/customers/${john}`)).status, 200)
    }))

  const noRules: Readonly<Record<string, readonly [body: unknown, issues: unknown]>> = {
    "no fault": [{}, [{ path: "fault", problem: "missing" }]],
    "a fault that nobody knows": [{ fault: { _tag: "Flood" } }, [{
      path: "fault._tag",
      problem: "invalid",
      expected: "\"Status\" | \"Delay\" | \"Silence\" | \"Reset\" | \"Malformed\""
    }]],
    "a status that is none": [{ fault: { _tag: "Status", status: 99 } }, [{
      path: "fault.status",
      problem: "invalid",
      expected: "a number between 200 and 599"
    }]],
    "an operation that is none, and a share over one": [
      { fault: { _tag: "Silence" }, operation: "sentinel", share: 2 },
      [
        {
          path: "operation",
          problem: "invalid",
          expected: "\"update\" or \"get\" or \"find\" or \"createOrUpdate\""
        },
        { path: "share", problem: "invalid", expected: "a number between 0 and 1" }
      ]
    ],
    "none of them": [{ fault: { _tag: "Silence" }, times: 0 }, [
      { path: "times", problem: "invalid", expected: "a positive number" }
    ]],
    "two limits": [{ fault: { _tag: "Silence" }, times: 1, every: 2 }, [
      { path: "", problem: "invalid", expected: "one of times, every and share" }
    ]],
    "a key that nobody knows": [{ fault: { _tag: "Silence" }, sentinel: 1 }, [{ path: "sentinel", problem: "unknown" }]]
  }
  for (const [what, [body, issues]] of Object.entries(noRules)) {
    it.scopedLive(`refuses a rule with ${what}`, () =>
      Effect.gen(function*() {
        const call = control(yield* start())
        const { json, status } = yield* call("POST", "/faults", body)
        assert.strictEqual(status, 400)
        assert.deepStrictEqual(json, { issues })
        assert.deepStrictEqual((yield* call("GET", "/faults")).json, [])
      }))
  }

  it.scopedLive("changes a customer by hand, by Trustly's rules", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const call = control(sandbox)
      const edited = yield* call("POST", `/customers/${john}`, { vip: 3, address: { city: "Reno" }, taxId: null })
      assert.strictEqual(edited.status, 200)
      assert.strictEqual(Object(edited.json).customer.driverLicense.number, "#####")
      const [stored] = yield* sandbox.customers
      assert.deepInclude(stored, { vip: 3, name: "John Smith" })
      assert.strictEqual(stored?.address?.address1, "105 Alternate2 Street")
      assert.notProperty(stored, "taxId")
      assert.deepStrictEqual(yield* sandbox.requests, [])
      const refused = yield* call("POST", `/customers/${john}`, { address: { zip: "1" }, email: "" })
      assert.strictEqual(refused.status, 400)
      assert.sameMembers(Object(refused.json).errors.map(({ location }: { location: string }) => location), [
        "email",
        "address.zip"
      ])
      for (const address of [null, "x", []]) {
        assert.strictEqual((yield* call("POST", `/customers/${john}`, { address })).status, 400)
      }
      assert.strictEqual((yield* call("POST", "/customers/nobody", { vip: 1 })).status, 404)
      assert.strictEqual((yield* call("POST", `/customers/${john}`, [])).status, 400)
    }))

  it.scopedLive("refuses what is no JSON, too large, or asked for in the wrong way", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const call = control(sandbox)
      assert.strictEqual((yield* call("POST", "/faults", "{")).status, 400)
      assert.strictEqual((yield* call("POST", `/customers/${john}`, "")).status, 400)
      assert.strictEqual((yield* call("POST", "/faults", "x".repeat(1024 * 1024 + 1))).status, 413)
      const wrong: ReadonlyArray<readonly [method: string, path: string, allow: string]> = [
        ["PUT", "/faults", "GET, HEAD, POST, DELETE"],
        ["GET", "/reset?now", "POST"],
        ["GET", `/customers/${john}`, "POST"],
        ["POST", "/state", "GET, HEAD"],
        ["DELETE", "/events", "GET, HEAD"]
      ]
      for (const [method, path, allow] of wrong) {
        const { headers, status } = yield* call(method, path)
        assert.deepStrictEqual([status, headers["allow"]], [405, allow], path)
      }
      for (const path of ["/nothing", "/", "/state/x", "/customers", "/customers/1/2"]) {
        assert.strictEqual((yield* call("GET", path)).status, 404, path)
      }
      assert.strictEqual((yield* call("GET", "/state")).status, 200)
    }))

  it.scopedLive("resets", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      yield* trustly(sandbox).post(`/customers/${john}`, fields)
      assert.strictEqual((yield* control(sandbox)("POST", "/reset")).status, 204)
      assert.strictEqual((yield* sandbox.customers)[0]?.name, "John Smith")
      assert.deepStrictEqual(yield* sandbox.requests, [])
    }))
})

/** The lines that the server sends to a page, from now on; they end when the connection does. */
const listen = (sandbox: TrustlySandbox.Service) =>
  Effect.gen(function*() {
    const text = yield* Queue.unbounded<Take.Take<string>>()
    const end = () => Queue.unsafeOffer(text, Take.end)
    yield* Effect.acquireRelease(
      Effect.async<Http.ClientRequest>((resume) => {
        const request = Http.get(`${originOf(sandbox)}/_sandbox/events`, { agent: false }, (response) => {
          assert.strictEqual(response.headers["content-type"], "text/event-stream")
          response.setEncoding("utf8").on("error", end).on("end", end).on("data", (chunk: string) => {
            Queue.unsafeOffer(text, Take.of(chunk))
            resume(Effect.succeed(request))
          })
        })
        request.on("error", end)
      }),
      (request) => Effect.sync(() => request.destroy())
    )
    return Stream.fromQueue(text).pipe(Stream.flattenTake, Stream.splitLines)
  })

const namesIn = (lines: Iterable<string>) =>
  Array.from(lines).filter((line) => line.startsWith("event: ")).map((line) => line.slice("event: ".length))

describe("events", () => {
  it.scopedLive("tell of requests, customers, faults and resets, as they happen", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const events = yield* listen(sandbox)
      const fiber = yield* Effect.fork(Stream.runCollect(Stream.takeUntil(events, (line) => line === "event: reset")))
      yield* trustly(sandbox).post(`/customers/${john}`, { ...fields, taxId: "sentinel" })
      yield* control(sandbox)("POST", `/customers/${john}`, { vip: 3 })
      yield* sandbox.fail({ fault: { _tag: "Silence" } })
      yield* sandbox.reset
      const lines = [...(yield* Effect.timeout(Fiber.join(fiber), "3 seconds"))]
      const [arrived, written, applied, answered, edited, rules] = lines.flatMap((line) =>
        line.startsWith("data: ") ? [JSON.parse(line.slice("data: ".length))] : []
      )
      assert.deepStrictEqual(namesIn(lines), [
        "request",
        "customer",
        "request",
        "request",
        "customer",
        "faults",
        "faults",
        "reset"
      ])
      assert.deepStrictEqual([arrived.id, arrived.fields], [1, ["name", "email", "phone", "address", "taxId"]])
      assert.strictEqual(written.customer.name, fields.name)
      assert.deepStrictEqual([applied.id, applied.applied.taxId, applied.status], [1, "#####nel", undefined])
      assert.deepStrictEqual([answered.id, answered.status], [1, 200])
      assert.deepStrictEqual(edited.changed.fields, ["vip"])
      assert.deepStrictEqual(rules, [{ rule: { fault: { _tag: "Silence" } }, seen: 0 }])
      assert.notInclude(lines.join(), "sentinel")
    }))

  it.scopedLive("go on beside a page that does not read them, which is dropped", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const deaf = yield* Effect.acquireRelease(
        Effect.async<Net.Socket>((resume) => {
          const { host, port } = new URL(sandbox.url)
          const socket = Net.connect(Number(port), "127.0.0.1", () => {
            socket.pause().write(`GET /_sandbox/events HTTP/1.1\r\nhost: ${host}\r\n\r\n`)
            resume(Effect.succeed(socket))
          })
          socket.on("error", () => undefined)
        }),
        (socket) => Effect.sync(() => socket.destroy())
      )
      const events = yield* listen(sandbox)
      const last = yield* Effect.fork(Stream.runHead(Stream.filter(events, (line) => line === "event: reset")))
      // three events of each: more than what waits for a page, and what the system holds for the connection
      const note = { ...fields, customData: { note: "x".repeat(1_000_000) } }
      yield* Effect.replicateEffect(trustly(sandbox).post(`/customers/${john}`, note), 20, { discard: true })
      yield* sandbox.reset
      assert.strictEqual((yield* Effect.timeout(Fiber.join(last), "5 seconds"))._tag, "Some")
      const ended = Effect.async<string>((resume) => {
        deaf.on("end", () => resume(Effect.succeed("ended"))).on("close", () => resume(Effect.succeed("ended")))
          .resume()
      })
      assert.strictEqual(yield* Effect.timeout(ended, "5 seconds"), "ended")
    }))

  it.scoped("say every fifteen seconds that the server is there", () =>
    Effect.gen(function*() {
      const lines = yield* listen(yield* start())
      const beat = Stream.runHead(Stream.filter(lines, (line) => line === ": still here"))
      for (const _ of [1, 2]) {
        yield* TestClock.adjust("15 seconds")
        assert.isTrue(Option.isSome(yield* beat))
      }
    }))

  it.scopedLive("end when the server does", () =>
    Effect.gen(function*() {
      const server = yield* Scope.make()
      const lines = yield* listen(yield* Scope.extend(start(), server))
      const end = yield* Effect.fork(Stream.runDrain(lines))
      yield* Effect.timeout(Scope.close(server, Exit.void), "2 seconds")
      yield* Effect.timeout(Fiber.join(end), "2 seconds")
    }))
})
