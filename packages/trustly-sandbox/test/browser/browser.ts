/** A real browser, and a page in it that shows a sandbox. */
import { afterAll, assert } from "@effect/vitest"
import axe from "axe-core"
import { Config, Console, Context, Effect, Layer, ManagedRuntime } from "effect"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Browser, Locator, Page } from "playwright-core"
import { chromium } from "playwright-core"

// the headless shell takes less than half the CPU time: it draws no window
const installedPath = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"].find((path) => existsSync(path)) ?? ""
const executablePath = Effect.runSync(Config.string("CHROMIUM_PATH").pipe(Config.withDefault(installedPath)))

export const isInstalled = existsSync(executablePath)

if (!isInstalled) {
  Effect.runSync(Console.warn("No Chromium found: the browser tests are skipped. Install it, or set CHROMIUM_PATH"))
}

export const act = Effect.promise

class Chromium extends Context.Tag("test/Chromium")<Chromium, Browser>() {
  static readonly layer = Layer.scoped(
    Chromium,
    Effect.acquireRelease(
      act(() =>
        chromium.launch({
          executablePath,
          // shorter than the timeout of a test: these errors say what the browser waited for
          timeout: 100_000,
          args: [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync"
          ]
        })
      ),
      (browser) => act(() => browser.close())
    )
  )
}

export interface Look {
  readonly isDark?: boolean
  readonly isPhone?: boolean
  /** Errors that the test causes and that the browser reports, such as a status 400. */
  readonly expected?: RegExp
}

/** Values that a page must never show: the secrets of the sample customers and of the tests. */
const secrets = ["123456790", "012345678", "124ABC", "A1234567", "sentinel"]

const documentText = () => {
  const copy = document.createElement("div")
  copy.append(document.documentElement.cloneNode(true))
  // the API viewer has its program inside its document
  for (const part of copy.querySelectorAll("script, style")) part.remove()
  const typed = [...document.querySelectorAll<HTMLInputElement>("input, textarea")].map(({ value }) => value)
  return [copy.innerHTML, ...typed].join("\n")
}

export const desktop = { width: 1440, height: 900 }
export const phone = { width: 390, height: 844 }

/** Opens pages in one browser for the tests of a file, and closes it after them. */
export const openPages = () => {
  const runtime = ManagedRuntime.make(Chromium.layer)
  afterAll(() => runtime.dispose())
  /**
   * Opens the page of a server and runs a test on it. Afterwards checks that the browser reported no error, that nothing was
   * loaded from another origin, and that the document contains no secret.
   */
  return <E, R>(
    url: string,
    { expected, isDark = false, isPhone = false }: Look,
    body: (page: Page) => Effect.Effect<void, E, R>
  ) =>
    Effect.scoped(Effect.gen(function*() {
      const browser = yield* Chromium
      const { origin } = new URL(url)
      const context = yield* Effect.acquireRelease(
        act(() =>
          browser.newContext({
            colorScheme: isDark ? "dark" : "light",
            viewport: isPhone ? phone : desktop,
            permissions: ["clipboard-read", "clipboard-write"]
          })
        ),
        (opened) => act(() => opened.close())
      )
      const page = yield* act(() => context.newPage())
      page.setDefaultTimeout(100_000)
      const problems: Array<string> = []
      page.on("pageerror", ({ message }) => problems.push(message))
      page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) problems.push(`${message.text()} ${message.location().url}`)
      })
      page.on("request", (request) => {
        if (new URL(request.url()).origin !== origin) problems.push(`loaded ${request.url()}`)
      })

      yield* act(() => page.goto(origin))
      yield* act(() => page.getByText("Live", { exact: true }).waitFor())
      yield* body(page)

      assert.deepStrictEqual(problems.filter((text) => expected?.test(text) !== true), [])
      const text = yield* act(() => page.evaluate(documentText))
      for (const secret of secrets) assert.notInclude(text, secret)
    })).pipe(Effect.provide(runtime))
}

/** Opens the page of the sandbox that a test provides. */
export const openSandboxPages = () => {
  const onPage = openPages()
  return <E, R>(look: Look, body: (page: Page) => Effect.Effect<void, E, R>) =>
    Effect.flatMap(TrustlySandbox, ({ url }) => onPage(url, look, body))
}

/** Writes a screenshot to the test output. */
export const screenshot = (page: Page, name: string) =>
  act(() =>
    page.screenshot({
      animations: "disabled",
      path: fileURLToPath(new URL(`../../build/screenshots/${name}.png`, import.meta.url))
    })
  )

const hasVisibleFocus = (element: Element) =>
  element.matches(":focus-visible") && parseFloat(getComputedStyle(element).outlineWidth) > 0

/** Presses Tab until an element has the focus and shows it. */
export const tabTo = (target: Locator) =>
  act(() => target.page().keyboard.press("Tab")).pipe(
    Effect.zipRight(act(() => target.evaluate(hasVisibleFocus))),
    Effect.repeat({ until: (isReached: boolean) => isReached, times: 60 }),
    Effect.map((isReached) => assert.isTrue(isReached))
  )

/** Waits until a customer is shown with this change. */
export const waitForChange = (page: Page, name: string, change: string) =>
  act(() => page.getByRole("button", { name }).locator(".changed").getByText(change).waitFor())

/** The text of the requests on the page, from the top, without times. */
export const shownRequests = (page: Page) =>
  act(() =>
    page.locator("#request-list summary").evaluateAll((rows) =>
      rows.map((row) =>
        [...row.querySelectorAll("span.method, span.path, span.fields, span.fault, span.status")]
          .map(({ textContent }) => textContent?.trim() ?? "").filter((text) => text !== "").join(" | ")
      )
    )
  )

/** The accessibility violations that axe finds. */
export const violations = (page: Page) =>
  act(async () => {
    // colors in transition are not the ones that people read
    await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finish())))
    if (await page.evaluate(() => !("axe" in globalThis))) await page.evaluate(axe.source)
    const { violations: found } = await page.evaluate<axe.AxeResults>("axe.run()")
    return found.map(({ help, nodes }) => `${help}: ${nodes.map(({ html }) => html).join(" ")}`)
  })

export const hasSidewaysScroll = (page: Page) =>
  act(() => page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth))

export const copiedText = (page: Page) => act(() => page.evaluate(() => navigator.clipboard.readText()))

export const hasFocus = (target: Locator) => act(() => target.evaluate((element) => element === document.activeElement))
