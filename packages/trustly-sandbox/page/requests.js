// @ts-check
/**
 * The requests, newest first.
 *
 * @import { RequestLog } from "../src/RequestLog.ts"
 */
import { byId, keyedList, make, refresh, say } from "./dom.js"
import { brief, faultText, numberText, timeElement, valueText } from "./texts.js"

// more would only slow the page down
const limit = 200
const fieldLimit = 40

/** @type {Map<number, RequestLog>} */
let requests = new Map()

/** @param {RequestLog} request */
const outcomeOf = ({ millis, status }) => {
  if (status !== undefined) return { text: String(status), tone: status < 400 ? "good" : status < 500 ? "warn" : "bad" }
  return millis === undefined ? { text: "waiting", tone: "waiting" } : { text: "no answer", tone: "bad" }
}

/** The path, with the customer in it or beside it. @param {RequestLog} request */
const pathOf = ({ customerId, path }) => {
  if (customerId === undefined) return [brief(path)]
  const [before = "", after] = path.split("{customerId}")
  const customer = make("b", null, brief(customerId))
  return after === undefined ? [brief(path), " ", customer] : [before, customer, after]
}

/** @param {RequestLog} request */
const sentOf = ({ applied, fault, fields, method, millis }) => {
  const removed = new Set(Object.entries(applied ?? {}).flatMap(([name, value]) => value === null ? [name] : []))
  const sent = make("span", { className: "sent" })
  const shown = fields.slice(0, fieldLimit)
  sent.append(...shown.map((name) => make(removed.has(name) ? "del" : "span", null, brief(name))))
  if (fields.length > fieldLimit) {
    sent.append(make("span", null, `and ${numberText(fields.length - fieldLimit)} more`))
  }
  if (applied !== undefined) sent.append(make("span", { className: "good" }, "applied"))
  else if (method === "POST" && millis !== undefined) sent.append(make("span", { className: "bad" }, "not applied"))
  if (fault !== undefined) sent.append(make("span", { className: "warn" }, `fault: ${faultText(fault)}`))
  return sent
}

/** @param {RequestLog} request */
const factsOf = ({ applied, fault, fields, operation, path }) => [
  ["Path", brief(path)],
  ["Operation", operation ?? "none of Trustly's"],
  ["Fields sent", brief(fields.join(", ") || "none")],
  ...(fault === undefined ? [] : [["Fault", brief(JSON.stringify(fault))]]),
  ...Object.entries(applied ?? {}).map(([name, value]) => [`Applied ${name}`, valueText(name, value)])
]

/** @param {RequestLog} request */
const render = (request) => {
  const { at, attempt, method, millis } = request
  const { text, tone } = outcomeOf(request)
  const outcome = make(
    "span",
    { className: "outcome" },
    ...(attempt > 1 ? [make("span", { className: "attempt" }, `attempt ${attempt}`)] : []),
    make("span", { className: `status ${tone}` }, text),
    make("span", { className: "millis" }, millis === undefined ? "" : `${numberText(millis)} ms`)
  )
  const call = make("span", { className: "call" }, `${method} `, ...pathOf(request))
  const facts = factsOf(request).flatMap(([name = "", fact = ""]) => [make("dt", null, name), make("dd", null, fact)])
  const summary = make("summary", null, timeElement(at, { millis: true }), call, outcome, sentOf(request))
  return make("li", null, make("details", null, summary, make("dl", null, ...facts)))
}

const list = keyedList(
  byId("request-list", HTMLOListElement),
  (/** @type {RequestLog} */ { id }) => String(id),
  render
)

const show = () => {
  list([...requests.values()].toSorted((a, b) => b.id - a.id))
  byId("no-requests", HTMLElement).hidden = requests.size > 0
  byId("request-count", HTMLElement).textContent = requests.size < limit
    ? numberText(requests.size)
    : `the newest ${limit}`
}

let unsaid = 0

/** @type {RequestLog | undefined} */
let latest

const announce = () => {
  if (latest === undefined) return
  const others = unsaid > 1 ? `${unsaid} requests answered, the last one: ` : ""
  const what = `${latest.operation ?? latest.method} ${latest.customerId ?? ""}`
  say(`${others}${what}, attempt ${latest.attempt}: ${outcomeOf(latest).text}`)
  unsaid = 0
}

/** A request that arrived, or what became of it. @param {RequestLog} request */
export const keep = (request) => {
  requests.set(request.id, request)
  if (requests.size > limit) requests.delete(Math.min(...requests.keys()))
  if (request.millis !== undefined) {
    // one sentence a second: nobody could listen to a burst
    if (unsaid === 0) setTimeout(announce, 1000)
    unsaid += 1
    latest = request
  }
  refresh(show)
}

/** These requests and no others. @param {ReadonlyArray<RequestLog>} all */
export const replace = (all) => {
  requests = new Map(all.slice(-limit).map((request) => [request.id, request]))
  show()
}
