// @ts-check
/** Calls of the sandbox. */

/**
 * @typedef {{ status: number, body: unknown }} Answer
 */

/**
 * Calls the sandbox. The status is 0 if there was no response.
 *
 * @param {string} path
 * @param {RequestInit} [init]
 * @returns {Promise<Answer>}
 */
export const call = async (path, init) => {
  try {
    const response = await fetch(path, init)
    const text = await response.text()
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) }
  } catch {
    return { status: 0, body: undefined }
  }
}

/**
 * Calls the control path.
 *
 * @param {"GET" | "POST" | "DELETE"} method
 * @param {string} path
 * @param {unknown} [json]
 */
export const send = (method, path, json) => {
  const body = json === undefined ? {} : { body: JSON.stringify(json), headers: { "content-type": "application/json" } }
  return call(`/_sandbox${path}`, { method, ...body })
}

/** Describes an unexpected status. @param {number} status */
export const describeStatus = (status) =>
  status === 0 ? "The sandbox did not respond." : `The sandbox responded with status ${status}.`
