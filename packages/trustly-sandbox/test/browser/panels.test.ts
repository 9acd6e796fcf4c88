import { HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, describe, layer } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { CustomerService } from "effect-trustly"
import { TrustlySandbox } from "effect-trustly-sandbox"
import type { Page } from "playwright-core"
import { act, changed, Chromium, hasSidewaysScroll, isInstalled, obstacles, onPage, screenshot } from "./browser.ts"
import { withClient } from "./clients.ts"

const joe = "1002580963"

const rules = Effect.gen(function*() {
  const { url } = yield* TrustlySandbox
  const response = yield* HttpClient.get(new URL("/_sandbox/faults", url))
  return yield* response.json
})

const switchOn = (page: Page, fill: () => Promise<unknown>, shown: string) =>
  act(async () => {
    await fill()
    await page.getByRole("button", { name: "Switch on" }).click()
    await page.locator("#fault-list").getByText(shown, { exact: true }).waitFor()
  })

describe.skipIf(!isInstalled)("the panels of the sandbox's page", () => {
  layer(Chromium.layer, { excludeTestServices: true })((it) => {
    it.scoped("switch on each kind of fault with its options, and clear them", () =>
      onPage({}, (page) =>
        Effect.gen(function*() {
          const kind = (name: string) => page.getByRole("radio", { name }).check()
          yield* switchOn(page, async () => {
            await page.getByLabel("HTTP status").fill("429")
            await page.getByLabel("Retry-After, s").fill("")
            await page.getByLabel("Body, JSON").fill("{\"message\":\"later\"}")
            await page.getByLabel("Operation").selectOption("get")
          }, "status 429")
          yield* switchOn(page, async () => {
            await kind("Delay")
            await page.getByLabel("Milliseconds late").fill("1500")
            await page.getByLabel("Operation").selectOption("any")
            await page.getByRole("combobox", { name: "Requests" }).selectOption("every")
            await page.getByLabel("Number", { exact: true }).fill("3")
          }, "1,500 ms late")
          yield* switchOn(page, async () => {
            await kind("Silence")
            await page.getByLabel("Customer id").fill(joe)
            await page.getByRole("combobox", { name: "Requests" }).selectOption("times")
          }, "silence")
          yield* switchOn(page, async () => {
            await kind("Reset")
            await page.getByLabel("The connection breaks").selectOption("body")
            await page.getByLabel("Write first").check()
          }, "connection reset in the body")
          yield* switchOn(page, async () => {
            await kind("Malformed")
            await page.getByLabel("Text, sent with status 200").fill("<html>")
            await page.getByLabel("Write first").uncheck()
            await page.getByRole("combobox", { name: "Requests" }).selectOption("share")
            await page.getByLabel("Number", { exact: true }).fill("20")
          }, "malformed answer")
          yield* screenshot(page, "faults-light")

          assert.deepStrictEqual(yield* rules, [
            {
              rule: { fault: { _tag: "Status", status: 429, body: { message: "later" } }, operation: "get", times: 1 },
              seen: 0
            },
            { rule: { fault: { _tag: "Delay", millis: 1500 }, every: 3 }, seen: 0 },
            { rule: { fault: { _tag: "Silence" }, customerId: joe, times: 3 }, seen: 0 },
            {
              rule: { fault: { _tag: "Reset", where: "body" }, customerId: joe, times: 3, applied: true },
              seen: 0
            },
            { rule: { fault: { _tag: "Malformed", body: "<html>" }, customerId: joe, share: 0.2 }, seen: 0 }
          ])
          yield* act(async () => {
            await page.getByRole("button", { name: "Clear" }).click()
            await page.getByText("None. Every request is answered").waitFor()
          })
          assert.deepStrictEqual(yield* rules, [])
        })).pipe(Effect.provide(withClient())))

    it.scoped("say what is wrong with a rule, and send it not or say what the sandbox says", () =>
      onPage({ expected: /status of 400/ }, (page) =>
        Effect.gen(function*() {
          yield* act(async () => {
            await page.getByLabel("Body, JSON").fill("{")
            await page.getByRole("button", { name: "Switch on" }).click()
            await page.getByText("The body is no JSON.").waitFor()
            await page.getByLabel("Body, JSON").fill("")
            await page.locator("#fault-form").evaluate((form: HTMLFormElement) => form.noValidate = true)
            await page.getByLabel("HTTP status").fill("700")
            await page.getByRole("button", { name: "Switch on" }).click()
            await page.locator("#fault-problem").getByText("fault").waitFor()
          })
          assert.deepStrictEqual(yield* rules, [])
        })).pipe(Effect.provide(withClient())))

    it.scoped("stay quick with 1000 customers", () =>
      onPage({}, (page) =>
        Effect.gen(function*() {
          const { customers } = yield* TrustlySandbox
          const last = (yield* customers).at(-1)
          const rows = page.locator("#customer-list li")
          assert.strictEqual(yield* act(() => rows.count()), 100)
          yield* act(async () => {
            await page.getByRole("button", { name: "Show more" }).click()
            await rows.nth(199).waitFor()
          })
          const millis = yield* act(() =>
            page.evaluate(async (id) => {
              const search = document.querySelector("input[type=search]")
              if (!(search instanceof HTMLInputElement)) return Infinity
              const before = performance.now()
              search.value = id
              search.dispatchEvent(new Event("input"))
              await new Promise(requestAnimationFrame)
              return performance.now() - before
            }, String(last?.customerId))
          )
          assert.isBelow(millis, 250)
          assert.strictEqual(yield* act(() => rows.count()), 1)
          assert.include(yield* act(() => rows.innerText()), String(last?.name))
        })).pipe(Effect.provide(withClient({ seed: 1000 }))))

    it.scoped("keep the newest 200 requests", () =>
      onPage({}, (page) =>
        Effect.gen(function*() {
          const service = yield* CustomerService
          yield* Effect.forEach(Array.from({ length: 250 }), () => service.get(joe), { concurrency: 8 })
          yield* act(() => page.locator("#request-list li[data-key='250']").waitFor())
          yield* act(() => page.getByText("the newest 200").waitFor())
          const rows = page.locator("#request-list li")
          const keys = yield* act(() => rows.evaluateAll((all) => all.map((row) => row.getAttribute("data-key"))))
          assert.deepStrictEqual(keys, Array.from({ length: 200 }, (_, i) => String(250 - i)))
          const { requests } = yield* TrustlySandbox
          assert.strictEqual((yield* requests).at(-1)?.id, 250)
        })).pipe(Effect.provide(withClient())))

    it.scoped("show what was sent as text, and no secret of it", () =>
      onPage({}, (page) =>
        Effect.gen(function*() {
          const service = yield* CustomerService
          const name = "<img src=x onerror=alert(1)>"
          yield* service.modify(joe, () => ({
            name,
            taxId: "sentinel-1",
            nationalId: "sentinel-2",
            dateOfBirth: "sentinel-3",
            driverLicense: { number: "sentinel-4", state: "NV" },
            customData: { note: `<b>bold</b>${"-".repeat(50_000)}` }
          }))
          yield* act(async () => {
            await page.getByRole("button", { name }).waitFor()
            await page.locator("#request-list summary").first().click()
            await page.getByText("Applied taxId").waitFor()
          })
          assert.strictEqual(yield* act(() => page.locator("img, #request-list dd b").count()), 0)
          assert.isBelow((yield* act(() => page.locator("body").innerText())).length, 10_000)
          const { customers, url } = yield* TrustlySandbox
          assert.strictEqual((yield* customers).find(({ customerId }) => customerId === joe)?.taxId, "sentinel-1")

          const stranger = HttpClientRequest.get(`${url}/customers/${joe}`).pipe(
            HttpClientRequest.basicAuth("sandbox", "sentinel-wrong")
          )
          yield* HttpClient.execute(stranger)
          yield* act(() => page.locator("#request-list").getByText("401", { exact: true }).waitFor())
          assert.notInclude(yield* act(() => page.content()), btoa("sandbox:sentinel-wrong"))
        })).pipe(Effect.provide(withClient({ accessKey: Redacted.make("sentinel-key") }))))

    it.scoped("keep what is edited while somebody else writes, and give the focus back", () =>
      onPage({}, (page) =>
        Effect.gen(function*() {
          const service = yield* CustomerService
          const row = page.getByRole("button", { name: "Joe User" })
          yield* act(() => row.press("Enter"))
          yield* act(() => page.getByLabel("Phone").fill("+1 555 0123"))

          yield* service.modify(joe, () => ({ email: "joe@example.com", phone: "+1 555 0199" }))

          yield* changed(page, "Joe User", "phone +1 555 0199")
          assert.strictEqual(yield* act(() => page.getByLabel("Email").inputValue()), "joe@example.com")
          assert.strictEqual(yield* act(() => page.getByLabel("Phone").inputValue()), "+1 555 0123")
          yield* act(() => page.keyboard.press("Escape"))
          assert.isTrue(yield* act(() => row.evaluate((element) => element === document.activeElement)))
        })).pipe(Effect.provide(withClient())))

    it.scoped("reset the sandbox after a question", () =>
      onPage({}, (page) =>
        Effect.gen(function*() {
          const service = yield* CustomerService
          const { customers, requests } = yield* TrustlySandbox
          const before = yield* customers
          yield* service.modify(joe, () => ({ vip: 3 }))
          yield* changed(page, "Joe User", "vip 3")
          yield* act(async () => {
            await page.getByRole("button", { name: "Reset" }).click()
            await page.getByRole("dialog").waitFor()
            await page.keyboard.press("Escape")
          })
          assert.strictEqual((yield* requests).length, 2)
          yield* act(async () => {
            await page.getByRole("button", { name: "Reset" }).click()
            await page.getByRole("dialog").getByRole("button", { name: "Reset" }).click()
            await page.getByText("None yet.").waitFor()
          })
          assert.deepStrictEqual(yield* customers, before)
          assert.deepStrictEqual(yield* requests, [])
        })).pipe(Effect.provide(withClient())))

    it.scoped("put nothing in anybody's way: light, dark, on a phone", () =>
      onPage({}, (page) =>
        Effect.gen(function*() {
          const service = yield* CustomerService
          const { fail } = yield* TrustlySandbox
          yield* fail({ fault: { _tag: "Status", status: 503 } })
          yield* fail({ fault: { _tag: "Delay", millis: 1 }, every: 100 })
          yield* Effect.flip(service.get(joe))
          yield* service.modify(joe, () => ({ vip: 3, address: { address2: "Floor 2" }, externalId: null }))
          yield* changed(page, "Joe User", "vip 3")
          yield* act(() => page.locator("#request-list").getByText("applied", { exact: true }).waitFor())

          const lookFor = (name: string) =>
            Effect.gen(function*() {
              yield* screenshot(page, name)
              assert.deepStrictEqual(yield* obstacles(page), [])
              assert.isFalse(yield* hasSidewaysScroll(page))
            })
          const looks = Effect.fn(function*(name: string) {
            yield* lookFor(`all-${name}`)
            yield* act(() => page.getByRole("button", { name: "Joe User" }).click())
            yield* lookFor(`editor-${name}`)
            yield* act(() => page.keyboard.press("Escape"))
          })
          yield* looks("light")
          yield* act(() => page.emulateMedia({ colorScheme: "dark" }))
          yield* looks("dark")
          yield* act(() => page.setViewportSize({ width: 360, height: 740 }))
          yield* act(() => page.emulateMedia({ colorScheme: "light" }))
          yield* looks("phone")
        })).pipe(Effect.provide(withClient())))
  })
})
