// @ts-check
/**
 * Shows the state of the sandbox and keeps it current.
 *
 * @import { RequestLog } from "../src/RequestLog.ts"
 * @import { CustomerView } from "./customers.js"
 * @import { ActiveRule } from "./faults.js"
 * @typedef {{
 *   url: string, accessId: string, defaultKey?: string,
 *   customers: CustomerView[], requests: RequestLog[], faults: ActiveRule[]
 * }} State
 */
import * as Client from "./client.js"
import * as Control from "./control.js"
import * as Customers from "./customers.js"
import { announce, byId } from "./dom.js"
import * as Faults from "./faults.js"
import * as Requests from "./requests.js"

const connection = byId("connection", HTMLElement)

/** @param {"connecting" | "live" | "lost"} state @param {string} text */
const showConnection = (state, text) => {
  connection.dataset["state"] = state
  if (connection.textContent !== text) connection.textContent = text
}

/** @type {Array<() => void> | undefined} */
let waiting

/** Applies an event, but not before a state that is being read. @param {() => void} event */
const applyInOrder = (event) => waiting === undefined ? event() : void waiting.push(event)

let readings = 0

const readState = async () => {
  const reading = ++readings
  waiting = []
  const { body, status } = await Control.send("GET", "/state")
  if (reading !== readings) return
  const events = waiting
  waiting = undefined
  if (status !== 200) {
    showConnection("lost", `${Control.describeStatus(status)} Reconnecting`)
    setTimeout(readState, 2000)
    return
  }
  const state = /** @type {State} */ (body)
  Client.show(state)
  Customers.replace(state.customers)
  Requests.replace(state.requests)
  Faults.replace(state.faults)
  for (const event of events) event()
  showConnection("live", "Live")
}

const connect = () => {
  const source = new EventSource("/_sandbox/events")
  /** @template T @param {string} name @param {(data: T) => void} handle */
  const on = (name, handle) => source.addEventListener(name, ({ data }) => applyInOrder(() => handle(JSON.parse(data))))
  on("request", Requests.update)
  on("customer", Customers.update)
  on("faults", Faults.replace)
  on("reset", readState)
  source.addEventListener("open", readState)
  source.addEventListener("error", () => {
    // browsers differ in whether and when they reconnect
    source.close()
    showConnection("lost", "Connection lost, reconnecting")
    setTimeout(connect, 1000)
  })
}

const tabs = [...document.querySelectorAll("#tabs button")].filter((tab) => tab instanceof HTMLButtonElement)

/** @param {string} name */
const showTab = (name) => {
  document.body.dataset["tab"] = name
  for (const tab of tabs) tab.ariaCurrent = String(tab.dataset["tab"] === name)
}

for (const tab of tabs) tab.addEventListener("click", () => showTab(tab.dataset["tab"] ?? ""))

byId("fault-count", HTMLButtonElement).addEventListener("click", () => {
  showTab("faults")
  byId("faults", HTMLElement).querySelector("button")?.focus()
})

const resetDialog = byId("reset-dialog", HTMLDialogElement)

byId("reset", HTMLButtonElement).addEventListener("click", () => {
  resetDialog.returnValue = ""
  resetDialog.showModal()
})

resetDialog.addEventListener("close", async () => {
  if (resetDialog.returnValue !== "reset") return
  const { status } = await Control.send("POST", "/reset")
  announce(status === 204 ? "The sandbox was reset" : Control.describeStatus(status))
})

connect()
