// @ts-check
/**
 * The form fields of a customer.
 *
 * @typedef {{
 *   path: string, label: string, row: HTMLElement, input: HTMLInputElement | HTMLTextAreaElement,
 *   clear: HTMLButtonElement | undefined, problem: HTMLElement, initial: string
 * }} Field
 */
import { byId, isPressed, make } from "./dom.js"

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
  ["Merchant", [
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

/** Fields that Trustly requires; the license is cleared as a whole. */
const required = new Set(["name", "email", "phone", "address.country", "driverLicense.state"])
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
  const problem = make("p", { id: `${id}-problem`, className: "problem" })
  const clear = required.has(path)
    ? undefined
    : make("button", { type: "button", className: "clear", ariaPressed: "false", hidden: true })
  const row = make(
    "div",
    { className: path === "customData" ? "field wide" : "field" },
    make("label", { htmlFor: id }, label),
    make("div", { className: "control" }, input, ...(clear === undefined ? [] : [clear])),
    problem
  )
  const field = { path, label, row, input, clear, problem, initial: "" }
  row.addEventListener("input", () => mark(field))
  clear?.addEventListener("click", () => {
    setCleared(field, !isCleared(field))
    mark(field)
  })
  setCleared(field, false)
  return field
}

/** @param {Field} field */
export const isCleared = ({ clear }) => clear !== undefined && isPressed(clear)

/** Marks a field to be cleared when the form is saved, or no longer. @param {Field} field @param {boolean} cleared */
export const setCleared = ({ clear, label, path }, cleared) => {
  if (clear === undefined) return
  clear.ariaPressed = String(cleared)
  clear.textContent = cleared ? "Undo" : "Clear"
  const what = path === "driverLicense.number" ? "the license" : label
  clear.ariaLabel = cleared ? `Undo clearing ${what}` : `Clear ${what}`
}

/** @param {Field} field */
export const isEdited = (field) => isCleared(field) || field.input.value !== field.initial

/** @param {Field} field @param {string} [text] */
export const mark = (field, text = "") => {
  field.problem.textContent = text
  field.input.ariaInvalid = text === "" ? null : "true"
  field.input.readOnly = isCleared(field)
  field.row.classList.toggle("edited", isEdited(field))
  field.row.classList.toggle("cleared", isCleared(field))
}

export const fields = groups.flatMap(([legend, of]) => {
  const made = of.map(fieldOf)
  const rows = made.map(({ row }) => row)
  byId("editor-fields", HTMLElement).append(make("fieldset", null, make("legend", null, legend), ...rows))
  return made
})

/** The text of a value in its input. Secrets are not shown. @param {string} path @param {unknown} value */
export const inputText = (path, value) => {
  if (value === undefined || secrets.has(path)) return ""
  if (path === "enrollDate") return new Date(Number(value)).toISOString().slice(0, -1)
  return path === "customData" ? JSON.stringify(value, null, 2) : String(value)
}

/** The value to send for a field. Throws if its text is not valid. @param {Field} field @returns {unknown} */
export const valueOf = (field) => {
  const { input, path } = field
  if (isCleared(field)) return null
  if (path === "customData") return JSON.parse(input.value)
  if (path !== "enrollDate") return input.value
  const millis = Date.parse(`${input.value}Z`)
  if (Number.isNaN(millis)) throw new RangeError("invalid date")
  return millis
}

/** The field at a location, or the first one below it. @param {string} location */
export const fieldAt = (location) =>
  fields.find(({ path }) => path === location) ?? fields.find(({ path }) => path.startsWith(`${location}.`))
