// @ts-check
/**
 * The form fields of a customer.
 *
 * @typedef {{
 *   path: string, row: HTMLElement, input: HTMLInputElement | HTMLTextAreaElement,
 *   clear: HTMLButtonElement | undefined, clears: string, problem: HTMLElement, initial: string
 * }} Field
 */
import { all } from "./customerFields.js"
import { byId, isPressed, make } from "./dom.js"

/** @typedef {import("effect-trustly").CustomerFields.Field} CustomerField */

const editable = all.filter(({ isClearable, isRequired, kind }) => kind !== "Group" && (isClearable || isRequired))

const kinds = new Map(all.map(({ kind, path }) => [path, kind]))

/** @param {string} path */
export const isSecret = (path) => kinds.get(path) === "Secret"

/** @param {string} path */
const groupOf = (path) => all.find((field) => field.kind === "Group" && path.startsWith(`${field.path}.`))

/** The part of the form that a field belongs to. @param {CustomerField} field */
const legendOf = ({ isRequired, path }) => {
  const group = groupOf(path)
  const withSecret = group === undefined ? isSecret(path) : all.some((other) => isSecret(other.path) && groupOf(other.path) === group)
  return withSecret ? "Identity" : group?.label ?? (isRequired ? "Contact" : "Merchant")
}

/** A group that cannot be changed in part is cleared as a whole, at its first field. @param {CustomerField} field */
const clearableAt = (field) => {
  if (field.isClearable) return field
  const group = groupOf(field.path)
  return group?.isClearable && editable.find(({ path }) => groupOf(path) === group) === field ? group : undefined
}

/** @param {string} path */
const inputOf = (path) => {
  const kind = kinds.get(path)
  if (kind === "Json") return make("textarea", { rows: 3, spellcheck: false })
  const date = kind === "Instant" ? { type: "datetime-local", step: "0.001" } : {}
  return make("input", { autocomplete: "off", spellcheck: false, ...date })
}

/** @param {CustomerField} of @returns {Field} */
const fieldOf = (of) => {
  const { description, kind, path } = of
  const id = `e-${path}`
  const input = Object.assign(inputOf(path), { id, name: path })
  input.setAttribute("aria-describedby", `${id}-problem`)
  const problem = make("p", { id: `${id}-problem`, className: "problem" })
  const clearable = clearableAt(of)
  const clear = clearable === undefined
    ? undefined
    : make("button", { type: "button", className: "clear", ariaPressed: "false", hidden: true })
  const label = kind === "Instant" ? `${of.label}, UTC` : of.label
  const row = make(
    "div",
    { className: kind === "Json" ? "field wide" : "field" },
    make("label", { htmlFor: id, title: description }, label),
    make("div", { className: "control" }, input, ...(clear === undefined ? [] : [clear])),
    problem
  )
  const field = { path, row, input, clear, clears: clearable?.label ?? "", problem, initial: "" }
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
export const setCleared = ({ clear, clears }, cleared) => {
  if (clear === undefined) return
  clear.ariaPressed = String(cleared)
  clear.textContent = cleared ? "Undo" : "Clear"
  clear.ariaLabel = cleared ? `Undo clearing ${clears}` : `Clear ${clears}`
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

const legends = [...new Set(editable.map(legendOf))]

export const fields = legends.flatMap((legend) => {
  const made = editable.filter((field) => legendOf(field) === legend).map(fieldOf)
  const rows = made.map(({ row }) => row)
  byId("editor-fields", HTMLElement).append(make("fieldset", null, make("legend", null, legend), ...rows))
  return made
})

/** The text of a value in its input. Secrets are not shown. @param {string} path @param {unknown} value */
export const inputText = (path, value) => {
  if (value === undefined) return ""
  switch (kinds.get(path)) {
    case "Secret":
      return ""
    case "Instant":
      return new Date(Number(value)).toISOString().slice(0, -1)
    case "Json":
      return JSON.stringify(value, null, 2)
    default:
      return String(value)
  }
}

/** @param {string} text */
const instant = (text) => {
  const millis = Date.parse(`${text}Z`)
  return Number.isNaN(millis) ? undefined : millis
}

/** @param {string} text @returns {unknown} */
const json = (text) => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The value to send for a field, or what is wrong with its text. @param {Field} field @returns {{ value: unknown } | { problem: string }} */
export const valueOf = (field) => {
  if (isCleared(field)) return { value: null }
  const { input: { value: text }, path } = field
  const kind = kinds.get(path)
  if (kind !== "Json" && kind !== "Instant") return { value: text }
  const value = kind === "Json" ? json(text) : instant(text)
  if (value !== undefined) return { value }
  return { problem: kind === "Json" ? "This is not valid JSON." : "Enter a date, or clear the field." }
}

/** The field at a location, or the first one below it. @param {string} location */
export const fieldAt = (location) =>
  fields.find(({ path }) => path === location) ?? fields.find(({ path }) => path.startsWith(`${location}.`))
