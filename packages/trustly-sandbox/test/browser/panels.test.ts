import { HttpClient, HttpClientRequest } from "@effect/platform"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { CustomerService } from "effect-trustly"
import { TrustlySandbox } from "effect-trustly-sandbox"
import type { Page } from "playwright-core"
import { soak } from "../../../trustly/test/soak.ts"
import {
  act,
  desktop,
  hasFocus,
  hasSidewaysScroll,
  isInstalled,
  openSandboxPages,
  phone,
  screenshot,
  shownRequests,
  violations,
  waitForChange
} from "./browser.ts"
import { withClient } from "./clients.ts"

const joe = "1002580963"

const rules = Effect.gen(function*() {
  const { url } = yield* TrustlySandbox
  const response = yield* HttpClient.get(new URL("/_sandbox/faults", url))
  return yield* response.json
})

const openAdvanced = (page: Page) => act(() => page.getByText("Advanced", { exact: true }).click())

const addFault = (page: Page, fill: () => Promise<unknown>, shown: string) =>
  act(async () => {
    await fill()
    await page.getByRole("button", { name: "Add fault" }).click()
    await page.locator("#fault-list").getByText(shown, { exact: true }).waitFor()
  })

describe.skipIf(!isInstalled)("the panels of the page", () => {
  const onPage = openSandboxPages()

  it.scopedLive("add each preset fault, count them, and clear them", () =>
    onPage({}, (page) =>
      Effect.gen(function*() {
        yield* act(async () => {
          await page.getByRole("button", { name: "503 once" }).click()
          await page.getByRole("button", { name: "Timeout" }).click()
          await page.getByRole("button", { name: "Lost answer after the write" }).click()
          await page.getByRole("button", { name: "429 with Retry-After" }).click()
          await page.getByRole("button", { name: "4 active faults" }).waitFor()
        })
        yield* screenshot(page, "presets-light")
        assert.deepStrictEqual(yield* rules, [
          { rule: { fault: { _tag: "Status", status: 503 } }, seen: 0 },
          { rule: { fault: { _tag: "Silence" } }, seen: 0 },
          { rule: { fault: { _tag: "Reset" }, operation: "update", applied: true }, seen: 0 },
          { rule: { fault: { _tag: "Status", status: 429, retryAfter: 2 } }, seen: 0 }
        ])
        yield* act(async () => {
          await page.getByRole("button", { name: "Clear all" }).click()
          await page.getByText("No active faults").waitFor()
        })
        assert.deepStrictEqual(yield* rules, [])
      })).pipe(Effect.provide(withClient())))

  it.scopedLive("add each kind of fault with its options under Advanced", () =>
    onPage({}, (page) =>
      Effect.gen(function*() {
        const kind = (name: string) => page.getByRole("radio", { name }).check()
        yield* openAdvanced(page)
        yield* addFault(page, async () => {
          await page.getByLabel("HTTP status").fill("429")
          await page.getByLabel("Body, JSON").fill("{\"message\":\"later\"}")
          await page.getByLabel("Operation").selectOption("get")
        }, "Status 429")
        yield* addFault(page, async () => {
          await kind("Delay")
          await page.getByLabel("Delay, ms").fill("1500")
          await page.getByLabel("Operation").selectOption("any")
          await page.getByLabel("Fail", { exact: true }).selectOption("every")
          await page.getByLabel("Number", { exact: true }).fill("3")
        }, "Delay 1,500 ms")
        yield* addFault(page, async () => {
          await kind("Silence")
          await page.getByLabel("Customer id").fill(joe)
          await page.getByLabel("Fail", { exact: true }).selectOption("times")
        }, "No response")
        yield* addFault(page, async () => {
          await kind("Reset")
          await page.getByLabel("Break the connection").selectOption("body")
          await page.getByLabel("Apply a write").check()
        }, "Reset in the body")
        yield* addFault(page, async () => {
          await kind("Malformed")
          await page.getByLabel("Body, sent with status 200").fill("<html>")
          await page.getByLabel("Apply a write").uncheck()
          await page.getByLabel("Fail", { exact: true }).selectOption("share")
          await page.getByLabel("Number", { exact: true }).fill("20")
        }, "Malformed body")
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
      })).pipe(Effect.provide(withClient())))

  it.scopedLive("explain why a fault rule is refused", () =>
    onPage({ expected: /status of 400/ }, (page) =>
      Effect.gen(function*() {
        yield* openAdvanced(page)
        yield* act(async () => {
          await page.getByLabel("Body, JSON").fill("{")
          await page.getByRole("button", { name: "Add fault" }).click()
          await page.getByText("The body is not valid JSON.").waitFor()
          await page.getByLabel("Body, JSON").fill("")
          await page.locator("#fault-form").evaluate((form: HTMLFormElement) => form.noValidate = true)
          await page.getByLabel("HTTP status").fill("700")
          await page.getByRole("button", { name: "Add fault" }).click()
          await page.getByText("expected a number between 200 and 599").waitFor()
        })
        assert.deepStrictEqual(yield* rules, [])
      })).pipe(Effect.provide(withClient())))

  it.scopedLive("show 100 of 1,000 customers at a time, and find each of them", () =>
    onPage({}, (page) =>
      Effect.gen(function*() {
        const { customers } = yield* TrustlySandbox
        const last = (yield* customers).at(-1)
        const rows = page.locator("#customer-list li")
        assert.strictEqual(yield* act(() => rows.count()), 100)
        yield* act(async () => {
          await page.getByRole("button", { name: "Show more" }).click()
          await rows.nth(199).waitFor()
          await page.getByRole("searchbox", { name: "Search customers" }).fill(String(last?.customerId))
        })
        assert.strictEqual(yield* act(() => rows.count()), 1)
        assert.include(yield* act(() => rows.innerText()), String(last?.name))
      })).pipe(Effect.provide(withClient({ seed: 1000 }))))

  it.scopedLive("lead back from a search without results", () =>
    onPage({}, (page) =>
      Effect.gen(function*() {
        const search = page.getByRole("searchbox", { name: "Search customers" })
        yield* act(async () => {
          await search.fill("nothing like it")
          await page.getByText("No customers match", { exact: true }).waitFor()
        })
        yield* screenshot(page, "no-customers-light")
        yield* act(async () => {
          await page.getByRole("button", { name: "Show all customers" }).click()
          await page.getByRole("button", { name: "Joe User" }).waitFor()
        })
        assert.isTrue(yield* hasFocus(search))
      })).pipe(Effect.provide(withClient())))

  it.scopedLive("keep the order of the customers while writes arrive", () =>
    onPage({}, (page) =>
      Effect.gen(function*() {
        const service = yield* CustomerService
        const names = page.locator("#customer-list .id")
        const before = yield* act(() => names.allInnerTexts())
        yield* service.modify("1003000003", () => ({ vip: 3 }))
        yield* service.modify(joe, () => ({ vip: 2 }))
        yield* waitForChange(page, "Joe User", "vip 2")
        assert.deepStrictEqual(yield* act(() => names.allInnerTexts()), before)
        yield* act(() => page.getByRole("button", { name: "Changed only" }).click())
        assert.deepStrictEqual(yield* act(() => names.allInnerTexts()), [joe, "1003000003"])
      })).pipe(Effect.provide(withClient({ seed: 5 }))))

  it.scopedLive("keep the latest 200 requests", () =>
    onPage({}, (page) =>
      Effect.gen(function*() {
        const service = yield* CustomerService
        yield* Effect.forEach(Array.from({ length: 250 }), () => service.get(joe), { concurrency: 8 })
        yield* act(() => page.locator("#request-list li[data-key='250']").waitFor())
        yield* act(() => page.getByText("latest 200").waitFor())
        const rows = page.locator("#request-list li")
        const keys = yield* act(() => rows.evaluateAll((all) => all.map((row) => row.getAttribute("data-key"))))
        assert.deepStrictEqual(keys, Array.from({ length: 200 }, (_, i) => String(250 - i)))
        const { requests } = yield* TrustlySandbox
        assert.strictEqual((yield* requests).at(-1)?.id, 250)
      })).pipe(Effect.provide(withClient())))

  it.scopedLive("filter the requests, and hold back new ones while paused", () =>
    onPage({}, (page) =>
      Effect.gen(function*() {
        const service = yield* CustomerService
        const filter = page.getByRole("searchbox", { name: "Filter requests" })
        yield* service.get(joe)
        yield* Effect.flip(service.get("missing"))
        yield* act(() => page.locator("#request-list").getByText("404", { exact: true }).waitFor())
        yield* act(() => filter.fill("get 404"))
        assert.deepStrictEqual(yield* shownRequests(page), ["GET | /customers/missing | 404"])
        yield* act(async () => {
          await page.getByText("1 of 2", { exact: true }).waitFor()
          await filter.fill("nothing like it")
          await page.getByText("No requests match", { exact: true }).waitFor()
          await page.getByRole("button", { name: "Clear filter" }).click()
          await page.getByRole("button", { name: "Pause" }).click()
        })
        yield* service.find({ externalId: "4567890" })
        yield* act(() => page.getByRole("button", { name: "Resume, 1 new" }).waitFor())
        assert.strictEqual((yield* shownRequests(page)).length, 2)
        yield* screenshot(page, "paused-light")
        yield* act(() => page.getByRole("button", { name: "Resume" }).click())
        assert.strictEqual((yield* shownRequests(page))[0], "GET | /customers | 200")
      })).pipe(Effect.provide(withClient())))

  it.scopedLive("show data as text, and no secret of it", () =>
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
          await page.locator("#request-list summary").nth(1).click()
          await page.getByRole("rowheader", { name: "taxId" }).waitFor()
        })
        assert.strictEqual(yield* act(() => page.locator("main img, .detail b").count()), 0)
        assert.isBelow((yield* act(() => page.locator("body").innerText())).length, 40_000)
        const { customers, url } = yield* TrustlySandbox
        assert.strictEqual((yield* customers).find(({ customerId }) => customerId === joe)?.taxId, "sentinel-1")

        const unauthorized = HttpClientRequest.get(`${url}/customers/${joe}`).pipe(
          HttpClientRequest.basicAuth("sandbox", "sentinel-wrong")
        )
        yield* HttpClient.execute(unauthorized)
        yield* act(() => page.locator("#request-list").getByText("401", { exact: true }).waitFor())
        assert.notInclude(yield* act(() => page.content()), btoa("sandbox:sentinel-wrong"))
      })).pipe(Effect.provide(withClient({ accessKey: Redacted.make("sentinel-key") }))))

  it.scopedLive("keep an edit while another client writes, and restore the focus", () =>
    onPage({}, (page) =>
      Effect.gen(function*() {
        const service = yield* CustomerService
        const row = page.getByRole("button", { name: "Joe User" })
        yield* act(() => row.press("Enter"))
        yield* act(() => page.getByLabel("Phone", { exact: true }).fill("+1 555 0123"))

        yield* service.modify(joe, () => ({ email: "joe@example.com", phone: "+1 555 0199" }))

        yield* waitForChange(page, "Joe User", "phone +1 555 0199")
        assert.strictEqual(yield* act(() => page.getByLabel("Email").inputValue()), "joe@example.com")
        assert.strictEqual(
          yield* act(() => page.getByLabel("Phone", { exact: true }).inputValue()),
          "+1 555 0123"
        )
        yield* act(async () => {
          await page.keyboard.press("Escape")
          await page.getByRole("button", { name: "Discard" }).click()
        })
        assert.isTrue(yield* hasFocus(row))
      })).pipe(Effect.provide(withClient())))

  it.scopedLive("reset the sandbox after a confirmation", () =>
    onPage({}, (page) =>
      Effect.gen(function*() {
        const service = yield* CustomerService
        const { customers, requests } = yield* TrustlySandbox
        const before = yield* customers
        yield* service.modify(joe, () => ({ vip: 3 }))
        yield* waitForChange(page, "Joe User", "vip 3")
        yield* act(async () => {
          await page.getByRole("button", { name: "Reset" }).click()
          await page.getByRole("dialog").waitFor()
          await page.keyboard.press("Escape")
        })
        assert.strictEqual((yield* requests).length, 2)
        yield* act(async () => {
          await page.getByRole("button", { name: "Reset" }).click()
          await page.getByRole("dialog").getByRole("button", { name: "Reset" }).click()
          await page.getByText("No requests yet").waitFor()
        })
        assert.deepStrictEqual(yield* customers, before)
        assert.deepStrictEqual(yield* requests, [])
      })).pipe(Effect.provide(withClient())))

  it.scopedLive("show one panel at a time on a phone", () =>
    onPage({ isPhone: true }, (page) =>
      Effect.gen(function*() {
        const panels = ["Requests", "Customers", "Faults"]
        const visible = () =>
          act(async () => {
            const shown = await Promise.all(
              panels.map((name) => page.getByRole("heading", { level: 2, name, exact: true }).isVisible())
            )
            return panels.filter((_, index) => shown[index])
          })
        for (const name of panels) {
          const tab = page.getByRole("navigation").getByRole("button", { name })
          yield* act(() => tab.click())
          assert.deepStrictEqual(yield* visible(), [name])
          assert.strictEqual(yield* act(() => tab.getAttribute("aria-current")), "true")
        }
        // the page scrolls as a whole: no list has a scroll bar of its own
        assert.strictEqual(
          yield* act(() => page.locator(".scroll").first().evaluate((list) => getComputedStyle(list).overflowY)),
          "visible"
        )
      })).pipe(Effect.provide(withClient({ seed: 50 }))))

  it.scopedLive("have no accessibility violation in any state: light and dark, wide and on a phone", () =>
    onPage({ expected: /status of 400/ }, (page) =>
      Effect.gen(function*() {
        const service = yield* CustomerService
        const sandbox = yield* TrustlySandbox
        const check = (name: string) =>
          Effect.gen(function*() {
            yield* screenshot(page, name)
            assert.deepStrictEqual(yield* violations(page), [], name)
            assert.isFalse(yield* hasSidewaysScroll(page), name)
          })
        const tab = (name: string) =>
          act(async () => {
            const button = page.getByRole("navigation").getByRole("button", { name })
            if (await button.isVisible()) await button.click()
          })
        const search = page.getByRole("searchbox", { name: "Search customers" })

        const looks = Effect.fn(function*(look: string) {
          yield* sandbox.reset
          yield* tab("Requests")
          yield* act(() => page.getByText("No requests yet").waitFor())
          yield* check(`${look}-empty`)

          yield* sandbox.fail({ fault: { _tag: "Status", status: 503 }, operation: "update" })
          yield* sandbox.fail({ fault: { _tag: "Delay", millis: 1 }, every: 100 })
          yield* Effect.flip(service.modify(joe, () => ({ vip: 3 })))
          yield* service.modify(joe, () => ({ vip: 3, address: { address2: "Floor 2" }, externalId: null }))
          yield* act(async () => {
            await page.locator("#request-list .status.good").nth(2).waitFor()
            await page.locator("#request-list summary").nth(3).click()
            await page.getByText("The write was applied.").waitFor()
          })
          yield* check(`${look}-requests`)

          yield* tab("Customers")
          yield* check(`${look}-customers`)
          yield* act(() => search.fill("nothing like it"))
          yield* check(`${look}-no-customers`)
          yield* act(async () => {
            await page.getByRole("button", { name: "Show all customers" }).click()
            await page.getByRole("button", { name: "Joe User" }).click()
            await page.getByLabel("Postal code", { exact: true }).fill("1")
            await page.getByRole("button", { name: "Clear VIP tier" }).click()
            await page.getByRole("button", { name: "Save" }).click()
            await page.getByText("Invalid parameter (code 200)").waitFor()
          })
          yield* check(`${look}-editor`)
          yield* act(() => page.keyboard.press("Escape"))
          yield* check(`${look}-discard`)
          yield* act(() => page.getByRole("button", { name: "Discard" }).click())

          yield* tab("Faults")
          yield* openAdvanced(page)
          yield* check(`${look}-faults`)
          yield* openAdvanced(page)
          yield* act(() => page.getByRole("button", { name: "Reset" }).click())
          yield* check(`${look}-reset`)
          yield* act(() => page.keyboard.press("Escape"))
        })

        const all = [
          ["wide", "light", desktop],
          ["phone", "dark", phone],
          ["wide", "dark", desktop],
          ["phone", "light", phone]
        ] as const
        for (const [size, colorScheme, viewport] of all.slice(0, soak({ quick: 2, whole: 4 }))) {
          yield* act(() => page.setViewportSize(viewport))
          yield* act(() => page.emulateMedia({ colorScheme }))
          yield* looks(`${size}-${colorScheme}`)
        }
      })).pipe(Effect.provide(withClient({ seed: 20 }))))
})
