// @ts-check
/**
 * The requests, latest call first. The requests of one call, such as the read and the write of a `modify` and its retries, form a
 * group.
 *
 * @import { RequestLog } from "../src/RequestLog.ts"
 * @typedef {{ id: number, requests: ReadonlyArray<RequestLog> }} Call
 */
import { announce, byId, isPressed, keyedList, make, refresh } from "./dom.js"
import * as RequestDetail from "./requestDetail.js"
import { brief, faultText, numberText, timeElement } from "./texts.js"

// more would slow the page down
const limit = 200

/** @type {Map<number, RequestLog>} */
let requests = new Map()
/** @type {Map<number, Call>} */
const calls = new Map()

const filter = byId("filter", HTMLInputElement)
const pause = byId("pause", HTMLButtonElement)

/** @param {RequestLog} request */
const outcomeOf = ({ millis, status }) => {
  if (status !== undefined) return { text: String(status), tone: status < 400 ? "good" : status < 500 ? "warn" : "bad" }
  return millis === undefined ? { text: "waiting", tone: "waiting" } : { text: "none", tone: "bad" }
}

/** @param {RequestLog} request */
const pathOf = ({ attempt, customerId, path }) => {
  const [before = "", end] = path.split("{customerId}")
  const id = customerId === undefined ? [] : [make("b", null, brief(customerId))]
  const parts = end === undefined ? [brief(path), ...id.flatMap((element) => [" ", element])] : [before, ...id, end]
  return attempt > 1 ? [...parts, make("span", { className: "attempt" }, ` attempt ${attempt}`)] : parts
}

/** @param {RequestLog} request */
const faultOf = ({ applied, fault }) => {
  if (fault === undefined) return ""
  return applied !== undefined && fault._tag !== "Delay" ? `${faultText(fault)}, applied` : faultText(fault)
}

/**
 * A cell of a row; the tooltip shows text that is cut off.
 *
 * @param {string} className
 * @param {...(Node | string)} children
 */
const cell = (className, ...children) => {
  const element = make("span", { className }, ...children)
  element.title = element.textContent ?? ""
  return element
}

/** @param {RequestLog} request */
const renderRequest = (request) => {
  const { at, fields, id, method, millis } = request
  const { text, tone } = outcomeOf(request)
  const summary = make(
    "summary",
    { className: "row" },
    timeElement(at, { millis: true }),
    cell("method", method),
    cell("path", ...pathOf(request)),
    cell("fields", brief(fields.join(", "))),
    cell("fault", faultOf(request)),
    cell(`status ${tone}`, text),
    cell("millis", millis === undefined ? "" : numberText(millis))
  )
  const detail = make("div", { className: "detail" })
  const details = make("details", { id: `request-${id}` }, summary, detail)
  details.addEventListener("toggle", () => {
    if (details.open) RequestDetail.show(request, detail)
  })
  return details
}

/** @param {Call} call */
const callHead = ({ requests: [first, ...others] }) => {
  const all = first === undefined ? [] : [first, ...others]
  const isModify = new Set(all.map(({ operation }) => operation)).size > 1
  const last = all.at(-1)
  const millis = first === undefined || last?.millis === undefined ? undefined : last.at + last.millis - first.at
  const attempts = Math.max(...all.map(({ attempt }) => attempt))
  const summary = [
    `${all.length} requests`,
    ...(attempts > 1 ? [`${attempts} attempts`] : []),
    ...(millis === undefined ? [] : [`${numberText(millis)} ms`])
  ]
  return make(
    "p",
    { className: "call" },
    make("b", null, isModify ? "modify" : first?.operation ?? "retries"),
    make("span", { className: "id" }, brief(first?.customerId ?? "")),
    make("span", { className: "summary" }, summary.join(" · "))
  )
}

/** @param {Call} call */
const render = (call) =>
  call.requests.length === 1
    ? make("li", null, ...call.requests.map(renderRequest))
    : make("li", { className: "grouped" }, callHead(call), ...call.requests.map(renderRequest))

