// @ts-check
/**
 * The detail of a request: what it changed, and both messages.
 *
 * @import { RecordedMessage, RequestDetail, RequestLog } from "../src/RequestLog.ts"
 */
import { curlOf } from "./client.js"
import * as Control from "./control.js"
import { copy, make } from "./dom.js"
import { brief, isFields, numberText, valueText } from "./texts.js"

/** Splits a change of an object, such as an address, into the changes of its fields. @param {RequestDetail["changes"]} changes */
const flatChanges = (changes = {}) =>
  Object.entries(changes).flatMap(([name, { after, before }]) => {
    const isObject = name !== "customData" && (isFields(before) || isFields(after))
    if (!isObject) return [{ name, before, after }]
    const [old, current] = [isFields(before) ? before : {}, isFields(after) ? after : {}]
    return Object.keys({ ...old, ...current })
      .filter((key) => old[key] !== current[key])
      .map((key) => ({ name: `${name}.${key}`, before: old[key], after: current[key] }))
  })

/** @param {string} name @param {unknown} value @param {string} className */
const valueCell = (name, value, className) =>
  value === undefined
    ? make("td", { className: "none" }, "none")
    : make("td", { className }, valueText(name, value))

/** @param {RequestDetail} detail */
const changesTable = ({ changes }) => {
  const rows = flatChanges(changes).map(({ after, before, name }) =>
    make(
      "tr",
      null,
      make("th", { scope: "row" }, name),
      valueCell(name, before, "before"),
      valueCell(name, after, "after")
    )
  )
  const heads = ["Field", "Before", "After"].map((text) => make("th", { scope: "col" }, text))
  return make("table", null, make("thead", null, make("tr", null, ...heads)), make("tbody", null, ...rows))
}

/** @param {RecordedMessage} message */
const bodyElement = ({ body, bytes }) => {
  if (body !== undefined) {
    const text = JSON.stringify(body, null, 2)
    return make("pre", { tabIndex: 0 }, make("code", null, text.length > 10_000 ? `${text.slice(0, 10_000)} ...` : text))
  }
  const text = bytes === 0 ? "No body" : `Body of ${numberText(bytes)} bytes: not JSON, or too large to keep`
  return make("p", { className: "hint" }, text)
}

/** @param {string} title @param {RecordedMessage | undefined} message @param {string} missing */
const messageElement = (title, message, missing) => {
  if (message === undefined) {
    return make("div", null, make("h3", null, title), make("p", { className: "hint" }, missing))
  }
  const headers = Object.entries(message.headers).flatMap(([name, value]) => [
    make("dt", null, brief(name)),
    make("dd", null, brief(value))
  ])
  return make(
    "div",
    null,
    make("h3", null, title),
    make("dl", { className: "headers" }, ...headers),
    bodyElement(message)
  )
}

/** @param {RequestDetail} detail */
const writeText = ({ applied, changes, method, millis }) => {
  if (method !== "POST" || millis === undefined) return ""
  if (applied === undefined) return "The write was not applied."
  return flatChanges(changes).length === 0 ? "The write was applied and changed nothing." : "The write was applied."
}

/** @param {RequestDetail} detail */
const render = (detail) => {
  const button = make("button", { type: "button" }, "Copy as curl")
  const bar = make(
    "div",
    { className: "bar" },
    make("span", null, [detail.operation ?? "no operation of Trustly", writeText(detail)].filter(Boolean).join(". ")),
    button
  )
  button.addEventListener("click", async () => {
    if (!await copy(curlOf(detail), bar)) return
    button.textContent = "Copied"
    setTimeout(() => button.textContent = "Copy as curl", 2000)
  })
  const none = detail.millis === undefined ? "Waiting for the response." : "No complete response was sent."
  return [
    bar,
    ...(flatChanges(detail.changes).length > 0 ? [changesTable(detail)] : []),
    make(
      "div",
      { className: "messages" },
      messageElement(`Request: ${detail.method} ${brief(detail.url)}`, detail.request, ""),
      messageElement(
        `Response${detail.status === undefined ? "" : `: ${detail.status}`}`,
        detail.response,
        none
      )
    )
  ]
}

/** Loads the detail of a request into an element. @param {RequestLog} request @param {HTMLElement} element */
export const show = async ({ id }, element) => {
  const { body, status } = await Control.send("GET", `/requests/${id}`)
  if (status === 200) element.replaceChildren(...render(/** @type {RequestDetail} */ (body)))
  else if (status === 404) element.replaceChildren("The sandbox no longer keeps this request.")
  else element.replaceChildren(Control.describeStatus(status))
}
