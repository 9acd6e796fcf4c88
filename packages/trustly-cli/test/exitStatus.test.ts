import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { readFileSync } from "node:fs"
import { printed } from "./commands.ts"
import { ndjson, write } from "./import/files.ts"
import { assertNoSecret, customer, customerId, runWith, toJson } from "./program.ts"

interface Case {
  readonly args: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly status: 0 | 1 | 2
}

const wrongKey = { TRUSTLY_ACCESS_KEY: "wrong" }
const noServer = { TRUSTLY_BASE_URL: "http://127.0.0.1:1/api/v1", TRUSTLY_RETRY_TIMES: "0" }
const noCredentials = { TRUSTLY_ACCESS_ID: "", TRUSTLY_ACCESS_KEY: "" }
const change = ["--vip", "2"]

/** The same status means the same in every command. A `file` stands for an import file with one line. */
const cases: Readonly<Record<string, Case>> = {
  "get": { args: ["get", customerId], status: 0 },
  "update": { args: ["update", customerId, ...change], status: 0 },
  "update of a whole customer": { args: ["update", customerId, "--from", "-"], stdin: toJson(customer), status: 0 },
  "import": { args: ["import", "file"], status: 0 },
  "get with refused credentials": { args: ["get", customerId], env: wrongKey, status: 2 },
  "update with refused credentials": { args: ["update", customerId, ...change], env: wrongKey, status: 2 },
  "import with refused credentials": { args: ["import", "file"], env: wrongKey, status: 2 },
  "get without credentials": { args: ["get", customerId], env: noCredentials, status: 2 },
  "update without credentials": { args: ["update", customerId, ...change], env: noCredentials, status: 2 },
  "import without credentials": { args: ["import", "file"], env: noCredentials, status: 2 },
  "get without a server": { args: ["get", customerId], env: noServer, status: 1 },
  "update without a server": { args: ["update", customerId, ...change], env: noServer, status: 1 },
  "import without a server": { args: ["import", "file"], env: noServer, status: 1 },
  "get of an unknown customer": { args: ["get", "1"], status: 1 },
  "update of an unknown customer": { args: ["update", "1", ...change], status: 1 },
  "get of an invalid customerId": { args: ["get", "a/b"], status: 2 },
  "update with an invalid field": { args: ["update", customerId, "--zip", "1"], status: 2 },
  "update with an invalid customer": { args: ["update", customerId, "--from", "-"], stdin: "{}", status: 2 },
  "update with a missing file": { args: ["update", customerId, "--from", "/nowhere"], status: 2 },
  "import of a missing file": { args: ["import", "/nowhere.csv"], status: 2 },
  "get with an unknown option": { args: ["get", customerId, "--nope"], status: 2 },
  "an unknown command": { args: ["nope"], status: 2 },
  "no command": { args: [], status: 0 },
  "--wizard, which is not known": { args: ["--wizard"], status: 2 },
  "update --wizard": { args: ["update", "--wizard"], status: 2 }
}

describe("the exit status is", () => {
  for (const [what, { args, env = {}, status, stdin = "" }] of Object.entries(cases)) {
    it.scopedLive(`${status} for ${what}`, () =>
      Effect.gen(function*() {
        const file = yield* write("customers.ndjson", ndjson({ customerId, change: { vip: 2 } }))
        const ended = yield* runWith(args.map((arg) => arg === "file" ? file : arg), { env, stdin })
        assert.strictEqual(ended.status, status, ended.stderr)
        assert.strictEqual(ended.stderr === "", status === 0)
        assertNoSecret(ended)
      }).pipe(Effect.provide([TrustlySandbox.layer(), NodeContext.layer])))
  }
})

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8")

it.effect("the help explains the exit statuses, and the page on imports has the same ones", () =>
  Effect.gen(function*() {
    const help = Array.from((yield* printed("--help")).matchAll(/^ {2}([0-3]) {2}(.*)$/gm), ([, n, text]) => [n, text])
    assert.deepStrictEqual(help, [
      ["0", "done"],
      ["1", "failed, or some lines of an import failed"],
      ["2", "the command line, a file, or the configuration has to change"],
      ["3", "an import stopped, and the same command continues it"]
    ])
    assert.include(read("../README.md"), "`trustly-customers --help` lists the exit statuses")
    const [, table = ""] =
      /^\| exit status +\| meaning +\|\n\|[ -|]+\n((?:\|.*\|\n)+)/m.exec(read("../../../docs/importing.md")) ?? []
    const page = Array.from(table.matchAll(/^\| (\d) +\| (.*?) +\|$/gm), ([, n, text = ""]) => [n, text])
    assert.deepStrictEqual(page.map(([n]) => n), ["0", "1", "2", "3"])
    assert.match(page[2]?.[1] ?? "", /configuration has to change, or another import of the file is running$/)
    assert.match(page[3]?.[1] ?? "", /import stopped, and the same command continues it$/)
  }))
