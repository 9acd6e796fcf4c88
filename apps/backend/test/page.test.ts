import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { join } from "node:path"
import { ask, post } from "../../../packages/trustly-sandbox/test/ask.ts"
import { act, isInstalled, openPages, violations } from "../../../packages/trustly-sandbox/test/browser/browser.ts"
import { environmentOf, start, until } from "./support/processes.ts"

const letter = (url: string, customerId: string) =>
  post(`${url}/customers/${customerId}/changes`, { change: { email: "sentinel@example.test" } }).pipe(
    Effect.map(({ headers }) => String(headers.location)),
    Effect.tap((location) => until(`${url}${location}`, (text) => text.includes("\"Failed\"")))
  )

describe.skipIf(!isInstalled)("the dead-letter page", () => {
  const onPage = openPages()

  it.scopedLive("shows dead letters as they come, retries them, discards them, and holds no field value", () =>
    Effect.gen(function*() {
      const folder = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()
      const sandbox = yield* TrustlySandbox
      const backend = yield* start(environmentOf(sandbox, join(folder, "delivery.db")))
      const url = yield* backend.url
      // a refused retry is a response with status 409 or 404, which the browser reports too
      yield* onPage(url, { isDark: true, expected: /409|404/ }, (page) =>
        Effect.gen(function*() {
          yield* act(() => page.getByText("None. Changes that Trustly refuses").waitFor())

          const older = yield* letter(url, "unknown-customer")
          yield* letter(url, "unknown-customer")
          const rows = page.getByRole("listitem")
          yield* act(() => rows.nth(1).waitFor())
          yield* act(() => page.locator("#failed", { hasText: "2" }).waitFor())
          assert.deepStrictEqual(yield* violations(page), [])
          assert.notInclude(yield* act(() => page.content()), "sentinel")

          // somebody else has retried it: there is nothing to announce
          yield* act(() => page.route("**/retry", (route) => route.fulfill({ status: 404 })))
          yield* act(() => rows.first().getByRole("button", { name: /^Retry/ }).click())
          yield* act(() => rows.first().locator("button:enabled", { hasText: "Retry" }).waitFor())
          assert.strictEqual(yield* act(() => page.locator("#live").textContent()), "")
          yield* act(() => page.unroute("**/retry"))

          // the older one is superseded: it is sent only after a confirmation
          const before = (yield* sandbox.requests).length
          yield* act(() => rows.first().getByRole("button", { name: /^Retry/ }).click())
          yield* act(() => page.getByRole("button", { name: "Cancel" }).click())
          assert.strictEqual((yield* sandbox.requests).length, before)
          yield* act(() => rows.first().getByRole("button", { name: /^Retry/ }).click())
          yield* act(() => page.getByRole("button", { name: "Retry anyway" }).click())
          yield* Effect.repeat(sandbox.requests, { until: (requests) => requests.length > before })
          yield* until(`${url}${older}`, (text) => text.includes("\"Failed\""))

          for (const left of [1, 0]) {
            yield* act(() => rows.first().getByRole("button", { name: /^Discard/ }).click())
            yield* act(() => page.getByRole("dialog").getByRole("button", { name: "Discard" }).click())
            yield* act(() => page.locator("#failed", { hasText: String(left) }).waitFor())
          }
          yield* act(() => page.getByText("None. Changes that Trustly refuses").waitFor())
          assert.include((yield* ask(`${url}${older}`)).text, "\"Discarded\"")
        }))

      yield* onPage(url, { isDark: true, expected: /net::ERR/ }, (page) =>
        Effect.gen(function*() {
          yield* backend.kill("SIGKILL")
          yield* act(() => page.getByText("The backend does not respond").waitFor())
        }))
    }).pipe(Effect.provide(Layer.merge(TrustlySandbox.layer(), NodeFileSystem.layer))))
})
