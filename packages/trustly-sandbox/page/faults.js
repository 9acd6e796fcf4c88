// @ts-check
/**
 * The active fault rules, the presets, and the form for any other rule.
 *
 * @import { FaultRule } from "../src/Fault.ts"
 * @typedef {{ readonly rule: FaultRule, readonly seen: number }} ActiveRule
 */
import * as Control from "./control.js"
import { announce, byId, keyedList, make } from "./dom.js"
import { faultText, isFields, numberText } from "./texts.js"

/** @type {ReadonlyArray<ActiveRule>} */
let active = []

/** @param {ActiveRule} active */
const limitText = ({ rule: { every, share, times = 1 }, seen }) => {
  if (every !== undefined) return `one in every ${numberText(every)}, ${numberText(seen)} seen`
  if (share !== undefined) return `${numberText(share * 100)}\u00a0% of them, ${numberText(seen)} seen`
  return times - seen === 1 ? "the next one" : `the next ${numberText(times - seen)}`
}

/** @param {ActiveRule} one */
const render = (one) => {
  const { applied, customerId, fault, operation } = one.rule
  const requests = [operation ?? "any operation", customerId ?? "any customer", limitText(one)]
  if (applied === true) requests.push("write applied first")
  return make("li", null, make("b", null, faultText(fault)), make("span", null, requests.join(" · ")))
}

const list = keyedList(
  byId("fault-list", HTMLUListElement),
  (/** @type {ActiveRule} */ one) => String(active.indexOf(one)),
  render
)

const clear = byId("clear", HTMLButtonElement)
const count = byId("fault-count", HTMLButtonElement)
const badge = byId("fault-badge", HTMLElement)

const show = () => {
  list(active)
  byId("no-faults", HTMLElement).hidden = active.length > 0
  clear.hidden = active.length === 0
  count.hidden = active.length === 0
  badge.hidden = active.length === 0
  badge.textContent = String(active.length)
  count.textContent = active.length === 1 ? "1 active fault" : `${active.length} active faults`
}

/** Replaces all rules. @param {ReadonlyArray<ActiveRule>} all */
export const replace = (all) => {
  active = all
  show()
}

/** @type {ReadonlyArray<readonly [name: string, effect: string, rule: FaultRule]>} */
const presets = [
  ["503 once", "The next request fails; a retry succeeds", { fault: { _tag: "Status", status: 503 } }],
  ["Timeout", "The next request gets no response", { fault: { _tag: "Silence" } }],
  [
    "Lost answer after the write",
    "The next update is applied, then the connection breaks",
    { fault: { _tag: "Reset" }, operation: "update", applied: true }
  ],
  [
    "429 with Retry-After",
    "The next request has to wait for 2 s",
    { fault: { _tag: "Status", status: 429, retryAfter: 2 } }
  ]
]

const presetProblem = byId("preset-problem", HTMLElement)

byId("presets", HTMLElement).append(...presets.map(([name, effect, rule]) => {
  const button = make("button", { type: "button" }, name, make("span", null, effect))
  button.addEventListener("click", async () => {
    const { body, status } = await Control.send("POST", "/faults", rule)
    presetProblem.textContent = status === 201 ? "" : issuesOf(body)[0]?.text ?? Control.describeStatus(status)
    if (status === 201) announce(`Fault added: ${name}`)
  })
  return button
}))

const form = byId("fault-form", HTMLFormElement)
const formProblem = byId("fault-problem", HTMLElement)

/** The inputs with this name. Those of a kind that is not selected are disabled. @param {string} name */
const inputsOf = (name) =>
  [...form.querySelectorAll("input, select, textarea")].filter((input) => input.getAttribute("name") === name)

const showOptions = () => {
  const kind = new FormData(form).get("kind")
  for (const part of form.querySelectorAll("[data-kind]")) {
    if (!(part instanceof HTMLElement)) continue
    part.hidden = part.dataset["kind"] !== kind
    if (part instanceof HTMLFieldSetElement) part.disabled = part.hidden
  }
  const isShare = new FormData(form).get("limit") === "share"
  for (const amount of inputsOf("amount")) {
    if (amount instanceof HTMLInputElement) amount.max = isShare ? "100" : ""
  }
}

form.addEventListener("change", showOptions)
// a browser may restore the selection after a reload
showOptions()

/** The rule of the form. Throws if the body is not JSON. */
const read = () => {
  const data = new FormData(form)
  const text = (/** @type {string} */ name) => String(data.get(name) ?? "").trim()
  /** @type {{ [name: string]: unknown }} */
  const fault = { _tag: text("kind") }
  for (const name of ["status", "retryAfter", "millis"]) {
    if (text(`fault.${name}`) !== "") fault[name] = Number(text(`fault.${name}`))
  }
  if (text("fault.where") !== "") fault["where"] = text("fault.where")
  const body = String(data.get("fault.body") ?? "")
  if (body.trim() !== "") fault["body"] = fault["_tag"] === "Status" ? JSON.parse(body) : body
  const amount = Number(text("amount"))
  return {
    fault,
    ...(text("operation") === "" ? {} : { operation: text("operation") }),
    ...(text("customerId") === "" ? {} : { customerId: text("customerId") }),
    [text("limit")]: text("limit") === "share" ? amount / 100 : amount,
    ...(data.has("applied") ? { applied: true } : {})
  }
}

/** @param {unknown} body */
const issuesOf = (body) => {
  const issues = isFields(body) && Array.isArray(body["issues"]) ? body["issues"] : []
  return issues.filter(isFields).map(({ expected, path, problem }) => ({
    path: String(path),
    text: `${path || "The rule"}: ${problem}${expected === undefined ? "" : `, expected ${expected}`}`
  }))
}

/** @param {ReadonlyArray<{ path: string, text: string }>} issues */
const showIssues = (issues) => {
  formProblem.textContent = issues.map(({ text }) => text).join(" ")
  const paths = new Set(issues.map(({ path }) => ["times", "every", "share"].includes(path) ? "amount" : path))
  for (const input of form.elements) {
    input.ariaInvalid = paths.has(input.getAttribute("name") ?? "") ? "true" : null
  }
}

const readRule = () => {
  try {
    return read()
  } catch {
    showIssues([{ path: "fault.body", text: "The body is not valid JSON." }])
    return undefined
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault()
  const rule = readRule()
  if (rule === undefined) return
  const { body, status } = await Control.send("POST", "/faults", rule)
  if (status === 201) {
    showIssues([])
    return announce("Fault added")
  }
  const issues = issuesOf(body)
  showIssues(issues.length > 0 ? issues : [{ path: "", text: Control.describeStatus(status) }])
})

clear.addEventListener("click", async () => {
  const { status } = await Control.send("DELETE", "/faults")
  if (status !== 204) return showIssues([{ path: "", text: Control.describeStatus(status) }])
  showIssues([])
  byId("presets", HTMLElement).querySelector("button")?.focus()
  return announce("All faults cleared")
})
