// @ts-check
/**
 * How to reach the sandbox: the base URL and the credentials, as text, as environment variables, as curl commands, and as requests
 * of this page.
 *
 * @import { Fields } from "./texts.js"
 * @import { RequestDetail } from "../src/RequestLog.ts"
 */
import * as Control from "./control.js"
import { byId, copy } from "./dom.js"
import { isFields, shellQuote } from "./texts.js"

let url = ""
let accessId = ""
/** @type {string | undefined} */
let accessKey

let customerId = ""

// the sandbox sends its access key only if it is the default one
const keyVariable = "$TRUSTLY_ACCESS_KEY"

const user = () =>
  accessKey === undefined
    ? `"${accessId.replaceAll(/["$`\\]/g, "\\$&")}:${keyVariable}"`
    : shellQuote(`${accessId}:${accessKey}`)

/** @param {string} method @param {string} path @param {unknown} [body] */
const curl = (method, path, body) => {
  const lines = [`curl -u ${user()} ${method === "GET" ? "" : `-X ${method} `}${shellQuote(url + path)}`]
  if (body !== undefined) lines.push(`  -H 'content-type: application/json'`, `  -d ${shellQuote(JSON.stringify(body))}`)
  return lines.join(" \\\n")
}

/** The curl command that repeats a request. Masked values have to be filled in. @param {RequestDetail} detail */
export const curlOf = ({ method, request, url: path }) => curl(method, path, request.body)

/** @param {Fields} customer @param {Fields} change */
const updateBody = ({ address, email, name, phone }, change) => ({
  name,
  email,
  phone,
  address: { country: isFields(address) ? address["country"] : "US" },
  ...change
})

/**
 * @param {{ url: string, accessId: string, defaultKey?: string, customers: ReadonlyArray<{ customer: Fields }> }} state
 */
export const show = (state) => {
  url = state.url
  accessId = state.accessId
  accessKey = state.defaultKey
  const customer = state.customers[0]?.customer ?? {}
  customerId = String(customer["customerId"] ?? "1001165729")
  byId("url", HTMLElement).textContent = url
  byId("access-id", HTMLElement).textContent = accessId
  byId("access-key", HTMLElement).textContent = accessKey ?? "as configured"
  const keyChip = byId("access-key", HTMLElement).closest("button")
  if (keyChip !== null) keyChip.disabled = accessKey === undefined
  byId("environment", HTMLElement).textContent = [
    `export TRUSTLY_BASE_URL=${shellQuote(url)}`,
    `export TRUSTLY_ACCESS_ID=${shellQuote(accessId)}`,
    `export TRUSTLY_ACCESS_KEY=${accessKey ?? "  # the access key that the sandbox was started with"}`
  ].join("\n")
  byId("command", HTMLElement).textContent = curl(
    "POST",
    `/customers/${encodeURIComponent(customerId)}`,
    updateBody(customer, { vip: 2 })
  )
  byId("test-update", HTMLButtonElement).hidden = accessKey === undefined
}

for (const button of document.querySelectorAll("[data-copy]")) {
  if (!(button instanceof HTMLButtonElement)) continue
  const text = byId(button.dataset["copy"] ?? "", HTMLElement)
  const label = button.classList.contains("chip") ? undefined : button.textContent
  button.addEventListener("click", async () => {
    if (!await copy(text.textContent ?? "", text)) return
    button.classList.add("copied")
    if (label !== undefined) button.textContent = "Copied"
    setTimeout(() => {
      button.classList.remove("copied")
      if (label !== undefined) button.textContent = label
    }, 2000)
  })
}

/** Reads the first customer and raises its VIP tier, as a client would. */
const testUpdate = async () => {
  const credentials = new TextEncoder().encode(`${accessId}:${accessKey ?? ""}`)
  const authorization = `Basic ${btoa(String.fromCharCode(...credentials))}`
  const path = `${new URL(url).pathname}/customers/${encodeURIComponent(customerId)}`
  const read = await Control.call(path, { headers: { authorization } })
  if (read.status !== 200 || !isFields(read.body) || !isFields(read.body["customer"])) return read.status
  const { customer } = read.body
  const vip = (Number(customer["vip"] ?? 0) % 3) + 1
  const written = await Control.call(path, {
    method: "POST",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify(updateBody(customer, { vip }))
  })
  return written.status
}

byId("test-update", HTMLButtonElement).addEventListener("click", async () => {
  const status = await testUpdate()
  byId("test-problem", HTMLElement).textContent = status === 200 ? "" : Control.describeStatus(status)
})
