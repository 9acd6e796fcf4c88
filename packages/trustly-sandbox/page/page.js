// @ts-check
/**
 * Shows what the sandbox holds and receives, as it happens.
 *
 * @import { RequestLog } from "../src/RequestLog.ts"
 * @import { Held } from "./customers.js"
 * @import { Active } from "./faults.js"
 * @typedef {{
 *   url: string, accessId: string, customers: Held[], requests: RequestLog[], faults: Active[]
 * }} State
 */
import * as Control from "./control.js"
import * as Customers from "./customers.js"
import { byId, say } from "./dom.js"
import * as Faults from "./faults.js"
import * as Requests from "./requests.js"

const connection = byId("connection", HTMLElement)

/** @param {"connecting" | "live" | "lost"} state @param {string} text */
const showConnection = (state, text) => {
  connection.dataset["state"] = state
  if (connection.textContent !== text) connection.textContent = text
}

/** @param {string} text */
const quoted = (text) => /^[\w.:/@+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

/** @param {State} state */
const showClient = ({ accessId, customers, url }) => {
  byId("url", HTMLElement).textContent = url
  byId("access-id", HTMLElement).textContent = accessId
  byId("environment", HTMLElement).textContent = [
    `export TRUSTLY_BASE_URL=${quoted(url)}`,
    `export TRUSTLY_ACCESS_ID=${quoted(accessId)}`,
    "export TRUSTLY_ACCESS_KEY=sandbox  # unless the sandbox was started with another"
  ].join("\n")
  const id = String(customers[0]?.customer["customerId"] ?? "1001165729")
  const program = "npx effect-trustly-cli"
  byId("command", HTMLElement).textContent = `${program} update ${quoted(id)} --vip 2 --city Reno --state NV`
}

/** @type {Array<() => void> | undefined} */
let waiting

/** Events that arrive while the state is read come after it. @param {() => void} event */
const inOrder = (event) => waiting === undefined ? event() : void waiting.push(event)

let isFirst = true
let readings = 0

const readState = async () => {
  const reading = ++readings
  waiting = []
  const { body, status } = await Control.send("GET", "/state")
  if (reading !== readings) return
  const events = waiting
  waiting = undefined
  if (status !== 200) {
    showConnection("lost", `${Control.trouble(status)} Trying again ...`)
    setTimeout(readState, 2000)
    return
  }
  const state = /** @type {State} */ (body)
  showClient(state)
  Customers.replace(state.customers)
  Requests.replace(state.requests)
  Faults.replace(state.faults)
  for (const event of events) event()
  if (isFirst) byId("connect", HTMLDetailsElement).open = state.requests.length === 0
  isFirst = false
  showConnection("live", "Live")
}

const connect = () => {
  const source = new EventSource("/_sandbox/events")
  /** @template T @param {string} name @param {(data: T) => void} handle */
  const on = (name, handle) => source.addEventListener(name, ({ data }) => inOrder(() => handle(JSON.parse(data))))
  on("request", Requests.keep)
  on("customer", Customers.keep)
  on("faults", Faults.replace)
  on("reset", readState)
  source.addEventListener("open", readState)
  source.addEventListener("error", () => {
    // browsers differ in when they try again, and in whether they do
    source.close()
    showConnection("lost", "Connection lost. Trying again ...")
    setTimeout(connect, 1000)
  })
}

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!(button instanceof HTMLButtonElement)) continue
  button.addEventListener("click", async () => {
    const code = byId(button.dataset["copy"] ?? "", HTMLElement)
    try {
      await navigator.clipboard.writeText(code.textContent ?? "")
      say("Copied")
      button.textContent = "Copied"
      setTimeout(() => button.textContent = "Copy", 2000)
    } catch {
      // not allowed to: selected, so that the keyboard can
      getSelection()?.selectAllChildren(code)
    }
  })
}

const resetDialog = byId("reset-dialog", HTMLDialogElement)

byId("reset", HTMLButtonElement).addEventListener("click", () => {
  resetDialog.returnValue = ""
  resetDialog.showModal()
})

resetDialog.addEventListener("close", async () => {
  if (resetDialog.returnValue !== "reset") return
  const { status } = await Control.send("POST", "/reset")
  say(status === 204 ? "The sandbox was reset" : Control.trouble(status))
})

connect()
