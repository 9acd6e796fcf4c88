import { FileSystem } from "@effect/platform"
import { NodeFileSystem } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import axe from "axe-core"
import { Config, Console, Effect, Layer } from "effect"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { existsSync } from "node:fs"
import { join } from "node:path"
import type { Page } from "playwright-core"
import { chromium } from "playwright-core"
import { ask, post } from "../../../packages/trustly-sandbox/test/ask.ts"
import { environmentOf, start, until } from "./support/processes.ts"

const executablePath = Effect.runSync(Config.string("CHROMIUM_PATH").pipe(Config.withDefault("/usr/bin/chromium")))
const isInstalled = existsSync(executablePath)
if (!isInstalled) {
  Effect.runSync(Console.warn(`No Chromium at ${executablePath} (CHROMIUM_PATH): its tests are skipped`))
}

const act = Effect.promise

const openPage = (url: string, colorScheme: "light" | "dark") =>
  Effect.gen(function*() {
    const browser = yield* Effect.acquireRelease(
      act(() => chromium.launch({ executablePath, args: ["--headless", "--no-sandbox", "--disable-gpu"] })),
      (opened) => act(() => opened.close())
    )
    const page = yield* act(() => browser.newPage({ colorScheme }))
    page.setDefaultTimeout(100_000)
    const troubles: Array<string> = []
    page.on("pageerror", ({ message }) => troubles.push(message))
    // a refused retry is a response with status 409, which the browser reports too
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().includes("409")) troubles.push(message.text())
    })
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== url) troubles.push(`asked for ${request.url()}`)
    })
    yield* act(() => page.goto(url))
    yield* act(() => page.getByText("Live", { exact: true }).waitFor())
    return { page, troubles }
  })

/** What a person who uses the page by other means than the usual could not do. */
const obstacles = (page: Page) =>
  act(async () => {
    await page.evaluate(axe.source)
    const { violations } = await page.evaluate<axe.AxeResults>("axe.run()")
    return violations.map(({ help, nodes }) => `${help}: ${nodes.map(({ html }) => html).join(" ")}`)
  })

const letter = (url: string, customerId: string) =>
  post(`${url}/customers/${customerId}/changes`, { change: { email: "sentinel@example.test" } }).pipe(
    Effect.map(({ headers }) => String(headers.location)),
    Effect.tap((location) => until(`${url}${location}`, (text) => text.includes("\"Failed\"")))
  )

describe.skipIf(!isInstalled)("the dead-letter page", () => {
  it.scopedLive("shows dead letters as they come, retries them, discards them, and holds no field value", () =>
    Effect.gen(function*() {
      const folder = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()
      const sandbox = yield* TrustlySandbox
      const backend = yield* start(environmentOf(sandbox, join(folder, "delivery.db")))
      const url = yield* backend.url
      const { page, troubles } = yield* openPage(url, "dark")
      yield* act(() => page.getByText("None. Changes that Trustly refuses").waitFor())

      const older = yield* letter(url, "unknown-customer")
      yield* letter(url, "unknown-customer")
      const rows = page.getByRole("listitem")
      yield* act(() => rows.nth(1).waitFor())
      yield* act(() => page.locator("#failed", { hasText: "2" }).waitFor())
      assert.deepStrictEqual(yield* obstacles(page), [])
      assert.notInclude(yield* act(() => page.content()), "sentinel")

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
      assert.deepStrictEqual(troubles, [])

      yield* backend.kill("SIGKILL")
      yield* act(() => page.getByText("The backend does not respond").waitFor())
    }).pipe(Effect.provide(Layer.merge(TrustlySandbox.layer(), NodeFileSystem.layer))))
})