const list = keyedList(byId("request-list", HTMLOListElement), (/** @type {Call} */ { id }) => String(id), render)

/** @param {RequestLog} request */
const textOf = (request) => {
  const { customerId = "", fields, method, operation = "", path } = request
  const { text } = outcomeOf(request)
  return [method, path.replace("{customerId}", customerId), customerId, operation, ...fields, faultOf(request), text]
    .join("\n").toLowerCase()
}

const show = () => {
  const words = filter.value.toLowerCase().split(/\s+/)
  const isShown = (/** @type {Call} */ call) =>
    call.requests.some((request) => {
      const text = textOf(request)
      return words.every((word) => text.includes(word))
    })
  const shown = [...calls.values()].filter(isShown).toSorted((a, b) => b.id - a.id)
  list(shown)
  byId("no-requests", HTMLElement).hidden = requests.size > 0
  byId("no-matches", HTMLElement).hidden = requests.size === 0 || shown.length > 0
  byId("request-columns", HTMLElement).hidden = shown.length === 0
  const all = requests.size < limit ? numberText(requests.size) : `latest ${limit}`
  const found = shown.reduce((count, call) => count + call.requests.length, 0)
  byId("request-count", HTMLOutputElement).value = found === requests.size ? all : `${numberText(found)} of ${all}`
}

/** @type {Set<number>} */
const unseen = new Set()

const showUnlessPaused = () => {
  if (!isPressed(pause)) return show()
  pause.textContent = unseen.size === 0 ? "Resume" : `Resume, ${numberText(unseen.size)} new`
}

filter.addEventListener("input", show)

byId("clear-filter", HTMLButtonElement).addEventListener("click", () => {
  filter.value = ""
  show()
  filter.focus()
})

pause.addEventListener("click", () => {
  const isPaused = !isPressed(pause)
  pause.ariaPressed = String(isPaused)
  pause.textContent = isPaused ? "Resume" : "Pause"
  unseen.clear()
  if (!isPaused) show()
})

/** @param {RequestLog} request */
const addToCall = (request) => {
  const others = (calls.get(request.call)?.requests ?? []).filter(({ id }) => id !== request.id)
  const all = [...others, request].toSorted((a, b) => a.id - b.id)
  calls.set(request.call, { id: request.call, requests: all })
}

const removeOldest = () => {
  const [oldest] = requests.values()
  if (oldest === undefined) return
  requests.delete(oldest.id)
  const rest = (calls.get(oldest.call)?.requests ?? []).filter(({ id }) => id !== oldest.id)
  if (rest.length === 0) calls.delete(oldest.call)
  else calls.set(oldest.call, { id: oldest.call, requests: rest })
}

let unannounced = 0

/** @type {RequestLog | undefined} */
let latest

const announceLatest = () => {
  if (latest === undefined) return
  const others = unannounced > 1 ? `${unannounced} requests ended, the last one: ` : ""
  const what = `${latest.operation ?? latest.method} ${latest.customerId ?? ""}`
  announce(`${others}${what}, attempt ${latest.attempt}: ${outcomeOf(latest).text}`)
  unannounced = 0
}

/** Shows a request that arrived or changed. @param {RequestLog} request */
export const update = (request) => {
  if (!requests.has(request.id)) unseen.add(request.id)
  requests.set(request.id, request)
  addToCall(request)
  if (requests.size > limit) removeOldest()
  if (request.millis !== undefined) {
    // at most one announcement a second, because nobody can follow a burst
    if (unannounced === 0) setTimeout(announceLatest, 1000)
    unannounced += 1
    latest = request
  }
  refresh(showUnlessPaused)
}

/** Replaces all requests. @param {ReadonlyArray<RequestLog>} all */
export const replace = (all) => {
  requests = new Map(all.slice(-limit).map((request) => [request.id, request]))
  calls.clear()
  for (const request of requests.values()) addToCall(request)
  show()
}
