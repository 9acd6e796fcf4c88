// @ts-check
/** The sandbox's own API. */

/**
 * Status 0 where there was no answer.
 *
 * @param {"GET" | "POST" | "DELETE"} method
 * @param {string} path
 * @param {unknown} [json]
 * @returns {Promise<{ status: number, body: unknown }>}
 */
export const send = async (method, path, json) => {
  const body = json === undefined ? {} : { body: JSON.stringify(json), headers: { "content-type": "application/json" } }
  try {
    const response = await fetch(`/_sandbox${path}`, { method, ...body })
    const text = await response.text()
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) }
  } catch {
    return { status: 0, body: undefined }
  }
}

/** Why an answer is none of those that were hoped for. @param {number} status */
export const trouble = (status) =>
  status === 0 ? "The sandbox does not answer." : `The sandbox answered with status ${status}.`
