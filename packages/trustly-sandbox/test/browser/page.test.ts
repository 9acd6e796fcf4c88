import { assert, describe, layer } from "@effect/vitest"
import { Effect, Exit, Layer, Redacted, Scope } from "effect"
import { CustomerService, TrustlyRetry } from "effect-trustly"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { act, changed, Chromium, isInstalled, onPage, screenshot, shownRequests, tabTo } from "./browser.ts"
import { shell, withClient } from "./clients.ts"

const joe = "1002580963"
const john = "1001165729"

const sandbox = TrustlySandbox.layer({ accessKey: Redacted.make("sentinel-key") })

const customer = (customerId: string) =>
  Effect.gen(function*() {
    const { customers } = yield* TrustlySandbox
    return (yield* customers).find((held) => held.customerId === customerId)
  })

describe.skipIf(!isInstalled)("the sandbox's page", () => {
  layer(Chromium.layer, { excludeTestServices: true })((it) => {
    it.scoped("shows the update that it prints for a shell as it arrives", () =>
      onPage({}, (page) =>
        Effect.gen(function*() {
          const { requests } = yield* TrustlySandbox
          const lines = yield* act(() => page.locator("#connect code").allTextContents())
          yield* screenshot(page, "empty-light")

          // the package of the command line is not installed here, so its source runs
          yield* shell(lines.join("\n").replace("npx effect-trustly-cli", "npx tsx packages/trustly-cli/src/main.ts"))

          yield* changed(page, "John Smith", "vip 2")
          yield* changed(page, "John Smith", "address 105 Alternate2 Street, #402, Reno, NV, 90210, US")
          assert.deepStrictEqual(yield* shownRequests(page), [
            "POST /customers/1001165729 200 0 ms address vip name email phone applied",
            "GET /customers/1001165729 200 0 ms"
          ])
          yield* act(() => page.locator("#request-list summary").first().click())
          yield* act(() => page.getByText("Applied vip").waitFor())
          yield* screenshot(page, "update-light")
          const seen = yield* requests
          assert.deepStrictEqual(seen.map(({ attempt, method, status }) => [method, status, attempt]), [
            ["GET", 200, 1],
            ["POST", 200, 1]
          ])
          assert.strictEqual((yield* customer(john))?.vip, 2)
        })).pipe(Effect.provide(TrustlySandbox.layer())))

    it.scoped("shows the attempts of a retried update and its recovery", () =>
      onPage({ dark: true }, (page) =>
        Effect.gen(function*() {
          const { requests } = yield* TrustlySandbox
          yield* act(async () => {
            await page.getByLabel("Retry-After, s").fill("0")
            await page.getByLabel("Operation").selectOption("update")
            await page.getByLabel("Number", { exact: true }).fill("2")
            await page.getByRole("button", { name: "Switch on" }).click()
            await page.getByText("update · any customer · the next 2").waitFor()
          })

          const service = yield* CustomerService
          yield* service.modify(john, () => ({ email: "john@example.com" })).pipe(
            Effect.retry(TrustlyRetry.policy({ baseDelay: "10 millis" }))
          )

          yield* act(() => page.getByText("attempt 3", { exact: true }).waitFor())
          yield* screenshot(page, "retry-dark")
          const sent = "email name phone address"
          const failed = `503 0 ms ${sent} not applied fault: status 503, Retry-After 0 s`
          assert.deepStrictEqual(
            (yield* shownRequests(page)).filter((row) => row.startsWith("POST")),
            [
              `POST /customers/1001165729 attempt 3 200 0 ms ${sent} applied`,
              `POST /customers/1001165729 attempt 2 ${failed}`,
              `POST /customers/1001165729 ${failed}`
            ]
          )
          yield* act(() => page.getByText("None. Every request is answered").waitFor())
          const seen = (yield* requests).filter(({ operation }) => operation === "update")
          assert.deepStrictEqual(seen.map(({ attempt, status }) => [status, attempt]), [[503, 1], [503, 2], [200, 3]])
        })).pipe(Effect.provide(withClient())))

    it.scoped("edits a customer by keyboard alone", () =>
      onPage({}, (page) =>
        Effect.gen(function*() {
          const { keyboard } = page
          yield* tabTo(page.getByRole("searchbox"))
          yield* act(() => keyboard.type("redwood"))
          yield* act(() => page.getByText("1 of 2").waitFor())
          yield* tabTo(page.getByRole("button", { name: "Joe User" }))
          yield* act(() => keyboard.press("Enter"))
          yield* tabTo(page.getByLabel("Phone"))
          yield* act(() => keyboard.press("Control+A"))
          yield* act(() => keyboard.type("+1 555 0123"))
          yield* tabTo(page.getByLabel("Tax id", { exact: true }))
          yield* act(() => keyboard.type("sentinel-tax"))
          yield* screenshot(page, "keyboard-light")
          yield* act(() => keyboard.press("Enter"))
          yield* changed(page, "Joe User", "phone +1 555 0123")
          yield* act(() => page.locator("#customer-list button:focus").waitFor())

          const stored = yield* customer(joe)
          assert.strictEqual(stored?.phone, "+1 555 0123")
          assert.strictEqual(stored?.taxId, "sentinel-tax")
          assert.deepStrictEqual(stored?.driverLicense, { number: "A1234567", state: "CA" })
        })).pipe(Effect.provide(sandbox)))

    it.scoped("shows at its field why an edit is refused, and removes a field", () =>
      onPage({ expected: /status of 400/ }, (page) =>
        Effect.gen(function*() {
          const before = yield* customer(joe)
          yield* act(async () => {
            await page.getByRole("button", { name: "Joe User" }).click()
            await page.getByLabel("Postal code", { exact: true }).fill("12")
            await page.getByLabel("Driver's license, state").fill("NV")
            await page.getByRole("button", { name: "Save" }).click()
            await page.getByText("Give the number too").waitFor()
            await page.getByLabel("Driver's license, state").fill("CA")
            await page.getByRole("button", { name: "Save" }).click()
            await page.getByText("Invalid parameter (code 200)").waitFor()
          })
          const zip = page.getByLabel("Postal code", { exact: true })
          assert.strictEqual(yield* act(() => zip.getAttribute("aria-invalid")), "true")
          assert.isTrue(yield* act(() => zip.evaluate((element) => element === document.activeElement)))
          assert.deepStrictEqual(yield* customer(joe), before)
          yield* screenshot(page, "refused-light")

          yield* act(async () => {
            await zip.fill("94064")
            await page.getByLabel("Remove External id").check()
            await page.getByRole("button", { name: "Save" }).click()
          })
          yield* changed(page, "Joe User", "externalId removed")
          const after = yield* customer(joe)
          assert.deepStrictEqual(after?.address, { ...before?.address, zip: "94064" })
          assert.notProperty(after, "externalId")
        })).pipe(Effect.provide(sandbox)))

    it.scoped("says that the connection is lost, and recovers", () =>
      Effect.gen(function*() {
        const first = yield* Scope.make()
        const started = yield* Layer.buildWithScope(TrustlySandbox.layer(), first)
        const port = yield* Effect.map(
          Effect.provide(TrustlySandbox, started),
          ({ url }) => Number(new URL(url).port)
        )
        yield* onPage({ expected: /net::ERR/ }, (page) =>
          Effect.gen(function*() {
            yield* Scope.close(first, Exit.void)
            yield* act(() => page.getByText("Connection lost. Trying again").waitFor())
            yield* screenshot(page, "lost-light")
            yield* Layer.build(TrustlySandbox.layer({ port, seed: 1 }))
            yield* act(() => page.getByText("Live", { exact: true }).waitFor({ timeout: 10_000 }))
            yield* act(() => page.locator("#customer-count").getByText("3").waitFor())
          })).pipe(Effect.provide(started))
      }))

    it.scoped("shows the operations at /docs", () =>
      onPage({ expected: /404 .*\/favicon\.ico$/ }, (page) =>
        Effect.gen(function*() {
          const operations = page.locator(".opblock-summary")
          yield* act(async () => {
            await page.getByRole("link", { name: "API", exact: true }).click()
            await operations.nth(3).waitFor()
          })
          yield* screenshot(page, "docs-light")
          const shown = yield* act(() => operations.allInnerTexts())
          // the viewer lets paths break, with characters that do not show
          const texts = shown.map((text) => text.replaceAll(/\u200B/g, "").replaceAll(/\s+/g, " "))
          const described = (operation: RegExp) => texts.filter((text) => operation.test(text)).length
          assert.strictEqual(described(/^GET \S*\/customers /), 1)
          assert.strictEqual(described(/^POST \S*\/customers /), 1)
          assert.strictEqual(described(/^GET \S*\/customers\/{customerId} /), 1)
          assert.strictEqual(described(/^POST \S*\/customers\/{customerId} /), 1)
        })).pipe(Effect.provide(sandbox)))
  })
})
