// @ts-check
/**
 * The documented fields of a customer, each with its input.
 *
 * @typedef {{
 *   path: string, row: HTMLElement, input: HTMLInputElement | HTMLTextAreaElement,
 *   remove: HTMLInputElement | undefined, problem: HTMLElement, initial: string
 * }} Field
 */
import { byId, make } from "./dom.js"

/** @type {ReadonlyArray<[group: string, fields: ReadonlyArray<[path: string, label: string]>]>} */
const groups = [
  ["Contact", [["name", "Name"], ["email", "Email"], ["phone", "Phone"]]],
  ["Address", [
    ["address.address1", "Street and number"],
    ["address.address2", "Apartment or unit"],
    ["address.city", "City"],
    ["address.state", "State"],
    ["address.zip", "Postal code"],
    ["address.country", "Country, two letters"]
  ]],
  ["Identity", [
    ["taxId", "Tax id"],
    ["nationalId", "National id"],
    ["dateOfBirth", "Date of birth"],
    ["driverLicense.number", "Driver's license, number"],
    ["driverLicense.state", "Driver's license, state"]
  ]],
  ["With the merchant", [
    ["vip", "VIP tier"],
    ["externalTier", "External tier"],
    ["balance", "Balance"],
    ["currency", "Currency"],
    ["enrollDate", "Enroll date, UTC"],
    ["organizationNumber", "Organization number"],
    ["externalId", "External id"],
    ["merchantId", "Merchant id"],
    ["personId", "Person id"],
    ["customData", "Custom data, JSON"]
  ]]
]

const kept = new Set(["name", "email", "phone", "address.country", "driverLicense.state"])
export const secrets = new Set(["taxId", "nationalId", "dateOfBirth", "driverLicense.number"])

/** @param {string} path */
const inputOf = (path) => {
  if (path === "customData") return make("textarea", { rows: 3, spellcheck: false })
  const date = path === "enrollDate" ? { type: "datetime-local", step: "0.001" } : {}
  return make("input", { autocomplete: "off", spellcheck: false, ...date })
}

/** @param {[path: string, label: string]} field @returns {Field} */
const fieldOf = ([path, label]) => {
  const id = `e-${path}`
  const input = Object.assign(inputOf(path), { id, name: path })
  input.setAttribute("aria-describedby", `${id}-problem`)
  const trouble = make("p", { id: `${id}-problem`, className: "problem" })
  const remove = kept.has(path) ? undefined : make("input", { type: "checkbox" })
  const top = make("div", { className: "top" }, make("label", { htmlFor: id }, label))
  if (remove !== undefined) {
    const what = path === "driverLicense.number" ? "the license" : label
    const hidden = make("span", { className: "visually-hidden" }, ` ${what}`)
    top.append(make("label", { className: "remove" }, remove, make("span", null, "Remove", hidden)))
  }
  const row = make("div", { className: path === "customData" ? "field wide" : "field" }, top, input, trouble)
  const field = { path, row, input, remove, problem: trouble, initial: "" }
  row.addEventListener("input", () => mark(field))
  return field
}

/** @param {Field} field */
export const isRemoved = ({ remove }) => remove?.checked === true

/** @param {Field} field */
export const isEdited = (field) => isRemoved(field) || field.input.value !== field.initial

/** @param {Field} field @param {string} [text] */
export const mark = (field, text = "") => {
  field.problem.textContent = text
  field.input.ariaInvalid = text === "" ? null : "true"
  field.input.disabled = isRemoved(field)
  field.row.classList.toggle("edited", isEdited(field))
}

export const fields = groups.flatMap(([legend, of]) => {
  const made = of.map(fieldOf)
  const rows = made.map(({ row }) => row)
  byId("editor-fields", HTMLElement).append(make("fieldset", null, make("legend", null, legend), ...rows))
  return made
})

/** @param {string} path @param {unknown} value */
export const shown = (path, value) => {
  if (value === undefined || secrets.has(path)) return ""
  if (path === "enrollDate") return new Date(Number(value)).toISOString().slice(0, -1)
  return path === "customData" ? JSON.stringify(value, null, 2) : String(value)
}

/** What to send for a field. Throws where its text means nothing. @param {Field} field @returns {unknown} */
export const valueOf = (field) => {
  const { input, path } = field
  if (isRemoved(field)) return null
  if (path === "customData") return JSON.parse(input.value)
  if (path !== "enrollDate") return input.value
  const millis = Date.parse(`${input.value}Z`)
  if (Number.isNaN(millis)) throw new RangeError("no date")
  return millis
}

/** The field of a location, or the first below it. @param {string} location */
export const fieldAt = (location) =>
  fields.find(({ path }) => path === location) ?? fields.find(({ path }) => path.startsWith(`${location}.`))
