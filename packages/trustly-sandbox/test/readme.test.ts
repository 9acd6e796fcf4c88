import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { run } from "effect-trustly-sandbox/cli"
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { ask } from "./ask.ts"
import { authorization, control, john, originOf, start } from "./support.ts"

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8")

const readme = read("../README.md")
const guide = read("../../../docs/sandbox-in-ci.md")

const routes = Array.from(readme.matchAll(/^\| `(GET|POST|DELETE) (\/\S*)`/gm), ([, method = "", path = ""]) => ({
  method,
  path
}))

const customer = `{"name":"Ann","email":"ann@example.test","phone":"+1","address":{"country":"US"}}`

const bodies: Readonly<Record<string, string>> = {
  "POST /_sandbox/faults": `{"fault":{"_tag":"Silence"},"operation":"find","customerId":"none"}`,
  "POST /_sandbox/customers/{id}": `{"vip":1}`,
  "POST /api/v1/customers": customer,
  "POST /api/v1/customers/{id}": customer
}

describe("the README", () => {
  it.scopedLive("lists every operation of the OpenAPI document", () =>
    Effect.gen(function*() {
      const { json } = yield* ask(`${originOf(yield* start())}/openapi.json`)
      const operations = Object.entries(Object(json).paths).flatMap(([path, methods]) =>
        Object.keys(Object(methods)).map((method) => `${method.toUpperCase()} ${path.replace("{customerId}", "{id}")}`)
      )
      assert.isNotEmpty(operations)
      assert.sameMembers(
        routes.filter(({ path }) => path.startsWith("/api")).map(({ method, path }) => `${method} ${path}`),
        operations.map((operation) => operation.replace(" /customers", " /api/v1/customers"))
      )
    }))

  it.scopedLive("lists every method of the control path", () =>
    Effect.gen(function*() {
      const call = control(yield* start())
      const paths = ["/state", "/requests", "/requests/{id}", "/faults", "/customers/{id}", "/reset", "/events"]
      for (const path of paths) {
        const { headers } = yield* call("PUT", path.replace("{id}", "1"))
        const listed = routes.filter((route) => route.path === `/_sandbox${path}`).map(({ method }) => method)
        assert.sameMembers(listed, String(headers["allow"]).split(", ").filter((method) => method !== "HEAD"), path)
      }
    }))

  for (const { method, path } of routes.filter((route) => route.path !== "/_sandbox/events")) {
    it.scopedLive(`lists a route that exists: ${method} ${path}`, () =>
      Effect.gen(function*() {
        const sandbox = yield* start()
        yield* ask(`${sandbox.url}/customers/${john}`, { headers: authorization() })
        const id = path.includes("requests") ? "1" : john
        const query = method === "GET" && path === "/api/v1/customers" ? "?externalId=4567890" : ""
        const { status } = yield* ask(originOf(sandbox) + path.replace("{id}", id) + query, {
          method,
          headers: authorization(),
          body: bodies[`${method} ${path}`] ?? ""
        })
        assert.include([200, 201, 204], status)
      }))
  }

  it.effect("lists the options of the command", () =>
    Effect.gen(function*() {
      const listed = Array.from(readme.matchAll(/^\| `--([\w-]+)/gm), ([, name = ""]) => name)
      assert.include(listed, "port")
      for (const name of listed.filter((option) => option !== "help")) {
        const error = yield* Effect.flip(run([`--${name}`]))
        assert.strictEqual(error.message, `--${name} needs a value. See --help`)
      }
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})

describe("the guide for Docker Compose", () => {
  it.scopedLive("has a health check that succeeds while the sandbox runs, and fails without it", () =>
    Effect.gen(function*() {
      const sandbox = yield* start()
      const [, script = ""] = /\["CMD", "node", "-e", "(.*)"\]/.exec(guide) ?? []
      const check = (origin: string) =>
        Effect.async<boolean>((resume) => {
          const code = script.replace("http://127.0.0.1:4000", origin)
          execFile(process.execPath, ["-e", code], (error) => resume(Effect.succeed(error === null)))
        })
      assert.include(script, "http://127.0.0.1:4000/_sandbox/state")
      assert.isTrue(yield* check(originOf(sandbox)))
      // the port of a server that has ended
      const ended = yield* Effect.scoped(Effect.map(start(), originOf))
      assert.isFalse(yield* check(ended))
    }))
})
