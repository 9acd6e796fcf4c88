// @ts-check
/**
 * A customer, changed by hand. What is not touched is not sent.
 *
 * @import { Fields } from "./texts.js"
 */
import * as Control from "./control.js"
import { byId, say } from "./dom.js"
import { fieldAt, fields, isEdited, isRemoved, mark, secrets, shown, valueOf } from "./fields.js"
import { isFields, valueAt, valueText } from "./texts.js"

const dialog = byId("editor", HTMLDialogElement)
const form = byId("editor-form", HTMLFormElement)
const problem = byId("editor-problem", HTMLElement)

/** The customer as it is known now, laid under what was edited. @param {Fields} customer */
const fill = (customer) => {
  for (const field of fields) {
    const { input, path, remove } = field
    const value = valueAt(customer, path)
    if (secrets.has(path)) input.placeholder = value === undefined ? "" : String(value)
    if (isEdited(field)) continue
    if (remove?.parentElement) remove.parentElement.hidden = value === undefined
    input.value = shown(path, value)
    // as the browser writes it, which may be another way
    field.initial = input.value
  }
  const times = ["createdAt", "updatedAt"].filter((name) => customer[name] !== undefined)
  byId("editor-facts", HTMLElement).textContent = times
    .map((name) => `${name} ${valueText(name, customer[name])}`)
    .join(" · ")
}

/** The license is replaced as a whole, and its number is not known here. */
const license = () => {
  const [number, state] = ["driverLicense.number", "driverLicense.state"].map(fieldAt)
  return number === undefined || isRemoved(number) ? null : { number: number.input.value, state: state?.input.value }
}

/** The change that was made, with the paths of what cannot be sent. */
const read = () => {
  /** @type {{ [field: string]: unknown }} */
  const change = {}
  /** @type {Array<[path: string, text: string]>} */
  const problems = []
  for (const field of fields.filter(isEdited)) {
    const [head = "", tail] = field.path.split(".")
    const others = isFields(change[head]) ? change[head] : {}
    try {
      change[head] = tail === undefined ? valueOf(field) : { ...others, [tail]: valueOf(field) }
    } catch {
      problems.push([field.path, head === "customData" ? "This is no JSON." : "Give a date, or remove it."])
    }
  }
  if ("driverLicense" in change) change["driverLicense"] = license()
  if (valueAt(change, "driverLicense.number") === "") {
    problems.push(["driverLicense.number", "Give the number too: the license is replaced as a whole."])
  }
  return { change, problems }
}

/** @param {ReadonlyArray<[path: string, text: string]>} problems */
const tell = (problems) => {
  for (const field of fields) mark(field)
  const rest = problems.filter(([path]) => fieldAt(path) === undefined).map(([path, text]) => `${path} ${text}`.trim())
  for (const [path, text] of problems) {
    const field = fieldAt(path)
    if (field !== undefined) mark(field, text)
  }
  problem.textContent = rest.length > 0 || problems.length === 0
    ? rest.join(" ")
    : problems.length === 1
    ? "One field was refused."
    : `${problems.length} fields were refused.`
  fields.find(({ input }) => input.ariaInvalid === "true")?.input.focus()
}

/** Trustly's envelope. @param {unknown} body @returns {Array<[path: string, text: string]>} */
const refusals = (body) => {
  const errors = isFields(body) && Array.isArray(body["errors"]) ? body["errors"] : []
  return errors.filter(isFields).map(({ code, location, message }) => [
    typeof location === "string" ? location : "",
    `${message ?? "Refused"} (code ${code})`
  ])
}

let customerId = ""
let onClose = () => {}

form.addEventListener("submit", async (event) => {
  event.preventDefault()
  const { change, problems } = read()
  if (problems.length > 0) return tell(problems)
  if (Object.keys(change).length === 0) return tell([["", "Nothing was changed."]])
  const { body, status } = await Control.send("POST", `/customers/${encodeURIComponent(customerId)}`, change)
  if (status === 200) {
    dialog.close()
    return say(`Customer ${customerId} was saved`)
  }
  const refused = refusals(body)
  return tell(refused.length > 0 ? refused : [["", Control.trouble(status)]])
})

byId("editor-close", HTMLButtonElement).addEventListener("click", () => dialog.close())

dialog.addEventListener("close", () => {
  // no secret that was typed stays
  for (const { input } of fields) input.value = ""
  // the row that had the focus may have been made again meanwhile
  onClose()
})

/** @param {string} id @param {Fields} customer @param {() => void} giveFocusBack */
export const open = (id, customer, giveFocusBack) => {
  customerId = id
  onClose = giveFocusBack
  byId("editor-title", HTMLElement).textContent = `Customer ${id}`
  for (const field of fields) {
    if (field.remove !== undefined) field.remove.checked = false
    field.initial = field.input.value
  }
  fill(customer)
  tell([])
  dialog.showModal()
}

/** The customer was changed, perhaps by somebody else. @param {string} id @param {Fields} customer */
export const changed = (id, customer) => {
  if (dialog.open && id === customerId) fill(customer)
}
