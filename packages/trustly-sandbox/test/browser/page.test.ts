import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Redacted, Schema, Scope } from "effect"
import { CustomerService, TrustlyRetry } from "effect-trustly"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { openApi } from "../../src/internal/openApi.ts"
import * as Contract from "../Contract.ts"
import {
  act,
  copiedText,
  hasFocus,
  isInstalled,
  openSandboxPages,
  screenshot,
  shownRequests,
  tabTo,
  waitForChange
} from "./browser.ts"
import { shell, withClient } from "./clients.ts"

const joe = "1002580963"
const john = "1001165729"

const sandbox = TrustlySandbox.layer({ accessKey: Redacted.make("sentinel-key") })

const { schemas } = Contract.ofOpenApi(Schema.decodeUnknownSync(Contract.OpenApiDocument)(openApi))

/** The dotted paths of the fields below a schema. `customData` has no fields of its own. */
const pathsOf = (schema: Contract.JsonSchema): ReadonlyArray<string> => {
  const { $ref, allOf = [], anyOf = [], properties = {} } = schema
  const referred = $ref === undefined ? [] : [schemas[Contract.nameOf($ref)] ?? {}]
  const own = Object.entries(properties).flatMap(([name, property]) => {
    const nested = pathsOf(property)
    return nested.length === 0 ? [name] : nested.map((path) => `${name}.${path}`)
  })
  return [...own, ...[...referred, ...allOf, ...anyOf].flatMap(pathsOf)]
}

const customer = (customerId: string) =>
  Effect.gen(function*() {
    const { customers } = yield* TrustlySandbox
    return (yield* customers).find((stored) => stored.customerId === customerId)
  })

