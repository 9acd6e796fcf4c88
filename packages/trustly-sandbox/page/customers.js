// @ts-check
/**
 * The list of customers: what each holds, what changed last and when.
 *
 * @import { Fields } from "./texts.js"
 * @typedef {{ customer: Fields, changed?: { at: number, fields: ReadonlyArray<string> } }} Held
 */
import { byId, keyedList, make, refresh } from "./dom.js"
import * as Editor from "./editor.js"
import { brief, isFields, numberText, timeElement, valueAt, valueText } from "./texts.js"

/** @typedef {Held & { id: string, text: string, freshUntil: number }} Row */

const page = 100
const freshMillis = 10_000
let limit = page

/** @type {Map<string, Row>} */
let customers = new Map()

const search = byId("search", HTMLInputElement)
const more = byId("more", HTMLButtonElement)
const list = byId("customer-list", HTMLOListElement)

/** @param {Held} held @param {number} freshUntil @returns {Row} */
const rowOf = (held, freshUntil) => {
  const { address, ...others } = held.customer
  const values = Object.values({ ...others, ...(isFields(address) ? address : {}) })
  const text = values.filter((value) => !isFields(value)).join("\n").toLowerCase()
  return { ...held, id: String(others["customerId"]), text, freshUntil }
}

/** @param {string} id */
const focusOn = (id) => {
  const button = list.querySelector(`[data-key="${CSS.escape(id)}"] button`)
  if (button instanceof HTMLElement) button.focus()
}

/** @param {Row} row */
const render = ({ changed, customer, freshUntil, id }) => {
  const vip = customer["vip"] === undefined ? undefined : `VIP\u00a0${customer["vip"]}`
  const contact = [...["email", "phone", "address.city"].map((path) => valueAt(customer, path)), vip]
    .filter((value) => value !== undefined)
  const button = make(
    "button",
    { type: "button" },
    make("span", { className: "name" }, brief(customer["name"] ?? "No name")),
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
  // an animation would draw the row anew all this time
  if (freshFor > 0) setTimeout(() => element.classList.remove("fresh"), freshFor)
  return element
}

const listRows = keyedList(list, (/** @type {Row} */ { id }) => id, render)

const show = () => {
  const words = search.value.toLowerCase().split(/\s+/)
  const found = [...customers.values()].filter(({ text }) => words.every((word) => text.includes(word)))
  found.sort((a, b) => (b.changed?.at ?? 0) - (a.changed?.at ?? 0))
  listRows(found.slice(0, limit))
  more.hidden = found.length <= limit
  const all = numberText(customers.size)
  byId("customer-count", HTMLOutputElement).value = found.length === customers.size
    ? all
    : `${numberText(found.length)} of ${all}`
}

search.addEventListener("input", () => {
  limit = page
  show()
})

more.addEventListener("click", () => {
  limit += page
  show()
})

/** A customer as it is after a change. @param {Held} held */
export const keep = (held) => {
  const row = rowOf(held, performance.now() + freshMillis)
  customers.set(row.id, row)
  Editor.changed(row.id, row.customer)
  refresh(show)
}

/** These customers and no others. @param {ReadonlyArray<Held>} all */
export const replace = (all) => {
  customers = new Map(all.map((held) => rowOf(held, 0)).map((row) => [row.id, row]))
  for (const { customer, id } of customers.values()) Editor.changed(id, customer)
  show()
}
