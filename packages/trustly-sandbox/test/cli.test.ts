import { FileSystem } from "@effect/platform"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Console, Deferred, Effect, Fiber, Layer, Logger, Redacted } from "effect"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { run } from "effect-trustly-sandbox/cli"
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { ask } from "./ask.ts"
import { authorization, start } from "./support.ts"

interface Printed {
  readonly stdout: ReadonlyArray<string>
  readonly stderr: ReadonlyArray<string>
}

/** A console that keeps what is printed, and reports when the command is ready. */
const capture = Effect.gen(function*() {
  const stdout: Array<string> = []
  const stderr: Array<string> = []
  const ready = yield* Deferred.make<Printed>()
  const print = (text: unknown) => {
    stdout.push(String(text))
    if (text === "Press Ctrl-C to stop") Deferred.unsafeDone(ready, Effect.succeed({ stdout, stderr }))
  }
  const global = yield* Console.consoleWith(Effect.succeed)
  const console: Console.Console = {
    ...global,
    log: (text) => Effect.sync(() => print(text)),
    unsafe: { ...global.unsafe, log: print, info: print, warn: (text: unknown) => stderr.push(String(text)) }
  }
  return { console, ready, printed: { stdout, stderr } }
})

/** What the command printed when it was ready; it runs until the scope closes. */
const running = (...args: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const { console, ready } = yield* capture
    const fiber = yield* Effect.forkScoped(Effect.withConsole(run(args), console))
    return yield* Effect.raceFirst(Deferred.await(ready), Effect.zipRight(Fiber.join(fiber), Effect.never))
  }).pipe(Effect.provide(NodeFileSystem.layer))

/** Why the command ended. */
const refused = (...args: ReadonlyArray<string>) => Effect.flip(Effect.provide(run(args), NodeFileSystem.layer))

const urlIn = ({ stdout }: Printed): string => /'(http.*)'/.exec(stdout.join("\n"))?.[1] ?? ""

const customersFile = (...lines: ReadonlyArray<string>) => customersFileOf(Buffer.from(lines.join("\n")))

const customersFileOf = (bytes: Uint8Array) =>
  Effect.gen(function*() {
    const fileSystem = yield* FileSystem.FileSystem
    const path = yield* fileSystem.makeTempFileScoped({ suffix: ".ndjson" })
    yield* fileSystem.writeFile(path, bytes)
    return path
  }).pipe(Effect.provide(NodeFileSystem.layer))

