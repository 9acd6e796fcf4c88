// @ts-check
/**
 * The form that changes a customer. It sends only the fields that were edited.
 *
 * @import { Fields } from "./texts.js"
 */
import * as Control from "./control.js"
import { announce, byId } from "./dom.js"
import { fieldAt, fields, inputText, isCleared, isEdited, isSecret, mark, setCleared, valueOf } from "./fields.js"
import { ruleFor } from "./rules.js"
import { brief, isFields, numberText, valueAt, valueText } from "./texts.js"

const dialog = byId("editor", HTMLDialogElement)
const form = byId("editor-form", HTMLFormElement)
const problem = byId("editor-problem", HTMLElement)

let customerId = ""

/** Shows the stored values in all fields that are not edited. @param {Fields} customer */
const fill = (customer) => {
  for (const field of fields) {
    const { clear, input, path } = field
    const value = valueAt(customer, path)
    if (isSecret(path)) input.placeholder = value === undefined ? "" : String(value)
    if (isEdited(field)) continue
    if (clear !== undefined) clear.hidden = value === undefined
    input.value = inputText(path, value)
    // the browser may spell the value differently
    field.initial = input.value
  }
  byId("editor-title", HTMLElement).textContent = brief(customer["name"] ?? "No name")
  const times = [["createdAt", "created"], ["updatedAt", "updated"]].flatMap(([name = "", label]) =>
    customer[name] === undefined ? [] : [`${label} ${valueText(name, customer[name])}`]
  )
  byId("editor-facts", HTMLElement).textContent = [`Customer ${customerId}`, ...times].join(" · ")
}

/** The license is replaced as a whole, and the page does not know its number. */
const license = () => {
  const [number, state] = ["driverLicense.number", "driverLicense.state"].map(fieldAt)
  return number === undefined || isCleared(number) ? null : { number: number.input.value, state: state?.input.value }
}

/** The change to send, and the fields whose text is not valid. */
const read = () => {
  /** @type {{ [field: string]: unknown }} */
  const change = {}
  /** @type {Array<[path: string, text: string]>} */
  const problems = []
  for (const field of fields.filter(isEdited)) {
    const [head = "", tail] = field.path.split(".")
    const others = isFields(change[head]) ? change[head] : {}
    const typed = valueOf(field)
    if ("problem" in typed) problems.push([field.path, typed.problem])
    else change[head] = tail === undefined ? typed.value : { ...others, [tail]: typed.value }
  }
  if ("driverLicense" in change) change["driverLicense"] = license()
  if (valueAt(change, "driverLicense.number") === "") {
    problems.push(["driverLicense.number", "Enter the number too: the license is replaced as a whole."])
  }
  return { change, problems }
}

/** @param {ReadonlyArray<[path: string, text: string]>} problems */
const showProblems = (problems) => {
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

/** The errors of Trustly's envelope, with the rule of each field. @param {unknown} body */
const refusals = (body) => {
  const errors = isFields(body) && Array.isArray(body["errors"]) ? body["errors"] : []
  return Promise.all(errors.filter(isFields).map(async ({ code, location, message }) => {
    const path = typeof location === "string" ? location : ""
    const rule = await ruleFor(path)
    const text = `${message ?? "Refused"} (code ${code})${rule === "" ? "" : `: ${rule}`}`
    return /** @type {[path: string, text: string]} */ ([path, text])
  }))
}

let onClose = () => {}

form.addEventListener("submit", async (event) => {
  event.preventDefault()
  const { change, problems } = read()
  if (problems.length > 0) return showProblems(problems)
  if (Object.keys(change).length === 0) return showProblems([["", "Nothing was changed."]])
  const { body, status } = await Control.send("POST", `/customers/${encodeURIComponent(customerId)}`, change)
  if (status === 200) {
    dialog.close()
    return announce(`Customer ${customerId} saved`)
  }
  const refused = await refusals(body)
  return showProblems(refused.length > 0 ? refused : [["", Control.describeStatus(status)]])
})

const question = byId("editor-discard", HTMLElement)
const foot = byId("editor-foot", HTMLElement)

/** @param {boolean} isAsking */
const ask = (isAsking) => {
  question.hidden = !isAsking
  foot.hidden = isAsking
}

/** Closes the form; asks first if that would discard an edit. */
const leave = () => {
  const edited = fields.filter(isEdited).length
  if (edited === 0) return dialog.close()
  byId("editor-question", HTMLElement).textContent = edited === 1
    ? "Discard the change of 1 field?"
    : `Discard the changes of ${numberText(edited)} fields?`
  ask(true)
  byId("keep-editing", HTMLButtonElement).focus()
}

const keepEditing = () => {
  ask(false)
  fields.find(isEdited)?.input.focus()
}

byId("editor-close", HTMLButtonElement).addEventListener("click", leave)
byId("keep-editing", HTMLButtonElement).addEventListener("click", keepEditing)
byId("discard", HTMLButtonElement).addEventListener("click", () => dialog.close())

// a browser closes a dialog at the second Esc, whatever the handler of `cancel` does
dialog.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return
  event.preventDefault()
  if (question.hidden) leave()
  else keepEditing()
})

// other ways to cancel, such as the back gesture of a phone
dialog.addEventListener("cancel", (event) => {
  event.preventDefault()
  leave()
})

dialog.addEventListener("close", () => {
  // secrets that were typed must not stay in the document
  for (const { input } of fields) input.value = ""
  // the row that had the focus may have been rendered again
  onClose()
})

/** Opens the form for a customer. @param {string} id @param {Fields} customer @param {() => void} restoreFocus */
export const open = (id, customer, restoreFocus) => {
  customerId = id
  onClose = restoreFocus
  for (const field of fields) {
    setCleared(field, false)
    field.initial = field.input.value
  }
  fill(customer)
  showProblems([])
  ask(false)
  dialog.showModal()
}

/** Shows the new values of a customer that changed while the form is open. @param {string} id @param {Fields} customer */
export const update = (id, customer) => {
  if (dialog.open && id === customerId) fill(customer)
}