describe.skipIf(!isInstalled)("the page", () => {
  const onPage = openSandboxPages()

  it.scopedLive("shows the update that it offers as a command as soon as a shell runs it", () =>
    onPage({}, (page) =>
      Effect.gen(function*() {
        const lines = yield* act(() => page.locator("#no-requests code").allTextContents())
        yield* screenshot(page, "empty-light")

        // the package of the command line is not installed here, so its source runs
        yield* shell(lines.join("\n").replace("npx effect-trustly-cli", "npx tsx packages/trustly-cli/src/main.ts"))

        yield* waitForChange(page, "John Smith", "vip 2")
        assert.deepStrictEqual(yield* shownRequests(page), [
          "POST | /customers/1001165729 | name, email, phone, address, vip | 200"
        ])
        assert.isTrue(yield* act(() => page.getByText("VIP 2", { exact: true }).isVisible()))
        assert.strictEqual((yield* customer(john))?.vip, 2)
      })).pipe(Effect.provide(TrustlySandbox.layer())))

  it.scopedLive("sends a test update, and shows what each request of it changed", () =>
    onPage({}, (page) =>
      Effect.gen(function*() {
        yield* act(() => page.getByRole("button", { name: "Send a test update" }).click())
        yield* waitForChange(page, "John Smith", "vip 1")
        yield* act(() => page.getByText("2 requests", { exact: false }).waitFor())
        yield* act(async () => {
          await page.locator("#request-list summary").nth(1).click()
          await page.getByRole("row", { name: "vip none 1" }).waitFor()
          await page.getByText("The write was applied.").waitFor()
          await page.getByText("(hidden)").waitFor()
        })
        yield* screenshot(page, "detail-light")
        assert.include(yield* act(() => page.locator(".messages").innerText()), "\"taxId\": \"#####6790\"")

        yield* act(() => page.getByRole("button", { name: "Copy as curl" }).click())
        yield* act(() => page.getByRole("button", { name: "Copied" }).waitFor())
        const command = yield* copiedText(page)
        yield* shell(command)
        yield* act(() => page.locator("#request-list summary").nth(2).waitFor())
        assert.deepStrictEqual((yield* shownRequests(page)).filter((row) => row.startsWith("POST")), [
          "POST | /customers/1001165729 | name, email, phone, address, vip | 200",
          "POST | /customers/1001165729 | name, email, phone, address, vip | 200"
        ])
      })).pipe(Effect.provide(TrustlySandbox.layer())))

  it.scopedLive("copies the base URL and the credentials", () =>
    onPage({}, (page) =>
      Effect.gen(function*() {
        const { url } = yield* TrustlySandbox
        for (
          const [label, text] of [["Base URL", url], ["Access id", "sandbox"], ["Access key", "sandbox"]] as const
        ) {
          yield* act(() => page.getByRole("button", { name: label }).click())
          assert.strictEqual(yield* copiedText(page), text)
        }
      })).pipe(Effect.provide(TrustlySandbox.layer())))

  it.scopedLive("does not know a configured access key, and then offers no test update", () =>
    onPage({}, (page) =>
      Effect.gen(function*() {
        assert.isTrue(yield* act(() => page.getByRole("button", { name: "Access key" }).isDisabled()))
        assert.isFalse(yield* act(() => page.getByRole("button", { name: "Send a test update" }).isVisible()))
        assert.include(yield* act(() => page.locator("#command").innerText()), "\"sandbox:$TRUSTLY_ACCESS_KEY\"")
      })).pipe(Effect.provide(sandbox)))

  it.scopedLive("groups the attempts of a retried modify, in the order in which they happened", () =>
    onPage({ isDark: true }, (page) =>
      Effect.gen(function*() {
        const { fail, requests } = yield* TrustlySandbox
        yield* fail({ fault: { _tag: "Status", status: 503, retryAfter: 0 }, operation: "update", times: 2 })
        yield* act(() => page.getByText("1 active fault", { exact: true }).waitFor())

        const service = yield* CustomerService
        yield* service.modify(john, () => ({ email: "john@example.com" })).pipe(
          Effect.retry(TrustlyRetry.policy({ baseDelay: "10 millis" }))
        )

        yield* act(() => page.getByText("attempt 3", { exact: true }).waitFor())
        yield* act(() => page.locator("#request-list .status.good").nth(3).waitFor())
        yield* screenshot(page, "retry-dark")
        const path = "/customers/1001165729"
        const fields = "email, name, phone, address"
        assert.deepStrictEqual(yield* shownRequests(page), [
          `GET | ${path} | 200`,
          `POST | ${path} | ${fields} | Status 503, Retry-After 0 s | 503`,
          `GET | ${path} | 200`,
          `POST | ${path} attempt 2 | ${fields} | Status 503, Retry-After 0 s | 503`,
          `GET | ${path} | 200`,
          `POST | ${path} attempt 3 | ${fields} | 200`
        ])
        const group = page.locator("#request-list > li")
        assert.strictEqual(yield* act(() => group.count()), 1)
        assert.match(
          yield* act(() => group.locator(".call").innerText()),
          /modify\s+1001165729\s+6 requests · 3 attempts/
        )
        yield* act(() => page.getByText("No active faults").waitFor())
        assert.strictEqual((yield* requests).length, 6)
      })).pipe(Effect.provide(withClient())))

  it.scopedLive("edits a customer by keyboard alone", () =>
    onPage({}, (page) =>
      Effect.gen(function*() {
        const { keyboard } = page
        yield* tabTo(page.getByRole("searchbox", { name: "Search customers" }))
        yield* act(() => keyboard.type("redwood"))
        yield* act(() => page.getByText("1 of 2").waitFor())
        yield* tabTo(page.getByRole("button", { name: "Joe User" }))
        yield* act(() => keyboard.press("Enter"))
        yield* tabTo(page.getByLabel("Phone", { exact: true }))
        yield* act(() => keyboard.press("Control+A"))
        yield* act(() => keyboard.type("+1 555 0123"))
        yield* tabTo(page.getByLabel("Tax ID", { exact: true }))
        yield* act(() => keyboard.type("sentinel-tax"))
        yield* screenshot(page, "keyboard-light")
        yield* act(() => keyboard.press("Enter"))
        yield* waitForChange(page, "Joe User", "phone +1 555 0123")
        yield* act(() => page.locator("#customer-list button:focus").waitFor())

        const stored = yield* customer(joe)
        assert.strictEqual(stored?.phone, "+1 555 0123")
        assert.strictEqual(stored?.taxId, "sentinel-tax")
        assert.deepStrictEqual(stored?.driverLicense, { number: "A1234567", state: "CA" })
      })).pipe(Effect.provide(sandbox)))

  it.scopedLive("shows a refusal with its rule at the field, and clears a field", () =>
    onPage({ expected: /status of 400/ }, (page) =>
      Effect.gen(function*() {
        const before = yield* customer(joe)
        yield* act(async () => {
          await page.getByRole("button", { name: "Joe User" }).click()
          await page.getByLabel("Postal code", { exact: true }).fill("12")
          await page.getByLabel("Driver's license state").fill("NV")
          await page.getByRole("button", { name: "Save" }).click()
          await page.getByText("Enter the number too").waitFor()
          await page.getByLabel("Driver's license state").fill("CA")
          await page.getByRole("button", { name: "Save" }).click()
          await page.getByText("Invalid parameter (code 200): at least 5 characters").waitFor()
        })
        const zip = page.getByLabel("Postal code", { exact: true })
        assert.strictEqual(yield* act(() => zip.getAttribute("aria-invalid")), "true")
        assert.isTrue(yield* hasFocus(zip))
        assert.deepStrictEqual(yield* customer(joe), before)
        yield* screenshot(page, "refused-light")

        yield* act(async () => {
          await zip.fill("94064")
          await page.getByRole("button", { name: "Clear External id" }).click()
          await page.getByRole("button", { name: "Clear Enroll date" }).click()
          await page.getByRole("button", { name: "Undo clearing Enroll date" }).click()
          await page.getByRole("button", { name: "Save" }).click()
        })
        yield* waitForChange(page, "Joe User", "externalId cleared")
        const after = yield* customer(joe)
        assert.deepStrictEqual(after?.address, { ...before?.address, zip: "94064" })
        assert.notProperty(after, "externalId")
        assert.strictEqual(after?.enrollDate, before?.enrollDate)
      })).pipe(Effect.provide(sandbox)))

  it.scopedLive("has an input for every field of an update, except identifiers and times that Trustly sets", () =>
    onPage({}, (page) =>
      Effect.gen(function*() {
        const inputs = yield* act(() =>
          page.locator("#editor-fields [name]").evaluateAll((all) => all.map((input) => input.getAttribute("name")))
        )
        const paths = pathsOf({ $ref: "#/components/schemas/CustomerUpdate" })
        const setByTrustly = new Set(["customerId", "createdAt", "updatedAt"])
        assert.sameMembers(inputs, paths.filter((path) => !setByTrustly.has(path)))
      })).pipe(Effect.provide(sandbox)))

  it.scopedLive("asks before Esc or Close discards an edit, and not without one", () =>
    onPage({}, (page) =>
      Effect.gen(function*() {
        const before = yield* customer(joe)
        const row = page.getByRole("button", { name: "Joe User" })
        const dialog = page.getByRole("dialog")
        const phone = page.getByLabel("Phone", { exact: true })
        yield* act(async () => {
          await row.click()
          await page.keyboard.press("Escape")
          await dialog.waitFor({ state: "hidden" })
          await row.click()
          await phone.fill("sentinel-phone")
          await page.keyboard.press("Escape")
          await page.getByText("Discard the change of 1 field?").waitFor()
        })
        assert.isTrue(yield* hasFocus(page.getByRole("button", { name: "Keep editing" })))
        yield* screenshot(page, "discard-light")
        yield* act(() => page.keyboard.press("Escape"))
        assert.isTrue(yield* hasFocus(phone))
        assert.strictEqual(yield* act(() => phone.inputValue()), "sentinel-phone")
        yield* act(async () => {
          await page.getByRole("button", { name: "Close" }).click()
          await page.getByRole("button", { name: "Discard" }).click()
          await dialog.waitFor({ state: "hidden" })
        })
        assert.isTrue(yield* hasFocus(row))
        assert.deepStrictEqual(yield* customer(joe), before)
      })).pipe(Effect.provide(sandbox)))

  it.scopedLive("reports a lost connection, and recovers", () =>
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
          yield* act(() => page.getByText("Connection lost, reconnecting").waitFor())
          yield* screenshot(page, "lost-light")
          yield* Layer.build(TrustlySandbox.layer({ port, seed: 1 }))
          yield* act(() => page.getByText("Live", { exact: true }).waitFor())
          yield* act(() => page.locator("#customer-count").getByText("3").waitFor())
        })).pipe(Effect.provide(started))
    }))

  it.scopedLive("links to the operations at /docs, which links back", () =>
    onPage({}, (page) =>
      Effect.gen(function*() {
        const operations = page.locator(".opblock-summary")
        yield* act(async () => {
          await page.getByRole("link", { name: "API reference" }).click()
          await operations.nth(3).waitFor()
        })
        yield* screenshot(page, "docs-light")
        const shown = yield* act(() => operations.allInnerTexts())
        // the viewer adds invisible characters at which a path may break
        const texts = shown.map((text) => text.replaceAll(/\u200B/g, "").replaceAll(/\s+/g, " "))
        const count = (operation: RegExp) => texts.filter((text) => operation.test(text)).length
        assert.strictEqual(count(/^GET \S*\/customers /), 1)
        assert.strictEqual(count(/^POST \S*\/customers /), 1)
        assert.strictEqual(count(/^GET \S*\/customers\/{customerId} /), 1)
        assert.strictEqual(count(/^POST \S*\/customers\/{customerId} /), 1)
        yield* act(async () => {
          await page.getByRole("link", { name: "Trustly sandbox" }).click()
          await page.getByText("Live", { exact: true }).waitFor()
        })
      })).pipe(Effect.provide(sandbox)))
})