describe("the command", () => {
  it.scopedLive("prints its URL, its page, and the variables for a client", () =>
    Effect.gen(function*() {
      const printed = yield* running("--port", "0", "--access-id", "ann")
      const url = urlIn(printed)
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/api\/v1$/)
      assert.deepStrictEqual(printed.stdout, [
        `Trustly sandbox: ${url}`,
        `Page: ${new URL(url).origin}/`,
        `export TRUSTLY_BASE_URL='${url}'`,
        "export TRUSTLY_ACCESS_ID='ann'",
        "export TRUSTLY_ACCESS_KEY='sandbox'",
        "Press Ctrl-C to stop"
      ])
      assert.deepStrictEqual(printed.stderr, [])
      const { status } = yield* ask(`${url}/customers/1001165729`, { headers: authorization("ann") })
      assert.strictEqual(status, 200)
    }))

  it.scopedLive("starts with generated customers, and fails requests by the fault rules", () =>
    Effect.gen(function*() {
      const url = urlIn(yield* running("--port=0", "--seed", "2", "--fault", "status=503,operation=get,next=1"))
      const get = ask(`${url}/customers/1003000002`, { headers: authorization() })
      assert.deepStrictEqual([(yield* get).status, (yield* get).status], [503, 200])
    }))

  it.scopedLive("starts with the customers of a file instead of the two of the documentation", () =>
    Effect.gen(function*() {
      const path = yield* customersFile(
        "\uFEFF{\"customerId\":\"c-1\",\"externalId\":\"m-1\",\"vip\":2}\r",
        "",
        "{\"customerId\":\"c-2\",\"name\":null,\"externalTier\":\"Zoë\"}"
      )
      const url = urlIn(yield* running("--port", "0", "--customers", path))
      const found = yield* ask(`${url}/customers?externalId=m-1`, { headers: authorization() })
      assert.deepStrictEqual(Object(found.json).customers, [{ customerId: "c-1", externalId: "m-1", vip: 2 }])
      const read = yield* ask(`${url}/customers/c-2`, { headers: authorization() })
      assert.deepStrictEqual(Object(read.json).customer, { customerId: "c-2", externalTier: "Zoë" })
      assert.strictEqual((yield* ask(`${url}/customers/1001165729`, { headers: authorization() })).status, 404)
    }))

  it.scopedLive("drops the fields of a customers file that it does not know", () =>
    Effect.gen(function*() {
      const path = yield* customersFile(
        "{\"customerId\":\"c-1\",\"nickname\":\"Ann\",\"address\":{\"city\":\"Reno\",\"floor\":2},\"customData\":{\"a\":1}}"
      )
      const url = urlIn(yield* running("--port", "0", "--customers", path))
      const { json } = yield* ask(`${url}/customers/c-1`, { headers: authorization() })
      assert.deepStrictEqual(Object(json).customer, {
        customerId: "c-1",
        address: { city: "Reno" },
        customData: { a: 1 }
      })
    }))

  it.scopedLive("reports every bad line of the customers file by its number, without a value of it", () =>
    Effect.gen(function*() {
      const path = yield* customersFile(
        "{\"customerId\":\"1\"}",
        "{\"customerId\":\"1\"}",
        "sentinel",
        "{\"customerId\":\"2\",\"email\":5,\"address\":\"sentinel\"}",
        "[]",
        "{}",
        "{\"customerId\":\"..\"}",
        `{"customerId":"3","customData":{"deep":${"[".repeat(20_000)}${"]".repeat(20_000)}}}`
      )
      const { message, status } = yield* refused("--customers", path)
      assert.strictEqual(status, 2)
      assert.deepStrictEqual(message.replaceAll(path, "FILE").split("\n").map((line) => line.replace(/ text.*/, "")), [
        "FILE: line 2: customerId: line 1 has the same one",
        "FILE: line 3: expected JSON, nested at most 100 levels deep",
        "FILE: line 4: email: expected a string; address: expected an object or null",
        "FILE: line 5: customer: expected an object",
        "FILE: line 6: customerId: missing",
        "FILE: line 7: customerId: expected 1 to 128 characters without white space and / \\ ? # %",
        "FILE: line 8: expected JSON, nested at most 100 levels deep"
      ])
      assert.notInclude(message, "sentinel")
    }))

  it.scopedLive("reports the lines of the customers file that are not UTF-8", () =>
    Effect.gen(function*() {
      const lines = ["{\"customerId\":\"1\"}", "{\"customerId\":\"2\",\"name\":\"Zoë\"}", "{"]
      const path = yield* customersFileOf(Buffer.from(lines.join("\n"), "latin1"))
      const { message, status } = yield* refused("--customers", path)
      assert.deepStrictEqual([status, message.replaceAll(path, "FILE").split("\n")], [2, [
        "FILE: line 2: expected UTF-8",
        "FILE: line 3: expected JSON, nested at most 100 levels deep"
      ]])
    }))

  it.scopedLive("reports at most 20 bad lines", () =>
    Effect.gen(function*() {
      const path = yield* customersFile(...Array.from({ length: 25 }, () => "{"))
      const lines = (yield* refused("--customers", path)).message.split("\n")
      assert.deepStrictEqual([lines.length, lines.at(-1)], [21, `${path}: 5 more bad lines`])
    }))

  it.scopedLive("names the port that is already in use", () =>
    Effect.gen(function*() {
      const { port } = new URL((yield* start()).url)
      const { message, status } = yield* refused("--port", port)
      assert.strictEqual(status, 1)
      assert.strictEqual(
        message,
        `Port ${port} is already in use. Choose another one with --port, or any free one with --port 0`
      )
    }))

  it.scopedLive("warns that other machines can use the control path, and lets an allowed host name in", () =>
    Effect.gen(function*() {
      const printed = yield* running("--port", "0", "--host", "0.0.0.0", "--allow-host", "sandbox")
      const { origin, port } = new URL(urlIn(printed))
      assert.deepStrictEqual(printed.stderr, [
        `Warning: Anyone who can reach 0.0.0.0:${port} can use the page and the control path /_sandbox: ` +
        "they need no credentials"
      ])
      const status = (host: string) => Effect.map(ask(origin, { headers: { host } }), (answer) => answer.status)
      assert.strictEqual(yield* status(`sandbox:${port}`), 200)
      assert.strictEqual(yield* status(`other:${port}`), 403)
    }))

  it.scopedLive("lets other containers in by the name of its service, as the guide for Docker Compose starts it", () =>
    Effect.gen(function*() {
      const guide = readFileSync(new URL("../../../docs/sandbox-in-ci.md", import.meta.url), "utf8")
      const [, service = "", line = ""] =
        /^services:\n {2}(\S+):\n(?: {4}.*\n)*? {4}command: npx --yes effect-trustly-sandbox (.*)$/m.exec(guide) ?? []
      const path = yield* customersFile("{\"customerId\":\"c-1\"}")
      const args = line.split(" ").map((arg) => arg.startsWith("/") ? path : arg)
      const printed = yield* running("--port", "0", ...args)
      const { host, origin, port } = new URL(urlIn(printed))
      assert.strictEqual(host, `127.0.0.1:${port}`)
      assert.match(printed.stderr.join("\n"), /^Warning: Anyone who can reach 0\.0\.0\.0/)
      const state = yield* ask(`${origin}/_sandbox/state`, { headers: { host: `${service}:${port}` } })
      assert.strictEqual(state.status, 200)
      const { status } = yield* ask(`${urlIn(printed)}/customers/c-1`, { headers: authorization() })
      assert.strictEqual(status, 200)
    }))

  it.effect("prints its help in at most 80 columns", () =>
    Effect.gen(function*() {
      const { console, printed } = yield* capture
      yield* Effect.withConsole(run(["--help", "--port", "1"], { command: "trustly-customers sandbox" }), console)
      const [help = ""] = printed.stdout
      assert.match(help, /^Usage: trustly-customers sandbox \[options\]\n/)
      assert.deepStrictEqual(help.split("\n").filter((line) => line.length > 80), [])
      for (const option of ["port", "host", "allow-host", "access-id", "customers", "seed", "fault", "help"]) {
        assert.include(help, `--${option}`)
      }
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  const refusals: ReadonlyArray<readonly [args: ReadonlyArray<string>, message: string]> = [
    [["--prot", "1"], "Unknown option \"--prot\""],
    [["-p", "1"], "Unknown option \"-p\""],
    [["sandbox"], "Unexpected argument \"sandbox\""],
    [["--port"], "--port needs a value"],
    [["--port", "--seed", "1"], "--port needs a value"],
    [["--port", "1", "--port", "2"], "--port is given twice"],
    [["--help=yes"], "--help takes no value"],
    [["--port", "65536"], "--port must be an integer from 0 to 65535"],
    [["--port", ""], "--port must be an integer from 0 to 65535"],
    [["--seed", "1.5"], "--seed must be an integer from 0 to 10000"],
    [["--host", ""], "--host must be an IP address without a zone, or a host name"],
    [["--host", "::1%lo"], "--host must be an IP address without a zone, or a host name"],
    [["--access-id", "a:b"], "--access-id must not contain a colon"],
    [["--allow-host", "http://sandbox"], "--allow-host must be host names, such as sandbox or localhost:8080"],
    [["--fault", "silence=1"], "--fault: silence takes no value"],
    [["--fault", "status=1"], "--fault: fault.status: expected a number between 200 and 599"],
    [["--fault", "operation=get"], "--fault: expected exactly one of status, delay, silence, reset, and malformed"],
    [["--fault", "silence,silence"], "--fault: silence is given twice"]
  ]
  for (const [args, message] of refusals) {
    it.effect(`refuses ${args.join(" ")} with exit status 2 and says why`, () =>
      Effect.map(
        refused(...args),
        (error) => assert.deepStrictEqual([error.message, error.status], [`${message}. See --help`, 2])
      ))
  }

  it.effect("reports a customers file that does not exist", () =>
    Effect.map(
      refused("--customers", "/missing/customers.ndjson"),
      ({ message, status }) =>
        assert.deepStrictEqual([message, status], [
          "Cannot read \"/missing/customers.ndjson\": the file does not exist",
          2
        ])
    ))

  it.effect("reports more than 100 fault rules", () =>
    Effect.map(
      refused("--port", "0", ...Array.from({ length: 101 }, () => ["--fault", "silence"]).flat()),
      ({ message }) => assert.include(message, "at most 100 active rules")
    ))
})

/** Runs the command as a process, and returns how it ended. */
const runProcess = (...args: ReadonlyArray<string>) =>
  Effect.async<{ readonly status: unknown; readonly stdout: string; readonly stderr: string }>((resume) => {
    const main = fileURLToPath(new URL("../src/bin/main.ts", import.meta.url))
    execFile(process.execPath, ["--import", "tsx", main, ...args], (error, stdout, stderr) => {
      resume(Effect.succeed({ status: error === null ? 0 : error.code, stdout, stderr }))
    })
  })

it.scopedLive("as a process, the command reports on stderr why it ended, with the exit status", () =>
  Effect.gen(function*() {
    const { port } = new URL((yield* start()).url)
    const [taken, misspelled] = yield* Effect.all([runProcess("--port", port), runProcess("--prot")], {
      concurrency: 2
    })
    const message = `Port ${port} is already in use. Choose another one with --port, or any free one with --port 0`
    assert.deepStrictEqual(taken, { status: 1, stdout: "", stderr: `${message}\n` })
    const unknown = "Unknown option \"--prot\". See --help"
    assert.deepStrictEqual(misspelled, { status: 2, stdout: "", stderr: `${unknown}\n` })
  }))

const logged = (options: TrustlySandbox.Options) =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const logger = Logger.make(({ message }) => void lines.push(String(message)))
    yield* Effect.scoped(
      Effect.provide(Layer.build(TrustlySandbox.layer(options)), Logger.replace(Logger.defaultLogger, logger))
    )
    return lines
  })

describe("TrustlySandbox.layer", () => {
  it.scopedLive("logs the lines of the command, but not a configured access key, if it is given a port", () =>
    Effect.gen(function*() {
      const lines = yield* logged({ port: 0, accessKey: Redacted.make("sentinel") })
      assert.match(lines.join("\n"), /^Trustly sandbox: http.*\nPage: http.*\nexport TRUSTLY_BASE_URL='http/)
      assert.notInclude(lines.join("\n"), "sentinel")
      assert.deepStrictEqual(yield* logged({}), [])
    }))
})
