// @ts-check
/**
 * Shows how delivery is doing, and the dead letters with what can be done about them. Asks once a second.
 *
 * @import { Schema } from "effect"
 * @import { DeliveryStatus } from "effect-trustly-delivery"
 * @typedef {Schema.Schema.Encoded<typeof DeliveryStatus.Failed>} Letter
 * @typedef {Schema.Schema.Encoded<typeof DeliveryStatus.State>} State
 * @typedef {Schema.Schema.Encoded<typeof DeliveryStatus.Counts> & { delivery: State }} Ready
 */

/** @template {HTMLElement} T @param {string} id @param {new () => T} type @returns {T} */
const byId = (id, type) => {
  const element = document.getElementById(id)
  if (!(element instanceof type)) throw new Error(`The page has no ${id}`)
  return element
}

/**
 * All data goes into the page as text, never as markup.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {string} className @param {...(Node | string)} children
 */
const make = (tag, className, ...children) => {
  const element = document.createElement(tag)
  element.className = className
  element.append(...children)
  return element
}

/** Status 0 when there was no response. @param {string} method @param {string} path */
const send = async (method, path) => {
  try {
    const response = await fetch(path, { method })
    const text = await response.text()
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) }
  } catch {
    return { status: 0, body: undefined }
  }
}

/** @param {string} text */
const announce = (text) => byId("live", HTMLElement).replaceChildren(text)

const numbers = new Intl.NumberFormat()
const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" })

/** @param {string} iso */
const timeText = (iso) => dayAndTime.format(new Date(iso))

