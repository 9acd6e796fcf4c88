// @ts-check
/**
 * The list of customers, in the order in which the sandbox stores them: writes do not move a row.
 *
 * @import { Fields } from "./texts.js"
 * @typedef {{ customer: Fields, changed?: { at: number, fields: ReadonlyArray<string> } }} CustomerView
 */
import { byId, isPressed, keyedList, make, refresh } from "./dom.js"
import * as Editor from "./editor.js"
import { brief, isFields, numberText, timeElement, valueAt, valueText } from "./texts.js"

/** @typedef {CustomerView & { id: string, text: string, freshUntil: number }} Row */

const pageSize = 100
const freshMillis = 10_000
let limit = pageSize

/** @type {Map<string, Row>} */
let customers = new Map()

const search = byId("search", HTMLInputElement)
const changedOnly = byId("changed-only", HTMLButtonElement)
const more = byId("more", HTMLButtonElement)
const list = byId("customer-list", HTMLOListElement)

/** @param {CustomerView} view @param {number} freshUntil @returns {Row} */
const rowOf = (view, freshUntil) => {
  const { address, ...others } = view.customer
  const values = Object.values({ ...others, ...(isFields(address) ? address : {}) })
  const text = values.filter((value) => !isFields(value)).join("\n").toLowerCase()
  return { ...view, id: String(others["customerId"]), text, freshUntil }
}

/** @param {string} id */
const focusOn = (id) => {
  const button = list.querySelector(`[data-key="${CSS.escape(id)}"] button`)
  if (button instanceof HTMLElement) button.focus()
}

/** @param {Row} row */
const render = ({ changed, customer, freshUntil, id }) => {
  const contact = ["email", "address.city", "phone"].map((path) => valueAt(customer, path))
    .filter((value) => value !== undefined)
  const name = make("span", { className: "name" }, brief(customer["name"] ?? "No name"))
  if (customer["vip"] !== undefined) name.append(make("span", { className: "vip" }, `VIP\u00a0${customer["vip"]}`))
  const button = make(
    "button",
    { type: "button" },
    name,
    make("span", { className: "id" }, id),
    make("span", { className: "contact" }, contact.map(brief).join(" · "))
  )
  button.addEventListener("click", () => Editor.open(id, customer, () => focusOn(id)))
  if (changed !== undefined) {
    const values = changed.fields.map((path) =>
      make("span", null, make("b", null, path), ` ${valueText(path, valueAt(customer, path))}`)
    )
    button.append(make("span", { className: "changed" }, timeElement(changed.at), ...values))
  }
  const freshFor = freshUntil - performance.now()
  const element = make("li", { className: freshFor > 0 ? "fresh" : "" }, button)
  // an animation would repaint the row during all this time
  if (freshFor > 0) setTimeout(() => element.classList.remove("fresh"), freshFor)
  return element
}

const listRows = keyedList(list, (/** @type {Row} */ { id }) => id, render)

const show = () => {
  const words = search.value.toLowerCase().split(/\s+/)
  const isShown = (/** @type {Row} */ { changed, text }) =>
    words.every((word) => text.includes(word)) && (!isPressed(changedOnly) || changed !== undefined)
  const found = [...customers.values()].filter(isShown)
  listRows(found.slice(0, limit))
  more.hidden = found.length <= limit
  byId("no-customers", HTMLElement).hidden = found.length > 0
  byId("no-customers-text", HTMLElement).textContent = search.value.trim() === ""
    ? "No customer has changed since the sandbox started."
    : `Nothing matches \u201c${brief(search.value.trim())}\u201d.`
  const all = numberText(customers.size)
  byId("customer-count", HTMLOutputElement).value = found.length === customers.size
    ? all
    : `${numberText(found.length)} of ${all}`
}

const showFromStart = () => {
  limit = pageSize
  show()
}

search.addEventListener("input", showFromStart)

changedOnly.addEventListener("click", () => {
  changedOnly.ariaPressed = String(!isPressed(changedOnly))
  showFromStart()
})

byId("show-all-customers", HTMLButtonElement).addEventListener("click", () => {
  search.value = ""
  changedOnly.ariaPressed = "false"
  showFromStart()
  search.focus()
})

more.addEventListener("click", () => {
  limit += pageSize
  show()
})

/** Shows a customer after a change. @param {CustomerView} view */
export const update = (view) => {
  const row = rowOf(view, performance.now() + freshMillis)
  customers.set(row.id, row)
  Editor.update(row.id, row.customer)
  refresh(show)
}

/** Replaces all customers. @param {ReadonlyArray<CustomerView>} all */
export const replace = (all) => {
  customers = new Map(all.map((view) => rowOf(view, 0)).map((row) => [row.id, row]))
  for (const { customer, id } of customers.values()) Editor.update(id, customer)
  show()
}
