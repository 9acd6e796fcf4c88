/** A real browser, and a page in it that shows a sandbox and must stay clean. */
import { assert } from "@effect/vitest"
import axe from "axe-core"
import { Config, Console, Context, Effect, Layer } from "effect"
import { TrustlySandbox } from "effect-trustly-sandbox"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Browser, Locator, Page } from "playwright-core"
import { chromium } from "playwright-core"

const executablePath = Effect.runSync(Config.string("CHROMIUM_PATH").pipe(Config.withDefault("/usr/bin/chromium")))

export const isInstalled = existsSync(executablePath)

// who sees tests skipped is told why
if (!isInstalled) {
  Effect.runSync(Console.warn(`No Chromium at ${executablePath} (CHROMIUM_PATH): its tests are skipped`))
}

export const act = Effect.promise

export class Chromium extends Context.Tag("test/Chromium")<Chromium, Browser>() {
  static readonly layer = Layer.scoped(
    Chromium,
    Effect.acquireRelease(
      act(() =>
        chromium.launch({
          executablePath,
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
  readonly dark?: boolean
  /** Errors that the browser reports on its own and that the test asks for, such as a status 400. */
  readonly expected?: RegExp
}

/** What the document's customers and the tests hold that must never reach a page. */
const secrets = ["123456790", "012345678", "124ABC", "A1234567", "sentinel-"]

const everything = () => {
  const copy = document.createElement("div")
  copy.append(document.documentElement.cloneNode(true))
  // the viewer's own program is inside of its document
  for (const part of copy.querySelectorAll("script, style")) part.remove()
  const typed = [...document.querySelectorAll<HTMLInputElement>("input, textarea")].map(({ value }) => value)
  return [copy.innerHTML, ...typed].join("\n")
}

/**
 * Opens the page and does something with it. Afterwards no error was reported, no other origin was asked for anything, and no
 * secret is in the document.
 */
export const onPage = <E, R>(
  { dark = false, expected }: Look,
  body: (page: Page) => Effect.Effect<void, E, R>
) =>
  Effect.scoped(Effect.gen(function*() {
    const browser = yield* Chromium
    const { url } = yield* TrustlySandbox
    const { origin } = new URL(url)
    const context = yield* Effect.acquireRelease(
      act(() =>
        browser.newContext({
          colorScheme: dark ? "dark" : "light",
          viewport: { width: 1440, height: 900 }
        })
      ),
      (opened) => act(() => opened.close())
    )
    const page = yield* act(() => context.newPage())
    page.setDefaultTimeout(100_000)
    const troubles: Array<string> = []
    page.on("pageerror", ({ message }) => troubles.push(message))
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) troubles.push(`${message.text()} ${message.location().url}`)
    })
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== origin) troubles.push(`asked for ${request.url()}`)
    })

    yield* act(() => page.goto(origin))
    yield* act(() => page.getByText("Live", { exact: true }).waitFor())
    yield* body(page)

    assert.deepStrictEqual(troubles.filter((text) => expected?.test(text) !== true), [])
    const held = yield* act(() => page.evaluate(everything))
    for (const secret of secrets) assert.notInclude(held, secret)
  }))

/** Keeps what the page looks like, for people. */
export const screenshot = (page: Page, name: string) =>
  act(() =>
    page.screenshot({
      animations: "disabled",
      path: fileURLToPath(new URL(`../../build/screenshots/${name}.png`, import.meta.url))
    })
  )

const showsFocus = (element: Element) =>
  element.matches(":focus-visible") && parseFloat(getComputedStyle(element).outlineWidth) > 0

/** Moves the focus forward until it is here and can be seen, as one does who has only a keyboard. */
export const tabTo = (target: Locator) =>
  act(() => target.page().keyboard.press("Tab")).pipe(
    Effect.zipRight(act(() => target.evaluate(showsFocus))),
    Effect.repeat({ until: (isReached: boolean) => isReached, times: 50 }),
    Effect.map((isReached) => assert.isTrue(isReached))
  )

/** Waits until a customer is shown with this change. */
export const changed = (page: Page, name: string, change: string) =>
  act(() => page.getByRole("button", { name }).locator(".changed").getByText(change).waitFor())

/** The requests as the page shows them, newest first; without the time of day, and as if each had taken 0 ms. */
export const shownRequests = (page: Page) =>
  Effect.map(
    act(() => page.locator("#request-list summary").allInnerTexts()),
    (rows) => rows.map((row) => row.replaceAll(/\s+/g, " ").replace(/\d+ ms/, "0 ms").replace(/^\S+ /, ""))
  )

/** What a person who uses the page by other means than the usual could not do. */
export const obstacles = (page: Page) =>
  act(async () => {
    // a colour that is still fading is not the one that is read
    await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finish())))
    await page.evaluate(axe.source)
    const { violations } = await page.evaluate<axe.AxeResults>("axe.run()")
    return violations.map(({ help, nodes }) => `${help}: ${nodes.map(({ html }) => html).join(" ")}`)
  })

export const hasSidewaysScroll = (page: Page) =>
  act(() => page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth))
