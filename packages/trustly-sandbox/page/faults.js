// @ts-check
/**
 * The faults that are switched on, and the form that switches on another.
 *
 * @import { FaultRule } from "../src/Fault.ts"
 * @typedef {{ readonly rule: FaultRule, readonly seen: number }} Active
 */
import * as Control from "./control.js"
import { byId, keyedList, make, say } from "./dom.js"
import { faultText, isFields, numberText } from "./texts.js"

/** @type {ReadonlyArray<Active>} */
let active = []

/** @param {Active} active */
const limitText = ({ rule: { every, share, times = 1 }, seen }) => {
  if (every !== undefined) return `one in ${numberText(every)}, ${numberText(seen)} seen`
  if (share !== undefined) return `${numberText(share * 100)}\u00a0%, ${numberText(seen)} seen`
  return times - seen === 1 ? "the next one" : `the next ${numberText(times - seen)}`
}

/** @param {Active} one */
const render = (one) => {
  const { applied, customerId, fault, operation } = one.rule
  const which = [operation ?? "any operation", customerId ?? "any customer", limitText(one)]
  if (applied === true) which.push("written first")
  return make("li", null, make("b", null, faultText(fault)), make("span", null, which.join(" · ")))
}

const list = keyedList(
  byId("fault-list", HTMLUListElement),
  (/** @type {Active} */ one) => String(active.indexOf(one)),
  render
)

const clear = byId("clear", HTMLButtonElement)

const show = () => {
  list(active)
  byId("no-faults", HTMLElement).hidden = active.length > 0
  clear.hidden = active.length === 0
}

/** These rules and no others. @param {ReadonlyArray<Active>} all */
export const replace = (all) => {
  active = all
  show()
}

const form = byId("fault-form", HTMLFormElement)
const trouble = byId("fault-problem", HTMLElement)

/** The inputs of this name; of a kind that is not chosen they are disabled. @param {string} name */
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
// a browser may bring back what was chosen before a reload
showOptions()

/** The rule of the form, as JSON. Throws where the body is none. */
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
const tell = (issues) => {
  trouble.textContent = issues.map(({ text }) => text).join(" ")
  const paths = new Set(issues.map(({ path }) => ["times", "every", "share"].includes(path) ? "amount" : path))
  for (const input of form.elements) {
    input.ariaInvalid = paths.has(input.getAttribute("name") ?? "") ? "true" : null
  }
}

const readOrTell = () => {
  try {
    return read()
  } catch {
    tell([{ path: "fault.body", text: "The body is no JSON." }])
    return undefined
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault()
  const rule = readOrTell()
  if (rule === undefined) return
  const { body, status } = await Control.send("POST", "/faults", rule)
  if (status === 201) {
    tell([])
    return say("The fault is switched on")
  }
  const issues = issuesOf(body)
  tell(issues.length > 0 ? issues : [{ path: "", text: Control.trouble(status) }])
})

clear.addEventListener("click", async () => {
  const { status } = await Control.send("DELETE", "/faults")
  if (status !== 204) return tell([{ path: "", text: Control.trouble(status) }])
  tell([])
  form.querySelector("input")?.focus()
  return say("All faults are switched off")
})
