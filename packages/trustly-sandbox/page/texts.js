// @ts-check
/**
 * Values as text.
 *
 * @import { Fault } from "../src/Fault.ts"
 * @typedef {{ readonly [field: string]: unknown }} Fields
 */
import { all } from "./customerFields.js"
import { make } from "./dom.js"

const timeOfDay = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" })
const dayAndTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" })
const numbers = new Intl.NumberFormat()

/** @param {number} number */
export const numberText = (number) => numbers.format(number)

/** @param {number} at @param {{ millis?: boolean }} [options] */
export const timeElement = (at, { millis = false } = {}) => {
  const date = new Date(at)
  const isToday = date.toDateString() === new Date().toDateString()
  const time = (isToday ? timeOfDay : dayAndTime).format(date)
  const fraction = millis ? `.${String(date.getMilliseconds()).padStart(3, "0")}` : ""
  return make("time", { dateTime: date.toISOString() }, time + fraction)
}

/** @param {unknown} value @returns {value is Fields} */
export const isFields = (value) => typeof value === "object" && value !== null && !Array.isArray(value)

/** @param {Fields} fields @param {string} path */
export const valueAt = (fields, path) => {
  /** @type {unknown} */
  let value = fields
  for (const name of path.split(".")) value = isFields(value) ? value[name] : undefined
  return value
}

const longest = 300

/** Shortens a text of any length. @param {unknown} text */
export const brief = (text) => {
  const whole = String(text)
  return whole.length > longest ? `${whole.slice(0, longest)} ...` : whole
}

const instants = new Set(all.filter(({ kind }) => kind === "Instant").map(({ path }) => path))

/** The lines of an address, in the order of an envelope. */
const addressLines = all.filter(({ path }) => path.startsWith("address.")).map(({ path }) => path.slice("address.".length))

/** @param {string} path @param {unknown} value */
export const valueText = (path, value) => {
  if (value === undefined || value === null) return "cleared"
  if (typeof value === "number" && instants.has(path)) return dayAndTime.format(value)
  if (path === "address" && isFields(value)) {
    const lines = addressLines.filter((name) => value[name] !== undefined)
    return brief(lines.map((name) => value[name] ?? `no ${name}`).join(", "))
  }
  return brief(typeof value === "object" ? JSON.stringify(value) : value)
}

/** @param {Fault} fault */
export const faultText = (fault) => {
  switch (fault._tag) {
    case "Status":
      return `Status ${fault.status}${fault.retryAfter === undefined ? "" : `, Retry-After ${fault.retryAfter} s`}`
    case "Delay":
      return `Delay ${numberText(fault.millis)} ms`
    case "Silence":
      return "No response"
    case "Reset":
      return fault.where === "body" ? "Reset in the body" : "Connection reset"
    case "Malformed":
      return "Malformed body"
  }
}

/** Quotes an argument for a POSIX shell. @param {string} text */
export const shellQuote = (text) => /^[\w.:/@+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