/** @param {number} millis */
const ageText = (millis) => {
  const seconds = Math.max(0, Math.floor(millis / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`
}

const pauseTexts = {
  CredentialsRefused: "Trustly refuses the credentials",
  Redirected: "TRUSTLY_BASE_URL redirects",
  TlsFailed: "the certificate or TLS handshake failed",
  NotTrustly: "TRUSTLY_BASE_URL is not Trustly"
}

const outcomeTexts = {
  NotSent: "nothing was sent",
  Rejected: "not applied",
  Unknown: "may have been applied",
  Applied: "applied"
}

/** @param {string} id @param {string} text */
const setText = (id, text) => {
  const element = byId(id, HTMLElement)
  if (element.textContent !== text) element.textContent = text
}

/** @param {Ready} ready */
const showFacts = ({ delivery, failed, oldestQueued, queued }) => {
  const isPaused = delivery._tag === "Paused"
  setText("state", isPaused ? "Paused" : "Running")
  setText("state-detail", isPaused ? `${pauseTexts[delivery.reason]}, since ${timeText(delivery.since)}` : "delivers to Trustly")
  byId("delivery", HTMLElement).classList.toggle("paused", isPaused)
  setText("queued", numbers.format(queued))
  setText("oldest", oldestQueued === undefined ? "none" : ageText(Date.now() - Date.parse(oldestQueued)))
  setText("failed", numbers.format(failed))
  byId("failures", HTMLElement).classList.toggle("some", failed > 0)
}

/** @param {Letter["error"]} error */
const reasonOf = (error) => {
  const facts = /** @type {{ status?: number, outcome?: keyof typeof outcomeTexts, reason?: string }} */ (error)
  return [
    error._tag,
    ...(facts.status === undefined ? [] : [`HTTP ${facts.status}`]),
    ...(facts.reason === undefined ? [] : [facts.reason]),
    ...("errors" in error ? error.errors.map(({ code, location }) => `code ${code}${location === undefined ? "" : ` at ${location}`}`) : []),
    ...("issues" in error ? error.issues.map(({ path, problem }) => `${path} is ${problem}`) : []),
    ...(facts.outcome === undefined ? [] : [outcomeTexts[facts.outcome]])
  ].join(", ")
}

const dialog = byId("confirm", HTMLDialogElement)

/** @param {string} title @param {string} text @param {string} action @returns {Promise<boolean>} */
const confirmed = (title, text, action) => {
  setText("confirm-title", title)
  setText("confirm-text", text)
  setText("confirm-action", action)
  dialog.returnValue = ""
  dialog.showModal()
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "confirmed"), { once: true })
  })
}

const supersededText = "A newer change of this customer was accepted after it. A retry sends the older values after the newer ones."
const discardText = "It will not be sent, and its payload is erased. This cannot be undone."

/** @param {Letter} letter */
const render = ({ acceptedAt, attempts, customerId, endedAt, error, receipt }) => {
  const problem = make("p", "problem")
  problem.setAttribute("role", "alert")
  const retry = make("button", "", "Retry")
  const discard = make("button", "", "Discard")
  retry.type = discard.type = "button"
  retry.setAttribute("aria-label", `Retry ${customerId}, ${receipt}`)
  discard.setAttribute("aria-label", `Discard ${customerId}, ${receipt}`)
  const path = `/dead-letters/${encodeURIComponent(receipt)}`

  /** @param {() => Promise<{ status: number, body: any } | undefined>} request @param {string} done */
  const act = async (request, done) => {
    retry.disabled = discard.disabled = true
    problem.textContent = ""
    const response = await request()
    if (response !== undefined && (response.status === 202 || response.status === 204 || response.status === 404)) {
      // 404: somebody else has retried or discarded it
      if (response.status !== 404) announce(done)
      await refresh()
    } else if (response !== undefined) {
      problem.textContent = response.status === 0 ? "The backend does not respond." : `Failed: ${response.body?._tag ?? response.status}`
    }
    retry.disabled = discard.disabled = false
  }

  retry.addEventListener("click", () =>
    act(async () => {
      const response = await send("POST", `${path}/retry`)
      if (response.body?._tag !== "Superseded") return response
      const isForced = await confirmed("Retry an older change?", supersededText, "Retry anyway")
      return isForced ? send("POST", `${path}/retry?evenIfSuperseded=true`) : undefined
    }, `Queued again: change of ${customerId}`))

  discard.addEventListener("click", () =>
    act(async () => {
      const isConfirmed = await confirmed(`Discard this change of ${customerId}?`, discardText, "Discard")
      return isConfirmed ? send("DELETE", path) : undefined
    }, `Discarded: change of ${customerId}`))

  return make(
    "li",
    "",
    make("p", "customer", customerId, " ", make("code", "", receipt)),
    make("p", "reason bad", reasonOf(error)),
    make(
      "p",
      "times",
      `accepted ${timeText(acceptedAt)}, failed ${timeText(endedAt)} after ${numbers.format(attempts)} attempt${attempts === 1 ? "" : "s"}`
    ),
    make("div", "actions", retry, discard),
    problem
  )
}

const list = byId("letters", HTMLOListElement)
/** @type {Map<string, HTMLElement>} */
let shown = new Map()

/** Keeps the elements of letters that are shown already, with their focus. @param {ReadonlyArray<Letter>} letters */
const showLetters = (letters) => {
  const next = new Map(letters.map((letter) => {
    const key = `${letter.receipt} ${letter.endedAt}`
    return [key, shown.get(key) ?? render(letter)]
  }))
  for (const [key, element] of shown) {
    if (!next.has(key)) element.remove()
  }
  let place = list.firstElementChild
  for (const element of next.values()) {
    if (place === element) place = element.nextElementSibling
    else list.insertBefore(element, place)
  }
  shown = next
  byId("none", HTMLElement).hidden = letters.length > 0
}

const more = byId("more", HTMLButtonElement)
const pageSize = 50
let limit = pageSize

/** @param {"live" | "lost"} state @param {string} text */
const showConnection = (state, text) => {
  byId("connection", HTMLElement).dataset["state"] = state
  setText("connection", text)
  document.body.classList.toggle("stale", state === "lost")
}

const refresh = async () => {
  const [ready, letters] = await Promise.all([send("GET", "/health/ready"), send("GET", `/dead-letters?limit=${limit}`)])
  const failed = [ready, letters].find(({ status }) => status !== 200)
  if (failed !== undefined) {
    const reason = failed.status === 0 ? "The backend does not respond" : failed.body?._tag ?? `Status ${failed.status}`
    return showConnection("lost", `${reason}. Trying again ...`)
  }
  showFacts(ready.body)
  showLetters(letters.body.items)
  more.hidden = letters.body.next === undefined || limit >= 1000
  showConnection("live", "Live")
}

more.addEventListener("click", () => {
  limit = Math.min(limit + pageSize, 1000)
  void refresh()
})

const poll = async () => {
  if (!document.hidden) await refresh()
  setTimeout(poll, 1000)
}

void poll()
