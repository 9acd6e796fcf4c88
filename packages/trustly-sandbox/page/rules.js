// @ts-check
/** The rules for the fields of a customer, from the schemas in the OpenAPI document of the sandbox. */
import * as Control from "./control.js"
import { isFields } from "./texts.js"

/** @typedef {{ readonly [keyword: string]: unknown }} JsonSchema */

/** @type {JsonSchema} */
let schemas = {}

const load = async () => {
  const { body } = await Control.call("/openapi.json")
  const components = isFields(body) ? body["components"] : undefined
  if (isFields(components) && isFields(components["schemas"])) schemas = components["schemas"]
}

/** The schema with all schemas that it refers to or combines. @param {unknown} schema @returns {ReadonlyArray<JsonSchema>} */
const flatten = (schema) => {
  if (!isFields(schema)) return []
  const { $ref, allOf, anyOf } = schema
  const referred = typeof $ref === "string" ? [schemas[$ref.slice($ref.lastIndexOf("/") + 1)]] : []
  const parts = [...referred, ...(Array.isArray(allOf) ? allOf : []), ...(Array.isArray(anyOf) ? anyOf : [])]
  return [schema, ...parts.flatMap(flatten)]
}

/** @param {ReadonlyArray<JsonSchema>} parts @param {string} name */
const propertyOf = (parts, name) =>
  parts.flatMap(({ properties }) => isFields(properties) ? flatten(properties[name]) : [])

/** @param {JsonSchema} schema */
const constraints = ({ maxLength, minLength, pattern, type }) => [
  ...(typeof minLength === "number" ? [minLength === 1 ? "must not be empty" : `at least ${minLength} characters`] : []),
  ...(typeof maxLength === "number" ? [`at most ${maxLength} characters`] : []),
  ...(typeof pattern === "string" ? [`must match ${pattern}`] : []),
  ...(type === "object" ? ["all of its required fields"] : [])
]

/** The rule for a field of an update, or an empty text if the document has none. @param {string} path */
export const ruleFor = async (path) => {
  if (Object.keys(schemas).length === 0) await load()
  const parts = path.split(".").reduce((schema, name) => propertyOf(schema, name), flatten(schemas["CustomerUpdate"]))
  return [...new Set(parts.flatMap(constraints))].join(", ")
}
