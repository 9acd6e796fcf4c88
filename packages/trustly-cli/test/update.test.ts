import { assert, describe, it } from "@effect/vitest"
import { Array, Deferred, Effect, Order, Schedule } from "effect"
import { TrustlySandbox } from "effect-trustly-sandbox"
import type { Running } from "./program.ts"
import {
  assertNoSecret,
  assertRefused,
  customer,
  customerId,
  environment,
  fromJson,
  run,
  runWith,
  seen,
  sentinels,
  toJson
} from "./program.ts"

const stored = Effect.flatMap(
  TrustlySandbox,
  ({ customers }) => Effect.map(customers, (all) => all.find((held) => held.customerId === customerId))
)

const rowsOf = (text: string): Array<string> => text.split("\n").slice(1)

describe("update", () => {
  it.live("changes fields with two requests and shows the differences", () =>
    Effect.gen(function*() {
      const args = [
        "update",
        customerId,
        "--vip",
        "2",
        "--city=Reno",
        "--external-tier=-5",
        "--clear",
        "driverLicense"
      ]
      const ended = yield* runWith([...args, "--enroll-date", "2026-01-31", "--custom-data", `{"__proto__":{"a":1}}`])
      assert.strictEqual(ended.status, 0, ended.stderr)
      assert.match(ended.stdout, /^customer 1001165729 updated at 2\d{3}-\d\d-\d\dT[\d:.]+Z\n/)
      const rows = ended.stdout.split("\n").slice(1, -1).map((line) => line.trim().replaceAll(/ +/g, " "))
      assert.sameMembers(rows, [
        "address.city Beverly Hills -> Reno",
        "driverLicense.number <redacted> -> (none)",
        "driverLicense.state CA -> (none)",
        "externalTier (none) -> -5",
        "enrollDate (none) -> 2026-01-31T00:00:00.000Z",
        `customData (none) -> {"__proto__":{"a":1}}`,
        "vip (none) -> 2"
      ])
      assert.deepStrictEqual(
        (yield* seen).map((request) => Array.sort(request.split(" "), Order.string).join(" ")),
        ["GET", "POST address customData driverLicense email enrollDate externalTier name phone vip"]
      )
      const record = yield* stored
      assert.strictEqual(record?.vip, 2)
      assert.strictEqual(record?.enrollDate, Date.UTC(2026, 0, 31))
      assert.strictEqual(record?.address?.zip, "90210")
      // the mask that was read is not written back
      assert.strictEqual(record?.taxId, "123456790")
      assert.notProperty(record, "driverLicense")
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.live("sends a whole customer from stdin or a file with one request", () =>
    Effect.gen(function*() {
      const ended = yield* runWith(["update", customerId, "--from", "-", "--json"], { stdin: toJson(customer) })
      assert.strictEqual(ended.status, 0, ended.stderr)
      const printed = fromJson(ended.stdout)
      assert.strictEqual(printed.name, customer.name)
      assert.strictEqual(printed.taxId, "<redacted>")
      assert.strictEqual(ended.stderr, "")
      assertNoSecret(ended)
      assert.deepStrictEqual(yield* seen, [
        "POST name email phone address taxId dateOfBirth nationalId driverLicense vip"
      ])
      assert.strictEqual((yield* stored)?.taxId, sentinels.taxId)

      const file = yield* runWith(["update", customerId, "--from", "test/sample.json"])
      assert.strictEqual(file.status, 0, file.stderr)
      assert.match(file.stdout, /^ {2}email +jsmith@email\.com$/m)
      // the mask in the file means that the tax id stays as it is
      assert.strictEqual(file.stderr, "")
      assert.strictEqual((yield* stored)?.taxId, sentinels.taxId)
      assert.strictEqual((yield* seen).length, 2)
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.live("prints with --dry-run the differences that the update prints, and sends no update", () =>
    Effect.gen(function*() {
      const before = yield* stored
      const args = ["update", customerId, "--vip", "2", "--clear", "taxId", "--set", "address.city=Reno"]
      const planned = yield* runWith([...args, "--dry-run"])
      assert.deepStrictEqual([planned.status, planned.stderr], [0, ""])
      assert.deepStrictEqual(yield* seen, ["GET"])
      assert.deepStrictEqual(yield* stored, before)
      const done = yield* runWith(args)
      assert.match(planned.stdout, /^customer 1001165729 would be updated \(nothing was sent\)\n/)
      assert.sameMembers(rowsOf(planned.stdout), rowsOf(done.stdout))
      assert.include(done.stdout, "Beverly Hills -> Reno")
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.live("prints with --from and --dry-run what it would send, its secrets hidden", () =>
    Effect.gen(function*() {
      const whole = yield* runWith(["update", customerId, "--dry-run", "--json", "--from", "-"], {
        stdin: toJson(customer)
      })
      assert.deepStrictEqual(fromJson(whole.stdout), {
        ...customer,
        taxId: "<redacted>",
        nationalId: "<redacted>",
        dateOfBirth: "<redacted>",
        driverLicense: { number: "<redacted>", state: "NV" }
      })
      assertNoSecret(whole)
      assert.deepStrictEqual(yield* seen, [])
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.live("reports each retry, and then that the update may have been applied", () =>
    Effect.gen(function*() {
      const { fail } = yield* TrustlySandbox
      yield* fail({ fault: { _tag: "Status", status: 503 }, operation: "update", every: 1 })
      const ended = yield* runWith(["update", customerId, "--vip", "2"], { env: { TRUSTLY_RETRY_TIMES: "1" } })
      const [retry, failure, ...rest] = ended.stderr.split("\n")
      assert.match(retry ?? "", /Retrying in/)
      assert.match(failure ?? "", /HTTP 503.*\. The update may have been applied\. Run it again later/)
      assert.deepStrictEqual(rest, [""])
      assert.deepStrictEqual([ended.status, ended.stdout], [1, ""])
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.live("interrupted in flight, reports that the update may have been applied", () =>
    Effect.gen(function*() {
      const { fail, requests } = yield* TrustlySandbox
      yield* fail({ fault: { _tag: "Delay", millis: 2000 }, operation: "update", applied: true })
      const env = yield* environment
      const started = yield* Deferred.make<Running>()
      const fiber = yield* Effect.fork(run(["update", customerId, "--from", "-"], {
        env,
        stdin: toJson(customer),
        onStart: (running) => Deferred.unsafeDone(started, Effect.succeed(running))
      }))
      const { stop } = yield* Deferred.await(started)
      yield* Effect.repeat(requests, {
        until: (all) => all.length > 0,
        schedule: Schedule.spaced("20 millis")
      })
      stop("SIGINT")
      assertRefused(yield* fiber, 1, /^Stopped\. The update may have been applied/)
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.live("interrupted while it reads stdin, reports that nothing was sent", () =>
    Effect.gen(function*() {
      const ended = yield* runWith(["update", customerId, "--from", "-"], {
        stdin: "open",
        onStart: ({ stop, write }) => write(" ".repeat(1_000_000), () => stop("SIGTERM"))
      })
      assertRefused(ended, 1, /^Stopped before an update was sent\n$/)
      assert.deepStrictEqual(yield* seen, [])
    }).pipe(Effect.provide(TrustlySandbox.layer())))

  it.live("succeeds quietly when stdout is closed", () =>
    Effect.gen(function*() {
      const ended = yield* runWith(["update", customerId, "--vip", "3"], {
        onStart: ({ closeOutput }) => closeOutput()
      })
      assert.deepStrictEqual(ended, { status: 0, stdout: "", stderr: "" })
      assert.strictEqual((yield* stored)?.vip, 3)
    }).pipe(Effect.provide(TrustlySandbox.layer())))
})
